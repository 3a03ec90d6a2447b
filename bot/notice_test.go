package bot_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"factorbot/bot/announcer"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
)

// affectedUsers tells who the users of made-up plans are; of one Slack says nothing.
type affectedUsers struct {
	accounts map[reset.UserID]reset.Person
	broken   reset.UserID
}

func (a affectedUsers) SlackOf(_ context.Context, user reset.UserID) (reset.Person, error) {
	if user == a.broken {
		return "", errors.New("no answer")
	}
	return a.accounts[user], nil
}

// notifies runs a Notifier beside the world's listener and announcer.
func (w *world) notifies(users announcer.Affected) {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	n := &announcer.Notifier{
		Slack: slackapi.NewClient("xapp-sandbox", "xoxb-sandbox", w.url, nil), Record: w.memory, Affected: users,
		Max: 100, Log: slog.New(slog.NewJSONHandler(w.logged, nil)), Now: time.Now,
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := n.Run(ctx); err != nil {
			w.Error(err)
		}
	})
	w.Cleanup(func() { cancel(); wg.Wait() })
}

func outcomeOf(row int, o reset.Outcome, p reset.Proof) reset.Entry {
	s := &reset.Step{Row: row, User: reset.UserID("00u0000000000000000" + string(rune('0'+row-1))), Kind: reset.StepReset}
	return reset.Entry{Kind: reset.EntryOutcome, At: time.Now(), Step: s, Outcome: o, Proof: p}
}

// Users hear of a reset when it is final: when it is proved, or the request is
// over. One that nobody finds holds back no other.
func TestNotifier_tellsWhatIsFinal(t *testing.T) {
	w := newWorld(t).start().listens()
	user := func(n string) reset.UserID { return reset.UserID("00u0000000000000000" + n) }
	r, _ := reset.Open("https://example.okta.com", reset.Ask{
		By: "U_REQUESTER", Channel: "C_FACTORS", At: time.Now(), Reason: "why", Options: reset.Options{TellUsers: true},
	}, 6)
	w.create("op", r)
	w.plan("FR-1", 6)
	w.approveAndRun("FR-1")
	w.append("FR-1", outcomeOf(1, reset.OutcomeReset, reset.ProofLog), outcomeOf(2, reset.OutcomeReset, ""),
		outcomeOf(3, reset.OutcomeReset, reset.ProofFactors), outcomeOf(4, reset.OutcomeReset, ""))
	w.notifies(affectedUsers{
		accounts: map[reset.UserID]reset.Person{user("1"): "U_APPROVER1", user("2"): "U_ANA", user("3"): "U_APPROVER2"},
		broken:   user("0"),
	})
	const words = "Your Okta MFA was reset"
	w.until("the user after the one that nobody finds", w.hears("U_ANA", words))
	if len(w.direct("U_APPROVER1"))+len(w.direct("U_APPROVER2")) > 0 {
		t.Error("somebody heard of a reset that is not proved")
	}
	w.append("FR-1", outcomeOf(4, reset.OutcomeFailed, reset.ProofNone))
	w.finish("FR-1", 6)
	w.until("a reset without proof, at the end", w.hears("U_APPROVER1", words))
	if len(w.direct("U_APPROVER2")) > 0 {
		t.Error("somebody heard of a reset that failed")
	}
}
