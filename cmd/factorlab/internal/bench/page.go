package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"time"

	"factorbot/cmd/factorlab/internal/process"
)

// benchPage does what people do in the simulated workspace.
type benchPage struct{ url string }

// pagePoll is how often the page is looked at.
const pagePoll = 50 * time.Millisecond

// pageMessage is what is read of a message.
type pageMessage struct {
	TS     string          `json:"ts"`
	Text   string          `json:"text"`
	Blocks json.RawMessage `json:"blocks"`
	Files  []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"files"`
}

// errPaused says that a request waits for a person, which a comparison does not have.
var errPaused = errors.New("the request was paused")

// connected waits until the bot has opened a socket.
func (p benchPage) connected(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, process.StartTime)
	defer cancel()
	err := poll(ctx, func() (bool, error) {
		var books struct {
			Connects int `json:"connects"`
		}
		err := p.call(ctx, http.MethodGet, "/sandbox/books", "", nil, &books)
		return books.Connects > 0, err
	})
	if err != nil {
		return fmt.Errorf("wait for the bot to connect: %w", err)
	}
	return nil
}

// upload asks for a request by a roster in a file.
func (p benchPage) upload(ctx context.Context, roster []byte) error {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	err := errors.Join(form.WriteField("user", "U_REQUESTER"), form.WriteField("channel", "C_FACTORS"), form.WriteField("comment", "bench"))
	part, perr := form.CreateFormFile("file", "roster.csv")
	if err = errors.Join(err, perr); err != nil {
		return err
	}
	_, err = part.Write(roster)
	if err = errors.Join(err, form.Close()); err != nil {
		return err
	}
	return p.call(ctx, http.MethodPost, "/sandbox/upload", form.FormDataContentType(), &b, nil)
}

// command asks for a request in words.
func (p benchPage) command(ctx context.Context, text string) error {
	return p.post(ctx, "/sandbox/command", map[string]string{"user": "U_REQUESTER", "channel": "C_FACTORS", "text": text})
}

// pending waits for the n-th request's approval message.
func (p benchPage) pending(ctx context.Context, n int) (m pageMessage, value string, err error) {
	approve := regexp.MustCompile(fmt.Sprintf(`"FR-%d:[0-9a-f]{12}"`, n))
	m, err = p.await(ctx, fmt.Sprintf("the plan of FR-%d", n), func(m pageMessage) bool {
		found := approve.Find(m.Blocks)
		value = strings.Trim(string(found), `"`)
		return found != nil && bytes.Contains(m.Blocks, []byte(`"approve"`))
	})
	return m, value, err
}

// approve presses the button.
func (p benchPage) approve(ctx context.Context, m pageMessage, value string) error {
	return p.post(ctx, "/sandbox/action", map[string]string{
		"user": "U_APPROVER1", "channel": "C_FACTORS", "message_ts": m.TS, "action_id": "approve", "value": value,
	})
}

// file waits for the bot's file of this name and returns its bytes.
func (p benchPage) file(ctx context.Context, name string) ([]byte, error) {
	m, err := p.await(ctx, name, func(m pageMessage) bool { return len(m.Files) == 1 && m.Files[0].Name == name })
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	err = p.call(ctx, http.MethodGet, "/sandbox/files/"+m.Files[0].ID, "", nil, &content)
	return content.Bytes(), err
}

// await waits for a message that fits. A pause ends the wait.
func (p benchPage) await(ctx context.Context, what string, fits func(pageMessage) bool) (found pageMessage, err error) {
	var last []pageMessage
	err = poll(ctx, func() (bool, error) {
		var answer struct{ Messages []pageMessage }
		if err := p.call(ctx, http.MethodGet, "/sandbox/messages?channel=C_FACTORS", "", nil, &answer); err != nil {
			return false, err
		}
		last = answer.Messages
		for _, m := range last {
			if fits(m) {
				found = m
				return true, nil
			}
			if bytes.Contains(m.Blocks, []byte(`"action_id":"resume"`)) {
				return false, fmt.Errorf("%w: %s", errPaused, m.Text)
			}
		}
		return false, nil
	})
	if err != nil {
		var texts []string
		for _, m := range last[max(0, len(last)-4):] {
			texts = append(texts, fmt.Sprintf("%.200q", m.Text))
		}
		return found, fmt.Errorf("wait for %s: %w; the last messages: %s", what, err, strings.Join(texts, " "))
	}
	return found, nil
}

// poll asks now and again until it is done, or fails, or ctx ends.
func poll(ctx context.Context, done func() (bool, error)) error {
	tick := time.NewTicker(pagePoll)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (p benchPage) post(ctx context.Context, path string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return p.call(ctx, http.MethodPost, path, "application/json", bytes.NewReader(b), nil)
}

// call asks the page and reads the answer: into a buffer as it is, else as JSON.
func (p benchPage) call(ctx context.Context, method, path, kind string, body io.Reader, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		return fmt.Errorf("%s %s: %s %s", method, path, resp.Status, why)
	}
	switch into := answer.(type) {
	case nil:
		_, err = io.Copy(io.Discard, resp.Body)
	case *bytes.Buffer:
		_, err = into.ReadFrom(resp.Body)
	default:
		err = json.NewDecoder(resp.Body).Decode(answer)
	}
	return err
}
