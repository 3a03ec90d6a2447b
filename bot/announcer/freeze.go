package announcer

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// Trail is the org's own log, and where a part of the program keeps what it has to remember.
type Trail interface {
	// OrgLog yields the facts that belong to no request, from a number on (from 1).
	OrgLog(ctx context.Context, from int64) iter.Seq2[reset.Entry, error]
	// PutValue remembers a small value under a name; Value returns it, nil if there is none.
	PutValue(ctx context.Context, name string, value []byte) error
	Value(ctx context.Context, name string) ([]byte, error)
}

// FreezeAnnouncer tells every channel that everything is frozen, that somebody
// wants the freeze lifted, and that it is. These are facts of the org's log: each
// is told once in each channel, however often the program starts meanwhile.
type FreezeAnnouncer struct {
	Slack    *slack.Client // made by [slackapi.NewClient]
	Trail    Trail
	Channels func() []reset.Channel
	Alerts   reset.Channel // told too; "": none
	Org      string        // Okta org URL
	Log      *slog.Logger
	Now      func() time.Time
}

const (
	freezeNewsName = "freeze news"
	// newsEvery is how often the org's log is looked at: one small read.
	newsEvery = time.Second
	// newsKept is how long what a channel has missed is worth telling.
	newsKept = 24 * time.Hour
	// newsAtOnce is how old news may be that is told although there is newer: of
	// what a channel has missed for longer only the last is told.
	newsAtOnce = 10 * time.Minute
	// mostNews bounds what is remembered for channels that cannot be told.
	mostNews = 50
)

// freezeNews is what is remembered of the org's log, and what each channel was told.
type freezeNews struct {
	Next   int64                          `json:"next"` // of the org's log, to be read
	Freeze *reset.Freeze                  `json:"freeze,omitempty"`
	News   []freezeFact                   `json:"news,omitempty"`
	Told   map[reset.Channel]*toldChannel `json:"told"`
}

// freezeFact is one fact, with the freeze as it was then.
type freezeFact struct {
	Seq    int64        `json:"seq"`
	Name   string       `json:"name"`
	At     time.Time    `json:"at"`
	Freeze reset.Freeze `json:"freeze,omitzero"`
	Fact   *reset.Fact  `json:"fact,omitempty"` // of what only the channel for alerts is told
}

// toldChannel is what a channel was told.
type toldChannel struct {
	Seq   int64     `json:"seq"`            // the last fact that it was told, or needs no telling
	Tried time.Time `json:"tried,omitzero"` // when the next one was posted, if it may have been

	until time.Time
	tries int
}

// Run tells until ctx is done.
func (f *FreezeAnnouncer) Run(ctx context.Context) error {
	run := &freezeRun{f, newSender(f.Slack, nil, f.Log, f.Now), nil}
	for try := 0; ctx.Err() == nil; {
		wait := newsEvery
		if err := run.pass(ctx); err != nil && ctx.Err() == nil {
			wait = retry{f.Log, err, try}.Error("news of a freeze cannot be told")
			try++
		} else {
			try = 0
		}
		if slackapi.Pause(ctx, wait) != nil {
			return nil
		}
	}
	return nil
}

// freezeRun is one Run of a FreezeAnnouncer.
type freezeRun struct {
	*FreezeAnnouncer
	sender *sender
	state  *freezeNews // nil: not read yet
}

