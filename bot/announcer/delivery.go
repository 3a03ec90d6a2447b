package announcer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/workqueue"
)

// fileAhead is how long the messages after a file wait for it, so that they come
// in order as long as Slack is well. A file that takes longer comes later.
const fileAhead = 2 * time.Second

// errUnderWay says that a message waits for something that was begun and is no failure.
var errUnderWay = errors.New("what it waits for is under way")

// failure is what the last tries of one message came to.
type failure struct {
	tries int // in a row
	until time.Time
	err   error
}

// deliveryJob is a delivery that goes on by itself.
type deliveryJob struct {
	done  chan struct{} // closed at its end; then the rest is set
	m     reset.Message
	again time.Duration
	err   error

	left bool // guarded by poster.own: the pass that began it went on
}

// delivering brings one message up to date. It returns it as it is recorded, and when to look again.
type delivering func(ctx context.Context, r *reset.Request, w message, m reset.Message) (reset.Message, time.Duration, error)

// attempt delivers one message and keeps have as it is recorded. After a failure
// it does nothing until the wait is over. What may take long goes on by itself,
// and wakes the poster at its end.
func (p *poster) attempt(ctx context.Context, r *reset.Request, w message, have map[reset.Slot]reset.Message, do delivering) (again time.Duration, err error) {
	if ctx.Err() != nil {
		return 0, nil
	}
	p.own.Lock()
	job, f := p.jobs[w.slot], p.failing[w.slot]
	p.own.Unlock()
	if job != nil {
		return fileAhead, errUnderWay
	}
	if wait := f.until.Sub(p.Now()); f.err != nil && wait > 0 {
		return wait, f.err
	}
	m := have[w.slot]
	if m.Slot = w.slot; w.to == "" {
		m.Channel = r.Asked.Channel
	}
	if m.TS == "" { // what is posted stays where it is
		m.Thread = threadOf(w, r, have)
	}
	if w.place == underApproval && m.TS == "" && m.Thread == "" {
		return 0, nil // its thread is gone, or is still to come
	}
	if w.file != nil || w.slow {
		job := p.start(ctx, r, w, m, do)
		if !p.awaits(ctx, w.slot, job) {
			return fileAhead, errUnderWay
		}
		m, again, err = job.m, job.again, job.err
	} else {
		m, again, err = p.try(ctx, r, w, m, do)
	}
	have[w.slot] = m
	return again, err
}

// start begins a delivery that may take long.
func (p *poster) start(ctx context.Context, r *reset.Request, w message, m reset.Message, do delivering) *deliveryJob {
	job := &deliveryJob{done: make(chan struct{})}
	p.own.Lock()
	p.jobs[w.slot] = job
	p.own.Unlock()
	p.wg.Go(func() {
		job.m, job.again, job.err = p.try(ctx, r, w, m, do)
		p.own.Lock()
		delete(p.jobs, w.slot)
		left := job.left
		p.own.Unlock()
		close(job.done)
		if left {
			p.signal()
		}
	})
	return job
}

// awaits reports whether a delivery ends within fileAhead; one that does not wakes the poster later.
func (p *poster) awaits(ctx context.Context, slot reset.Slot, job *deliveryJob) bool {
	workqueue.Rest(ctx, fileAhead, job.done)
	p.own.Lock()
	defer p.own.Unlock()
	job.left = p.jobs[slot] == job
	return !job.left
}

// try delivers a message once and notes what came of it: when it is tried again,
// and whether the person can be reached at all.
func (p *poster) try(ctx context.Context, r *reset.Request, w message, m reset.Message, do delivering) (reset.Message, time.Duration, error) {
	m, again, err := do(ctx, r, w, m)
	if ctx.Err() != nil {
		return m, 0, ctx.Err()
	}
	underWay := errors.Is(err, errUnderWay)
	switch {
	case err == nil, underWay:
		p.own.Lock()
		delete(p.failing, w.slot)
		p.own.Unlock()
		if underWay {
			again = cmp.Or(again, lookSoon)
		}
		return m, again, err
	case w.to != "" && outOfReach(err):
		p.Log.Warn("somebody cannot be told by direct message", "request", p.id, "slot", w.slot, "user", w.to, "error", slackapi.LogText(err))
		m.Gone, m.Shown, m.At = true, unreachable, p.Now()
		if err = p.save(ctx, m); err == nil {
			return m, 0, nil
		}
	}
	err = fmt.Errorf("%s of %s: %w", w.slot, p.id, err)
	p.own.Lock()
	defer p.own.Unlock()
	tries := p.failing[w.slot].tries
	wait := retry{p.Log, err, tries}.Warn("a message is not up to date in Slack", "request", p.id, "slot", w.slot, "user", w.to, "todo", w.hint(m, err))
	p.failing[w.slot] = failure{tries: tries + 1, until: p.Now().Add(wait), err: err}
	return m, wait, err
}

