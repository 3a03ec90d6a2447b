package announcer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/slackapi"
)

// usualShareTime is how long Slack may take to show a file that was shared, before it is shared once more.
const usualShareTime = 30 * time.Second

// shared marks a file whose sharing Slack has acknowledged.
const shared = "shared"

// share brings a file into the thread of the approval message. A file takes no
// metadata, so its ID is recorded before it is shared; after a lost answer the
// file itself tells where it was shared.
func (p *poster) share(ctx context.Context, r *reset.Request, w message, m reset.Message) (reset.Message, time.Duration, error) {
	if m.TS != "" {
		return m, 0, nil
	}
	if m.File == "" {
		return p.upload(ctx, r, w, m)
	}
	ts, err := p.sharedAt(ctx, m)
	switch {
	case slackapi.ErrorCode(err) == "file_not_found" || slackapi.ErrorCode(err) == "file_deleted":
		return p.lostFile(ctx, m)
	case err != nil:
		return m, 0, fmt.Errorf("ask where the file is shared: %w", err)
	case ts != "":
		m.TS, m.Shown = ts, shared
		return m, 0, p.save(ctx, m)
	}
	if wait := p.patience(m); wait > 0 {
		if m.Shown != "" { // acknowledged: later messages need not wait
			return m, min(wait, lookSoon), nil
		}
		return m, min(wait, lookSoon), errUnderWay
	}
	return p.complete(ctx, w, m, 1)
}

// sharing is how this process awaits a file that was uploaded.
type sharing struct {
	since time.Time // it was tried last, or looked for first
	more  int       // how often it was shared once more, not having been seen
}

// patience is how much longer a file may take to appear, which it may longer after each
// try. It counts from the last try of this process or, where another one tried it, from when
// this one looked for the file first: their clocks may differ. What was refused has none.
func (p *poster) patience(m reset.Message) time.Duration {
	if m.At.IsZero() {
		return 0
	}
	now := p.Now()
	p.own.Lock()
	defer p.own.Unlock()
	f, known := p.files[m.File]
	if !known {
		f.since = now
		p.files[m.File] = f
	}
	return cmp.Or(p.ShareTime, usualShareTime)<<min(f.more, 6) - now.Sub(f.since)
}

// lostFile forgets a file that Slack does not know: it never came, or somebody
// deleted it after it was shared. Only the first is made good.
func (p *poster) lostFile(ctx context.Context, m reset.Message) (reset.Message, time.Duration, error) {
	if m.Shown != "" {
		m.Gone = true
		return m, 0, p.save(ctx, m)
	}
	m.File = ""
	return m, lookSoon, p.save(ctx, m)
}

// upload renders the file twice: for its length and hash, and into Slack.
func (p *poster) upload(ctx context.Context, r *reset.Request, w message, m reset.Message) (reset.Message, time.Duration, error) {
	sum := sha256.New()
	size, err := p.render(ctx, r, w.file.kind, sum)
	if err != nil {
		return m, 0, err
	}
	switch got := reset.Digest(hex.EncodeToString(sum.Sum(nil))); {
	case w.file.kind == planFile && got != r.Plan.FileSHA:
		return m, 0, fmt.Errorf("the plan file has the SHA-256 %s, approvals are for %s: it is not posted", got, r.Plan.FileSHA)
	case w.file.kind == exportFile && got != r.Export.SHA256:
		return m, 0, fmt.Errorf("the file of the export has the SHA-256 %s, and was made with %s: it is not sent", got, r.Export.SHA256)
	}
	var to *slack.GetUploadURLExternalResponse
	err = p.sender.limits.through(ctx, "files.getUploadURLExternal", func(ctx context.Context) (err error) {
		to, err = p.Slack.GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: w.file.name, FileSize: int(size)})
		return err
	})
	if err != nil {
		return m, 0, fmt.Errorf("ask where to upload: %w", err)
	}
	if err := p.stream(ctx, r, w, to.UploadURL); err != nil {
		return m, 0, fmt.Errorf("upload: %w", err)
	}
	m.File, m.At, m.Shown = to.FileID, p.Now(), ""
	if err := p.save(ctx, m); err != nil {
		return m, 0, err
	}
	return p.complete(ctx, w, m, 0)
}

