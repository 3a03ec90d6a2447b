package slackapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"factorbot/bot/slackapi"
)

// recordingsDir is where recordings of what Slack sent lie beside the checkout.
const recordingsDir = "../../../shared/recordings/slack"

// recording is one answer of Slack's, as it was recorded.
type recording struct {
	Kind    string              `json:"kind"`
	Status  int                 `json:"status"`
	Headers map[string][]string `json:"headers"`
	Body    json.RawMessage     `json:"body"`
}

// mustRecordings returns the answers of the Web API; what Slack sends by itself is
// read by the tests of package bot.
func mustRecordings(t *testing.T) map[string]recording {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recordingsDir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no recordings beside the checkout")
	}
	all := map[string]recording{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r recording
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if r.Status != 0 {
			all[strings.TrimSuffix(filepath.Base(file), ".json")] = r
		}
	}
	return all
}

// RoundTrip answers with the recording, whatever is asked. A shape, whose values its
// authors emptied, is sent as a success: it says which fields there are, and of what type. Its
// authors' SDK has the sizes of pictures as text, Slack sends numbers, as the recorded
// messages with files show.
func (r recording) RoundTrip(req *http.Request) (*http.Response, error) {
	body := r.Body
	if r.Kind == "shape" {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(body, &fields); err != nil {
			return nil, err
		}
		fields["ok"] = json.RawMessage("true")
		delete(fields, "error")
		body, _ = json.Marshal(fields)
		body = regexp.MustCompile(`("(?:thumb_\w+|original)_[wh]"):""`).ReplaceAll(body, []byte("$1:1"))
	}
	var text string
	if json.Unmarshal(body, &text) == nil { // an upload is answered in plain text
		body = []byte(text)
	}
	w := httptest.NewRecorder()
	for name, values := range r.Headers {
		switch strings.ToLower(name) {
		case "content-length", "transfer-encoding", "connection", "content-encoding":
		default:
			w.Header()[http.CanonicalHeaderKey(name)] = values
		}
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(body)
	answer := w.Result()
	answer.Request = req
	return answer, nil
}

// TestRecorded_answers replays each recorded answer of the Web API through the client, as the
// calls of the bot read it.
func TestRecorded_answers(t *testing.T) {
	ctx := context.Background()
	type reading = func(c *slack.Client) string
	tell := func(bad bool, got any, err error) string {
		if bad || err != nil {
			return fmt.Sprintf("%+v, %v", got, err)
		}
		return ""
	}
	who := func(team string) reading {
		return func(c *slack.Client) string {
			a, err := c.AuthTestContext(ctx)
			return tell(err != nil || a.TeamID != team || a.UserID == "" || a.BotID == "", a, err)
		}
	}
	refused := func(code, hint string, call func(c *slack.Client) error) reading {
		return func(c *slack.Client) string {
			err := call(c)
			got := slackapi.ErrorCode(err)
			if got != code || slackapi.MayHaveActed(err) || !strings.Contains(slackapi.Hint(err), hint) {
				return fmt.Sprintf("%q, %v, %q", got, err, slackapi.Hint(err))
			}
			return ""
		}
	}
	person := func(deleted, bot bool, email string) reading {
		return func(c *slack.Client) string {
			u, err := c.GetUserInfoContext(ctx, "U1")
			return tell(err != nil || u.ID == "" || u.TeamID == "" || u.Deleted != deleted || u.IsBot != bot || u.Profile.Email != email, u, err)
		}
	}
	room := func(member, private bool) reading {
		return func(c *slack.Client) string {
			r, err := c.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: "C1"})
			return tell(err != nil || r.ID == "" || r.IsArchived || r.IsMember != member || r.IsPrivate != private, r, err)
		}
	}
	begun := func(c *slack.Client) string {
		a, err := c.GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: "a.csv", FileSize: 18})
		return tell(err != nil || !strings.HasPrefix(a.UploadURL, "https://") || a.FileID == "", a, err)
	}
	sent := func(c *slack.Client) string {
		err := c.UploadToURL(ctx, slack.UploadToURLParameters{UploadURL: "https://files.slack.com/upload/v1/x", Reader: strings.NewReader("login"), Filename: "a.csv"})
		return tell(false, "", err)
	}
	completed := func(c *slack.Client) string {
		a, err := c.CompleteUploadExternalContext(ctx, slack.CompleteUploadExternalParameters{Files: []slack.FileSummary{{ID: "F1"}}, Channel: "C1"})
		return tell(err != nil || len(a.Files) != 1 || a.Files[0].ID == "", a, err)
	}
	messages := func(least, files int) reading {
		return func(c *slack.Client) string {
			page, err := c.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: "C1"})
			if err != nil {
				return err.Error()
			}
			withFiles := 0
			for _, m := range page.Messages {
				if m.Timestamp == "" {
					return fmt.Sprintf("%+v", m)
				}
				if len(m.Files) > 0 {
					withFiles++
				}
			}
			return tell(len(page.Messages) < least || withFiles < files, [2]int{len(page.Messages), withFiles}, nil)
		}
	}
	view := func(call func(c *slack.Client) (*slack.ViewResponse, error)) reading {
		return func(c *slack.Client) string {
			v, err := call(c)
			return tell(false, v, err)
		}
	}
	modal := slack.ModalViewRequest{Type: slack.VTModal}
	opened := func(c *slack.Client) (*slack.ViewResponse, error) { return c.OpenViewContext(ctx, "trigger", modal) }
	posted := func(c *slack.Client) string {
		channel, ts, err := c.PostMessageContext(ctx, "C1", slack.MsgOptionText("x", false))
		return tell(channel == "" || ts == "", channel+ts, err)
	}
	reads := map[string]reading{
		"auth.test.rb.auth_test_success": who("TDEADBEEF"),
		"auth.test.rb.429_error":         who("TIKLP5YG1"),
		"auth.test.rb.auth_test_error":   refused("not_authed", "SLACK_BOT_TOKEN", func(c *slack.Client) error { _, err := c.AuthTestContext(ctx); return err }),
		"shape.auth.test":                who("TWDQ8471N"),
		"views.open.rb.views_open_error": refused("invalid_arguments", "", func(c *slack.Client) error { _, err := opened(c); return err }),
		"shape.views.open":               view(opened),
		"shape.views.update": view(func(c *slack.Client) (*slack.ViewResponse, error) {
			return c.UpdateViewContext(ctx, modal, "", "", "V1")
		}),
		"shape.views.publish": view(func(c *slack.Client) (*slack.ViewResponse, error) {
			return c.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: "U1", View: slack.HomeTabViewRequest{Type: slack.VTHomeTab}})
		}),
		"users.info":               person(false, false, "person26@example.com"),
		"users.info.bot":           person(false, true, ""),
		"users.info.rb.users_info": person(true, true, ""),
		"shape.users.info":         person(false, false, ""),
		"shape.users.lookupByEmail": func(c *slack.Client) string {
			u, err := c.GetUserByEmailContext(ctx, "a@example.com")
			return tell(err != nil || u.ID == "", u, err)
		},
		"usergroups.list": func(c *slack.Client) string {
			g, err := c.GetUserGroupsContext(ctx)
			return tell(len(g) == 0 || g[0].ID != "SRI5NCZPJ" || g[0].Handle != "group-2075", g, err)
		},
		"shape.usergroups.list": func(c *slack.Client) string {
			g, err := c.GetUserGroupsContext(ctx)
			return tell(len(g) != 1 || g[0].Handle == "", g, err)
		},
		"shape.usergroups.users.list": func(c *slack.Client) string {
			m, err := c.GetUserGroupMembersContext(ctx, "S1")
			return tell(len(m) != 1, m, err)
		},
		"conversations.info.public":                room(true, false),
		"conversations.info.private":               room(true, true),
		"conversations.info.group":                 room(true, true),
		"conversations.info.im":                    room(false, false),
		"conversations.info.rb.conversations_info": room(false, false),
		"shape.conversations.info":                 room(false, false),
		"shape.conversations.open": func(c *slack.Client) string {
			d, _, _, err := c.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{"U1"}})
			return tell(err != nil || d.ID == "", d, err)
		},
		"conversations.history":       messages(1, 0),
		"conversations.history.files": messages(5, 2),
		"shape.conversations.history": messages(1, 0),
		"shape.conversations.replies": func(c *slack.Client) string {
			m, _, _, err := c.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{ChannelID: "C1", Timestamp: "1.1"})
			return tell(len(m) == 0, m, err)
		},
		"shape.files.info": func(c *slack.Client) string {
			f, _, _, err := c.GetFileInfoContext(ctx, "F1", 0, 0)
			return tell(f == nil, f, err)
		},
		"shape.files.completeUploadExternal": completed,
		"shape.files.getUploadURLExternal": func(c *slack.Client) string {
			a, err := c.GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: "a.csv", FileSize: 18})
			return tell(err != nil || a.FileID == "", a, err)
		},
		"shape.chat.postMessage": posted,
		"shape.chat.update": func(c *slack.Client) string {
			_, ts, _, err := c.UpdateMessageContext(ctx, "C1", "1.1", slack.MsgOptionText("x", false))
			return tell(ts == "", ts, err)
		},
		"shape.chat.delete": func(c *slack.Client) string {
			_, ts, err := c.DeleteMessageContext(ctx, "C1", "1.1")
			return tell(ts == "", ts, err)
		},
		"shape.chat.postEphemeral": func(c *slack.Client) string {
			_, err := c.PostEphemeralContext(ctx, "C1", "U1", slack.MsgOptionText("x", false))
			return tell(false, "", err)
		},
		"shape.chat.getPermalink": func(c *slack.Client) string {
			l, err := c.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: "C1", Ts: "1.1"})
			return tell(l == "", l, err)
		},
		"shape.apps.connections.open": func(c *slack.Client) string { _, _, err := c.StartSocketModeContext(ctx); return tell(false, "", err) },
	}
	others := map[string]string{
		"shape.views.push":                         "the bot opens no view on top of another",
		"conversations.list.rb.conversations_info": "the bot knows its channels by ID",
		"users.list.rb.users_info":                 "the bot asks about one person at a time",
	}
	read := map[string]bool{}
	for name, r := range mustRecordings(t) {
		key := name
		if i := strings.LastIndex(name, "."); strings.Contains(name, ".rb.") {
			key = name[:i]
		}
		read[key] = true
		t.Run(name, func(t *testing.T) {
			check := reads[key]
			switch {
			case strings.HasPrefix(key, "files.getUploadURLExternal.rb."):
				check = begun
			case strings.HasPrefix(key, "files.completeUploadExternal.rb."):
				check = completed
			case strings.HasPrefix(key, "upload_url.rb."):
				check = sent
			}
			if check == nil {
				if others[key] == "" {
					t.Error("nothing reads this recording")
				}
				return
			}
			c := slackapi.NewClient("xapp-1", "xoxb-1", "https://slack.com/api/", r)
			if bad := check(c); bad != "" {
				t.Error(bad)
			}
		})
	}
	for key := range others {
		if !read[key] {
			t.Errorf("%s is excused and there is no such recording", key)
		}
	}
	for key := range reads {
		if !read[key] {
			t.Errorf("%s is to be read and there is no such recording", key)
		}
	}
}
