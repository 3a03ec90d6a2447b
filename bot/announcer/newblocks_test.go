package announcer

import (
	"errors"
	"factorbot/bot/reset"
	"factorbot/bot/view"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

// pointed is what slack-go makes of Slack's answer to blocks that it refuses.
func pointed(messages ...string) error {
	return slack.SlackErrorResponse{Err: "invalid_blocks", ResponseMetadata: slack.ResponseMetadata{Messages: messages}}
}

func TestAnnouncing_fitting(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	r, _ := reset.Open("https://example.okta.com", reset.Ask{By: "U_REQUESTER", Channel: "C_FACTORS", At: now, Reason: "why"}, 1)
	r.ID = "FR-1"
	_, err := r.FreezePlan(reset.Plan{Revision: 1, Digest: "0123456789abcdef", FrozenAt: now, Targets: 1, Resets: 1}, reset.Terms{Approvals: 1}, now.Add(time.Hour), now)
	if err != nil {
		t.Fatal(err)
	}
	l := view.NewListing(r)
	l.Add(reset.Target{Row: 1, Login: "ana@example.com", Status: "ACTIVE", Action: reset.ActionReset})
	message := view.Approval(r, view.Known{Users: l})
	types := func(m view.Message) string {
		var all []string
		for _, b := range m.Blocks {
			all = append(all, string(b.BlockType()))
		}
		return strings.Join(all, " ")
	}
	const (
		whole   = "header rich_text section data_table actions container"
		noTable = "header rich_text section section actions container"
		plain   = "header rich_text section section actions context"
	)
	a := &sender{Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }}
	for _, c := range []struct {
		name    string
		answers []error
		want    []string
		err     bool
	}{
		{"no pointer: this one goes out plain", []error{pointed("[ERROR] something else"), nil}, []string{whole, plain}, false},
		{"no pointer and plain is refused, too", []error{pointed(), pointed()}, []string{whole, plain}, true},
		{"another error", []error{errors.New("away")}, []string{whole}, true},
		{"a pointer to an old block", []error{pointed("[ERROR] x [json-pointer:/blocks/0/text]"), nil}, []string{whole, plain}, false},
		{"a pointer", []error{pointed("[ERROR] unsupported type: data_table [json-pointer:/blocks/3/type]"), nil}, []string{whole, noTable}, false},
		{"that type is remembered", []error{nil}, []string{noTable}, false},
		{"the other type", []error{pointed("[ERROR] x [json-pointer:/blocks/5]"), nil}, []string{noTable, plain}, false},
	} {
		var sent []string
		err := a.fitting(message, func(m view.Message) error {
			sent = append(sent, types(m))
			return c.answers[len(sent)-1]
		})
		if got, want := strings.Join(sent, "\n"), strings.Join(c.want, "\n"); got != want || (err != nil) != c.err {
			t.Errorf("%s: sent\n%s\nwant\n%s\n%v", c.name, got, want, err)
		}
	}
	if got := refusedTypes(pointed("[ERROR] a [json-pointer:/blocks/3]", "[ERROR] b [json-pointer:/blocks/3/type]"), message); len(got) != 1 {
		t.Errorf("types that are pointed to twice: %v", got)
	}
	now = now.Add(oldFor)
	_ = a.fitting(message, func(m view.Message) error {
		if got := types(m); got != whole {
			t.Errorf("after a day: %s", got)
		}
		return nil
	})
}
