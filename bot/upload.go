package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/view"
)

// downloadTime bounds download and parsing of one file, tries included.
const downloadTime = 60 * time.Second

// fileKind tells rosters from files that get a hint and those that are not for us.
type fileKind int

const (
	fileOther  fileKind = iota
	fileRoster          // read as a roster
	fileSheet           // a spreadsheet or archive: its author hears how to save it as CSV
)

func kindOf(name string) fileKind {
	switch strings.ToLower(path.Ext(strings.TrimSpace(name))) {
	case ".csv", ".tsv", ".txt":
		return fileRoster
	case ".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers", ".zip", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz":
		return fileSheet
	}
	return fileOther
}

// takesUp reports whether an upload is one that gets an answer.
func (l *listening) takesUp(a *arrival) bool {
	if !l.takes(a.Channel) || a.By == l.self || len(a.Files) != 1 {
		return false
	}
	f := a.Files[0]
	return f.Mode != modeDeleted && (f.Access == accessCheck || kindOf(f.Name) != fileOther)
}

// modeDeleted marks a file that was deleted, in the message that had it.
const modeDeleted = "tombstone"

// accessCheck marks a file of which an event names only the ID.
// https://docs.slack.dev/reference/objects/file-object
const accessCheck = "check_file_info"

// uploaded opens a request from a file, or says what it lacks.
func (l *listening) uploaded(ctx context.Context, a *arrival) {
	f, err := l.know(ctx, a.Files[0])
	if err != nil {
		l.answer(ctx, a, l.words(a, err))
		return
	}
	switch kindOf(f.Name) {
	case fileOther:
		return
	case fileSheet:
		l.answer(ctx, a, view.NotCSV(f.Name))
		return
	}
	if err := l.Requests.MayAsk(ctx, a.intent(), a.Text); err != nil {
		if lacksReason(err) {
			l.answer(ctx, a, view.AddReason(view.Upload{Channel: a.Channel, TS: a.TS, File: f.ID}, f.Name))
			return
		}
		l.answer(ctx, a, l.words(a, err))
		return
	}
	l.open(ctx, a, f, fileAsk{ts: a.TS, reason: a.Text})
}

// know asks Slack for a file of which only the ID is known.
func (l *listening) know(ctx context.Context, f file) (file, error) {
	if f.Access != accessCheck {
		return f, nil
	}
	got, _, _, err := l.Slack.GetFileInfoContext(ctx, f.ID, 0, 0)
	if err != nil {
		return f, fmt.Errorf("ask Slack about a file: %w", err)
	}
	known := fileOf(*got)
	known.Access = ""
	return known, nil
}

// fileAsk is what is asked for with a file.
type fileAsk struct {
	ts      string // of the upload's message; "" if it came by a form
	reason  string
	options reset.Options
	notTill time.Time
}

// open reads the roster and opens a request; what everybody sees of it comes from the Announcer.
func (l *listening) open(ctx context.Context, a *arrival, f file, with fileAsk) {
	ask := desk.OpenAsk{
		Reason: with.reason, Source: reset.Source{File: f.Name, Bytes: f.Size, TS: with.ts},
		Options: with.options, NotTill: with.notTill,
	}
	ros, err := l.download(ctx, f)
	if ctx.Err() != nil {
		return
	}
	var refusal *roster.Error
	switch {
	case errors.As(err, &refusal):
		ask.Refusal = refusal
	case err != nil:
		l.answer(ctx, a, l.puzzled(a, err))
		return
	case ros.Ask != nil:
		ask.Refusal = &roster.Error{Code: roster.CodeNoColumn, Words: ros.Ask.Words + " Leave only the column that names the users."}
	default:
		ask.Roster = ros
		ask.Source.SHA256, ask.Source.Bytes = ros.SHA256, ros.Bytes
		ask.Source.Column, ask.Source.Format = ros.Column, ros.Format
	}
	r, err := l.Requests.Open(ctx, a.intent(), ask)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		l.answer(ctx, a, l.words(a, err))
	case r.State == reset.Planning, r.State == reset.Rejected && with.ts == "":
		// Planning takes minutes for a long roster; a refused form has no thread to be told in.
		l.answer(ctx, a, view.Opened(r))
	case r.State != reset.Rejected: // its thread tells of that
		l.answer(ctx, a, view.Answer(fmt.Sprintf("%s was asked for with this file already. Nothing was opened a second time.", r.ID)))
	}
}

// download reads a roster from Slack, as a stream, and tries again what a retry
// may mend. Every error but ctx's is a *roster.Error.
func (l *listening) download(ctx context.Context, f file) (*roster.Roster, error) {
	limits := l.Limits()
	if limits.Bytes <= 0 {
		limits.Bytes = roster.MaxBytes
	}
	if f.Size > limits.Bytes {
		return nil, &roster.Error{Code: roster.CodeTooBig, Words: fmt.Sprintf(
			"The file is over %d MiB, which is the most that is read. Split it, or leave only the column that names the users.", limits.Bytes>>20)}
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(l.fileTime, downloadTime))
	defer cancel()
	for try := 0; ; try++ {
		ros, err := l.fetch(ctx, f, limits)
		var lost *lostError
		if !errors.As(err, &lost) {
			return ros, err
		}
		l.Log.Warn("a file cannot be fetched from Slack", "file", f.ID, "error", brief(err))
		if !mayCome(err) || pause(ctx, patience(err, try)) != nil {
			return nil, &roster.Error{Code: roster.CodeUnreadable, Err: err,
				Words: "The file could not be fetched from Slack. Drop it again; if that does not help, ask whether the app may read files here (files:read)."}
		}
	}
}

// mayCome reports whether a file that did not come may come at the next try.
func mayCome(err error) bool {
	var status slack.StatusCodeError
	refused := errors.As(err, &status) && status.Code >= 400 && status.Code < 500 && status.Code != http.StatusTooManyRequests
	return !refused && !errors.Is(err, errElsewhere)
}

// lostError says that a file's bytes did not come.
type lostError struct{ err error }

func (e *lostError) Error() string { return "fetch the file: " + e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// fetch streams the file into the parser once.
func (l *listening) fetch(ctx context.Context, f file, limits roster.Limits) (*roster.Roster, error) {
	from := f.Fetch
	if from == "" {
		from = f.URL
	}
	if u, err := url.Parse(from); err != nil || !isSlack(u, l.APIURL) {
		return nil, &lostError{errElsewhere}
	}
	r, w := io.Pipe()
	lost := make(chan error, 1)
	go func() { // ends at the latest when the parser has returned and closed the pipe
		err := l.Slack.GetFileContext(ctx, from, w)
		w.CloseWithError(err)
		lost <- err
	}()
	ros, err := roster.Read(r, limits)
	r.CloseWithError(errEnough)
	if failed := <-lost; failed != nil && !errors.Is(failed, errEnough) {
		return nil, &lostError{failed}
	}
	return ros, err
}

// errEnough ends a download whose rest nobody needs.
var errEnough = errors.New("the parser has read enough")
