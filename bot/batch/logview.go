package batch

import (
	"context"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/resetlog"
)

// logView is what the System Log tells a batch. While the log cannot be read, it counts as
// read up to now: it will not tell more.
type logView struct {
	reader *resetlog.Reader
	clocks *clocks
	lag    time.Duration // how late the log may be

	release func()    // ends the reading for what is in doubt; nil: it is not read
	from    time.Time // since when it is read

	downSince time.Time // since when it cannot be read, zero: it can; changed only between two rounds, while no worker looks
}

// follow has the log read from a moment of Okta's clock on until unfollow.
func (l *logView) follow(since time.Time) {
	if l.release != nil && !since.Before(l.from) {
		return
	}
	release := l.reader.Follow(since)
	l.unfollow()
	l.release, l.from = release, since
}

func (l *logView) unfollow() {
	if l.release != nil {
		l.release()
		l.release = nil
	}
}

// catchUp reads what the log tells by now, at least from a moment of Okta's clock on, and
// notes since when that fails.
func (l *logView) catchUp(ctx context.Context, since time.Time) error {
	err := l.reader.CatchUp(ctx, since)
	if err == nil {
		l.downSince = time.Time{}
	} else if l.downSince.IsZero() {
		l.downSince = time.Now()
	}
	return err
}

// readUntil returns the moment until which everything that the log told by then was read.
func (l *logView) readUntil() time.Time {
	if !l.downSince.IsZero() {
		return time.Now()
	}
	return l.reader.Until()
}

// coversMoment reports whether the log has had its time to tell of what was so at a moment.
func (l *logView) coversMoment(at time.Time) bool { return l.readUntil().Sub(at) > l.lag }

// covers reports whether the log has had its time to tell of a call. Of one that
// the record lost nobody knows when it was sent, so it counts from our beginning.
func (l *logView) covers(a reset.Attempt) bool {
	until := l.readUntil()
	if a.Restart && until.Sub(l.clocks.began) <= l.lag {
		return false
	}
	return l.clocks.ofOkta(until).Sub(l.clocks.calledAt(a)) > l.lag
}

// removed returns the types of the factors that went with a reset since a moment of
// Okta's clock. Not final: the log may tell of more.
func (l *logView) removed(s scope, t reset.Target, since time.Time) (types []string, final bool) {
	if s.some() {
		return nil, true
	}
	told, final := l.reader.Removed(t.User, since)
	return s.removed(t, told), final
}
