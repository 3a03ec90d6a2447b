package handler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/event"
	"factorbot/bot/roster"
	"factorbot/bot/slackapi"
)

// downloadTime bounds download and parsing of one file, tries included.
const downloadTime = 60 * time.Second

// download reads a roster from Slack, as a stream, and tries again if that may help.
// Every error but ctx's is a *roster.Error.
func (h *Handler) download(ctx context.Context, f event.File, column int) (*roster.Roster, error) {
	limits := h.Limits()
	limits.Column = column
	if limits.Bytes <= 0 {
		limits.Bytes = roster.MaxBytes
	}
	if f.Size > limits.Bytes {
		return nil, &roster.Error{Code: roster.CodeTooBig, Words: fmt.Sprintf(
			"The file is over %d MiB, which is too large. Split it, or leave only the column that names the users.", limits.Bytes>>20)}
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(h.fileTime, downloadTime))
	defer cancel()
	for try := 0; ; try++ {
		ros, err := h.fetch(ctx, f, limits)
		if _, lost := errors.AsType[*lostError](err); !lost {
			return ros, err
		}
		h.Log.Warn("a file cannot be fetched from Slack", "file", f.ID, "error", slackapi.LogText(err))
		if !mayRetry(err) || slackapi.Pause(ctx, slackapi.RetryDelay(err, try)) != nil {
			return nil, &roster.Error{Code: roster.CodeUnreadable, Err: err,
				Words: "I couldn't get the file from Slack. Drop it again; if that doesn't help, ask your admin whether the app may read files here (files:read)."}
		}
	}
}

// mayRetry reports whether another try may bring the file.
func mayRetry(err error) bool {
	status, ok := errors.AsType[slack.StatusCodeError](err)
	refused := ok && status.Code >= 400 && status.Code < 500 && status.Code != http.StatusTooManyRequests
	return !refused && !errors.Is(err, slackapi.ErrElsewhere)
}

// lostError says that a file could not be fetched.
type lostError struct{ err error }

func (e *lostError) Error() string { return "fetch the file: " + e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// fetch streams the file into the parser once.
func (h *Handler) fetch(ctx context.Context, f event.File, limits roster.Limits) (*roster.Roster, error) {
	from := cmp.Or(f.Fetch, f.URL)
	if u, err := url.Parse(from); err != nil || !slackapi.IsSlack(u, h.APIURL) {
		return nil, &lostError{slackapi.ErrElsewhere}
	}
	r, w := io.Pipe()
	lost := make(chan error, 1)
	go func() { // ends at the latest when the parser has returned and closed the pipe
		err := h.Slack.GetFileContext(ctx, from, w)
		w.CloseWithError(err)
		lost <- err
	}()
	ros, err := roster.Read(r, limits)
	r.CloseWithError(slackapi.ErrEnough)
	if failed := <-lost; failed != nil && !errors.Is(failed, slackapi.ErrEnough) {
		return nil, &lostError{failed}
	}
	return ros, err
}