// pass reads what is new and tells it. An error is of the record.
func (f *freezeRun) pass(ctx context.Context) error {
	if err := f.load(ctx); err != nil {
		return err
	}
	if err := f.read(ctx); err != nil {
		return err
	}
	for _, c := range f.channels() {
		if err := f.tell(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (f *freezeRun) channels() []reset.Channel {
	all := slices.Clone(f.Channels())
	if c := f.Alerts; c != "" && !slices.Contains(all, c) {
		all = append(all, c)
	}
	return all
}

// load reads what is remembered. At the very first start the past is no news.
func (f *freezeRun) load(ctx context.Context) error {
	if f.state != nil {
		return nil
	}
	raw, err := f.Trail.Value(ctx, freezeNewsName)
	if err != nil {
		return fmt.Errorf("read which news of a freeze were told: %w", err)
	}
	s := &freezeNews{Next: 1, Told: map[reset.Channel]*toldChannel{}}
	if raw == nil {
		for e, err := range f.Trail.OrgLog(ctx, 1) {
			if err != nil {
				return fmt.Errorf("read the org's log: %w", err)
			}
			s.fold(e)
		}
		s.News = nil
	} else if err := json.Unmarshal(raw, s); err != nil {
		return fmt.Errorf("decode which news of a freeze were told: %w", err)
	}
	f.state = s
	return f.save(ctx)
}

func (f *freezeRun) save(ctx context.Context) error {
	raw, err := json.Marshal(f.state)
	if err != nil {
		return fmt.Errorf("encode which news of a freeze were told: %w", err)
	}
	if err := f.Trail.PutValue(ctx, freezeNewsName, raw); err != nil {
		return fmt.Errorf("record which news of a freeze were told: %w", err)
	}
	return nil
}

// read folds what the log has since, and forgets what all were told or is old.
func (f *freezeRun) read(ctx context.Context) error {
	s, before := f.state, f.state.Next
	for e, err := range f.Trail.OrgLog(ctx, s.Next) {
		if err != nil {
			return fmt.Errorf("read the org's log: %w", err)
		}
		s.fold(e)
	}
	known := f.channels()
	n := len(s.News)
	for _, c := range known {
		if s.Told[c] == nil { // a new channel hears what is new
			s.Told[c] = &toldChannel{Seq: before - 1}
		}
	}
	for c := range s.Told {
		if !slices.Contains(known, c) {
			delete(s.Told, c)
		}
	}
	s.News = slices.DeleteFunc(s.News, func(x freezeFact) bool { return s.isOver(x, f.Now()) })
	s.News = s.News[max(0, len(s.News)-mostNews):]
	if s.Next != before || len(s.News) != n {
		return f.save(ctx)
	}
	return nil
}

// isOver reports whether every channel was told a fact, or it is too old.
func (s *freezeNews) isOver(x freezeFact, now time.Time) bool {
	if now.Sub(x.At) > newsKept {
		return true
	}
	for _, t := range s.Told {
		if t.Seq < x.Seq {
			return false
		}
	}
	return true
}

// fold follows the freeze through the facts of the log.
func (s *freezeNews) fold(e reset.Entry) {
	s.Next = e.Seq + 1
	if e.Fact == nil {
		return
	}
	switch x := e.Fact; x.Name {
	case "frozen":
		s.Freeze = &reset.Freeze{By: x.By, At: x.At, Why: x.Detail["why"]}
	case "thaw_asked", "thawed":
		if s.Freeze == nil {
			s.Freeze = &reset.Freeze{}
		}
		s.Freeze.Thaws = append(slices.Clone(s.Freeze.Thaws), reset.Decision{By: x.By, At: x.At})
	case reset.FactPushRefused, reset.FactApproverMoved, reset.FactChainBroken:
		s.News = append(s.News, freezeFact{Seq: e.Seq, Name: x.Name, At: x.At, Fact: x})
		return
	default:
		return
	}
	s.News = append(s.News, freezeFact{Seq: e.Seq, Name: e.Fact.Name, At: e.Fact.At, Freeze: *s.Freeze})
	if e.Fact.Name == "thawed" {
		s.Freeze = nil
	}
}

// tell tells a channel what it was not told yet. What Slack does not take is
// tried again after a wait of the channel's own.
func (f *freezeRun) tell(ctx context.Context, c reset.Channel) error {
	t := f.state.Told[c]
	if t == nil || f.Now().Before(t.until) {
		return nil
	}
	for n, x := range f.state.News {
		if x.Fact != nil && c != f.Alerts { // not for this channel
			t.Seq = max(t.Seq, x.Seq)
			continue
		}
		last := x.Fact != nil || !slices.ContainsFunc(f.state.News[n+1:], func(later freezeFact) bool { return later.Fact == nil })
		if x.Seq <= t.Seq || !last && t.Tried.IsZero() && f.Now().Sub(x.At) > newsAtOnce {
			continue
		}
		refused, err := f.post(ctx, c, t, x)
		if err != nil {
			return err
		}
		if refused != nil {
			wait := retry{f.Log, refused, t.tries}.Warn("a channel was not told of a freeze yet", "channel", c, "todo", slackapi.Hint(refused))
			t.until = f.Now().Add(wait)
			t.tries++
			return nil
		}
		t.Seq, t.Tried, t.tries = x.Seq, time.Time{}, 0
		if err := f.save(ctx); err != nil {
			return err
		}
	}
	return nil
}

// post tells a channel one fact, after it has looked for a post that was not answered.
func (f *freezeRun) post(ctx context.Context, c reset.Channel, t *toldChannel, x freezeFact) (refused, err error) {
	key := keyOf(f.Org, string(c), strconv.FormatInt(x.Seq, 10), x.At.UTC().Format(time.RFC3339Nano))
	m := reset.Message{Channel: c, At: t.Tried}
	if !t.Tried.IsZero() {
		found, refused := f.sender.find(ctx, m, key)
		if found != "" || refused != nil {
			return refused, nil
		}
	}
	mark := slack.SlackMetadata{EventType: eventType, EventPayload: map[string]any{"key": key}}
	refused = f.sender.send(ctx, &m, x.words(), mark, func() error {
		t.Tried = m.At
		err = f.save(ctx)
		return err
	})
	return refused, err
}

// words are what a channel is told of a fact.
func (x freezeFact) words() view.Message {
	if x.Fact != nil {
		return view.OrgAlert(*x.Fact)
	}
	by := make([]reset.Person, len(x.Freeze.Thaws))
	for i, v := range x.Freeze.Thaws {
		by[i] = v.By
	}
	switch x.Name {
	case "frozen":
		return view.Frozen(x.Freeze)
	case "thawed":
		return view.Thawed(by)
	}
	return view.ThawAsked(by)
}
