package bot_test

import (
	"context"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"factorbot/bot/announcer"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
)

// trailInMemory is an org's log.
type trailInMemory struct {
	mu    sync.Mutex
	facts []reset.Fact
	kept  []byte
}

func (t *trailInMemory) OrgLog(_ context.Context, from int64) iter.Seq2[reset.Entry, error] {
	return func(yield func(reset.Entry, error) bool) {
		t.mu.Lock()
		all := t.facts
		t.mu.Unlock()
		for n := from; n <= int64(len(all)); n++ {
			if !yield(reset.Entry{Seq: n, Kind: reset.EntryFact, Fact: &all[n-1]}, nil) {
				return
			}
		}
	}
}

func (t *trailInMemory) PutValue(_ context.Context, _ string, value []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = value
	return nil
}

func (t *trailInMemory) Value(context.Context, string) ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kept, nil
}

func (t *trailInMemory) add(facts ...reset.Fact) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.facts = append(t.facts[:len(t.facts):len(t.facts)], facts...)
}

// posted counts what a channel has that says something.
func (w *world) posted(channel, words string) int {
	all, err := w.slack.Messages(channel, "U_APPROVER1")
	if err != nil {
		w.Fatal(err)
	}
	n := 0
	for _, m := range all {
		if strings.Contains(said(m), words) {
			n++
		}
	}
	return n
}

// runFreezeAnnouncer runs the announcer of freezes until stop is called.
func (w *world) runFreezeAnnouncer(trail *trailInMemory, channels ...reset.Channel) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	a := &announcer.FreezeAnnouncer{
		Slack: slackapi.NewClient("xapp-sandbox", "xoxb-sandbox", w.url, nil), Trail: trail, Org: "https://example.okta.com",
		Channels: func() []reset.Channel { return channels }, Alerts: "C_GENERAL",
		Log: slog.New(slog.NewJSONHandler(w.logged, nil)), Now: time.Now,
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.Run(ctx); err != nil {
			w.Error(err)
		}
	})
	return func() { cancel(); wg.Wait() }
}

// Freeze and thaw are facts: each is told once in every channel, though the
// answer to a post is lost, the program starts again, and one channel takes nothing.
func TestFreezeAnnouncer(t *testing.T) {
	w := newWorld(t)
	w.set(`{"slack_channels": {"C_GENERAL": {"members": ["U_FACTORBOT", "U_APPROVER1"]}}}`)
	trail := &trailInMemory{}
	f := &reset.Freeze{By: "U_APPROVER1", At: time.Now(), Why: "an attack"}
	trail.add(reset.Fact{Name: "started"}, f.FrozenFact()) // told by an earlier version
	run := func() (stop func()) { return w.runFreezeAnnouncer(trail, "C_FACTORS", "C_NONE") }
	stop := run()
	w.until("the past is read", func() bool { kept, _ := trail.Value(t.Context(), ""); return kept != nil })
	stop()

	w.set(`{"slack_fail_next": [{"method": "chat.postMessage", "kind": "lost", "times": 1}]}`)
	f = &reset.Freeze{By: "U_APPROVER2", At: time.Now(), Why: "another attack"}
	trail.add(f.FrozenFact(), f.ThawedFact(reset.Decision{By: "U_APPROVER1"}, false, time.Now()))
	stop = run()
	defer func() { stop() }()
	for _, c := range []string{"C_FACTORS", "C_GENERAL"} {
		w.until(c+" is told", func() bool { return w.posted(c, "another attack") == 1 && w.posted(c, "wants the freeze lifted") == 1 })
	}
	stop()
	trail.add(f.ThawedFact(reset.Decision{By: "U_APPROVER2"}, true, time.Now()))
	stop = run()
	for _, c := range []string{"C_FACTORS", "C_GENERAL"} {
		w.until(c+" hears of the end", func() bool { return w.posted(c, "The freeze is lifted* by <@U_APPROVER1> and <@U_APPROVER2>") == 1 })
		if w.posted(c, "another attack") != 1 || w.posted(c, "an attack") > 0 {
			t.Errorf("%s was told twice, or of the past", c)
		}
	}
}

// What concerns approvers and the audit trail is told in the channel for alerts, once and
// nowhere else. It takes nothing from a freeze that a channel has not heard of yet.
func TestFreezeAnnouncer_alerts(t *testing.T) {
	w := newWorld(t)
	w.set(`{"slack_channels": {"C_GENERAL": {"members": ["U_FACTORBOT", "U_APPROVER1"]}}}`)
	trail := &trailInMemory{}
	run := func() (stop func()) { return w.runFreezeAnnouncer(trail, "C_FACTORS") }
	stop := run()
	w.until("the past is read", func() bool { kept, _ := trail.Value(t.Context(), ""); return kept != nil })
	stop()
	now := time.Now()
	f := &reset.Freeze{By: "U_APPROVER2", At: now.Add(-time.Hour), Why: "an attack"} // while the bot was away
	trail.add(f.FrozenFact(),
		reset.ApproverMoved("U_APPROVER1", "00uwas", "00unow", "attacker@example.com", now),
		reset.PushRefused("U_APPROVER1", reset.StepUp{User: "00uwas", Factor: "push", Transaction: "v2mst.1"}, "FR-1", "approver1@example.com", now),
		reset.ChainBroken("factorbot-1.db", "entry 7 was changed", 1, now))
	stop = run()
	w.until("the last alert", func() bool { return w.posted("C_GENERAL", "The audit trail doesn't verify") > 0 })
	stop()
	stop = run() // tells nothing again
	defer func() { stop() }()
	trail.add(f.ThawedFact(reset.Decision{By: "U_APPROVER1"}, true, now))
	for _, c := range []string{"C_FACTORS", "C_GENERAL"} {
		w.until(c+" hears of the end", func() bool { return w.posted(c, "The freeze is lifted") == 1 })
	}
	for words, n := range map[string]int{
		"<@U_APPROVER1>'s Slack account now leads to another Okta user* (`attacker@example.com` instead of": 1,
		"<@U_APPROVER1> refused a push about FR-1":                                                          1, "entry 7 was changed": 1, "an attack": 1,
	} {
		if got := w.posted("C_GENERAL", words); got != n {
			t.Errorf("the channel for alerts has %q %d times\n%s", words, got, w.transcript())
		}
	}
	if w.posted("C_FACTORS", "an attack") != 1 || w.posted("C_FACTORS", "another Okta user")+w.posted("C_FACTORS", "refused a push")+w.posted("C_FACTORS", "verify") != 0 {
		t.Errorf("the other channel has\n%s", w.transcript())
	}
}