// hint says what an operator can do about an error with this message.
func (w message) hint(m reset.Message, err error) string {
	if w.to != "" && m.Channel == "" && slackapi.ErrorCode(err) == "missing_scope" { // Slack names the scopes for all kinds of conversations
		return "add the scope im:write to the app and install it again"
	}
	return slackapi.Hint(err)
}

// refused returns which messages Slack refuses at the moment, each for its own reason.
func (p *poster) refused() map[reset.Slot]bool {
	p.own.Lock()
	defer p.own.Unlock()
	all := map[reset.Slot]bool{}
	for slot, f := range p.failing {
		all[slot] = slackapi.ErrorCode(f.err) != "" && !slackapi.MayHaveActed(f.err)
	}
	return all
}

// deliver brings one message in the channel up to date.
func (p *poster) deliver(ctx context.Context, r *reset.Request, w message, m reset.Message) (reset.Message, time.Duration, error) {
	switch {
	case m.Gone:
		return m, 0, nil
	case w.file != nil:
		return p.share(ctx, r, w, m)
	case w.slot == reset.SlotProgress:
		return p.progress(ctx, r, w, m)
	case isRestart(w.slot):
		return p.restarted(ctx, r, w, m)
	}
	return p.show(ctx, r, w, m)
}

func threadOf(w message, r *reset.Request, have map[reset.Slot]reset.Message) string {
	switch w.place {
	case underUpload:
		return r.Asked.Source.TS
	case underApproval:
		return have[reset.SlotApproval].TS
	}
	return ""
}

// linkToCome stands for a link where a message is compared with what is shown.
const linkToCome = "https://slack.com/"

// show posts or edits a message so that it shows what is wanted. One whose link
// is not known yet goes without it, and is edited when it is.
func (p *poster) show(ctx context.Context, r *reset.Request, w message, m reset.Message) (reset.Message, time.Duration, error) {
	if w.link != nil {
		w.what = w.link(linkToCome)
	}
	hash, err := w.what.Hash()
	if err != nil || m.TS != "" && m.Shown == hash && !p.sender.unseen(r, m) {
		return m, 0, err
	}
	var missing error
	if w.link != nil {
		link, err := p.permalink(ctx, r)
		w.what = w.link(link)
		if err != nil {
			missing = &linkError{err}
			if hash, err = w.what.Hash(); err != nil || m.TS != "" && m.Shown == hash {
				return m, 0, cmp.Or(err, missing)
			}
		}
	}
	m, err = p.sender.putAs(ctx, r, m, w.what, hash)
	return m, 0, cmp.Or(err, missing)
}

// linkError says why a message lacks the link to the approval message.
type linkError struct{ err error }

func (e *linkError) Error() string { return "find the link: " + e.err.Error() }
func (e *linkError) Unwrap() error { return e.err }

// permalink is the address of the approval message; "" if it is gone.
func (p *poster) permalink(ctx context.Context, r *reset.Request) (link string, err error) {
	have, err := p.sender.messages(ctx, r.ID)
	if err != nil {
		return "", err
	}
	m := have[reset.SlotApproval]
	switch {
	case m.TS == "" && !m.Gone && isAnnounced(r):
		return "", errUnderWay // it is about to be posted
	case m.TS == "":
		return "", nil
	}
	err = p.sender.limits.through(ctx, "chat.getPermalink", func(ctx context.Context) (err error) {
		link, err = p.Slack.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: string(m.Channel), Ts: m.TS})
		return err
	})
	if slackapi.ErrorCode(err) == "message_not_found" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask for the link: %w", err)
	}
	return link, nil
}