// stream renders the file into Slack.
func (p *poster) stream(ctx context.Context, r *reset.Request, w message, to string) error {
	from, into := io.Pipe()
	rendered := make(chan error, 1)
	go func() { // ends at the latest when the reading end is closed below
		_, err := p.render(ctx, r, w.file.kind, into)
		into.CloseWithError(err)
		rendered <- err
	}()
	err := p.Slack.UploadToURL(ctx, slack.UploadToURLParameters{UploadURL: to, Filename: w.file.name, Reader: from})
	from.CloseWithError(slackapi.ErrEnough)
	if failed := <-rendered; failed != nil && !errors.Is(failed, slackapi.ErrEnough) {
		return failed
	}
	return err
}

// complete shares an uploaded file in the thread, once more or for the first time.
func (p *poster) complete(ctx context.Context, w message, m reset.Message, more int) (reset.Message, time.Duration, error) {
	m.At = p.Now()
	p.own.Lock()
	p.files[m.File] = sharing{since: m.At, more: p.files[m.File].more + more}
	p.own.Unlock()
	if err := p.save(ctx, m); err != nil {
		return m, 0, err
	}
	err := p.sender.limits.through(ctx, "files.completeUploadExternal", func(ctx context.Context) error {
		_, err := p.Slack.CompleteUploadExternalContext(ctx, slack.CompleteUploadExternalParameters{
			Files:   []slack.FileSummary{{ID: m.File, Title: w.file.name}},
			Channel: string(m.Channel), ThreadTimestamp: m.Thread, InitialComment: w.file.note,
		})
		return err
	})
	switch {
	case err == nil:
		m.Shown = shared
		return m, lookSoon / 4, p.save(ctx, m)
	case slackapi.ErrorCode(err) == "file_not_found":
		return p.lostFile(ctx, m)
	case slackapi.MayHaveActed(err):
		p.Log.Warn("whether a file was shared is not known yet", "request", p.id, "slot", m.Slot, "error", slackapi.LogText(err))
		return m, lookSoon, errUnderWay
	}
	m.At = time.Time{} // refused: to be tried again as soon as Slack lets us
	if err := p.save(ctx, m); err != nil {
		return m, 0, err
	}
	return m, 0, fmt.Errorf("share the file: %w", err)
}

// sharedAt returns the ts of the message that shows a file in its channel and thread, "" if there is none yet.
func (p *poster) sharedAt(ctx context.Context, m reset.Message) (ts string, err error) {
	var f *slack.File
	err = p.sender.limits.through(ctx, "files.info", func(ctx context.Context) (err error) {
		f, _, _, err = p.Slack.GetFileInfoContext(ctx, m.File, 0, 0)
		return err
	})
	if err != nil {
		return "", err
	}
	for _, shares := range []map[string][]slack.ShareFileInfo{f.Shares.Public, f.Shares.Private} {
		for _, s := range shares[string(m.Channel)] {
			if s.ThreadTs == "" || s.ThreadTs == m.Thread {
				return s.Ts, nil
			}
		}
	}
	return "", nil
}

// render writes a file of the request and returns its length.
func (p *poster) render(ctx context.Context, r *reset.Request, kind fileKind, w io.Writer) (int64, error) {
	n := &counter{w: w}
	var err error
	switch kind {
	case exportFile:
		err = p.Exports.ReadExport(ctx, r.ID, n)
	case planFile:
		err = roster.WritePlan(n, p.Record.Targets(ctx, r.ID, r.Plan.Revision, 0))
	case resultFile:
		err = roster.WriteResults(n, reset.Results(p.Record.Log(ctx, r.ID, 1), p.Record.Targets(ctx, r.ID, r.Plan.Revision, 0)))
	}
	if err != nil {
		return 0, fmt.Errorf("render the file: %w", err)
	}
	return n.n, nil
}

// counter counts what goes through it.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
