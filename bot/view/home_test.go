package view_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/slack-go/slack"
	"pgregory.net/rapid"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// homes are home tabs of different people.
func homes() map[string]reset.Home {
	theirs := with(running(), func(r *reset.Request) { r.ID, r.Asked.By = "FR-43", "U_OTHER" })
	policy := []string{"Each request needs the approval of one other person than the requester.", "A reason <is> required."}
	return map[string]reset.Home{
		"home_requester": {Standing: reset.Standing{Person: "U_REQUESTER", Requester: true, Channels: []reset.Channel{"C_FACTORS"}, Open: []*reset.Request{pending()}},
			Running: []*reset.Request{theirs}, Past: []*reset.Request{done(), cancelled(), rejected()}, Policy: policy, Approvers: []reset.Person{"U_APPROVER1"}},
		"home_approver": {Standing: reset.Standing{Person: "U_APPROVER1", Requester: true, Approver: true, Channels: []reset.Channel{"C_FACTORS", "C_OTHER"}, Waiting: []*reset.Request{pending()}},
			Running: []*reset.Request{theirs}, Policy: policy},
		"home_guest": {Standing: reset.Standing{Person: "U_GUEST", Why: "Only full members may do this, not guests."}},
	}
}

func TestHomeTab_golden(t *testing.T) {
	fits := schema(t, "Home")
	for name, h := range homes() {
		tab := view.HomeTab(h)
		if err := misfit(fits, tab); err != nil {
			t.Errorf("%s does not fit the schema: %v", name, err)
		}
		golden(t, name, tab)
	}
}

// What the lists hold, however much and whatever it is, fits into one tab, and no block has the name of another.
func TestHomeTab_staysInsideSlacksLimits(t *testing.T) {
	fits := schema(t, "Home")
	rapid.Check(t, func(t *rapid.T) {
		next := 0
		list := func(name string) (all []*reset.Request) {
			for range rapid.IntRange(0, 12).Draw(t, name) {
				r := anyRequest(t)
				next++
				r.ID = reset.ID(fmt.Sprintf("FR-%d", next))
				all = append(all, r)
			}
			return all
		}
		h := reset.Home{Standing: reset.Standing{
			Person: "U_REQUESTER", Requester: rapid.Bool().Draw(t, "requester"), Approver: rapid.Bool().Draw(t, "approver"),
			Why: nasty().Draw(t, "why"), Channels: []reset.Channel{"C_A", "C_B", "C_C", "C_D", "C_E", "C_F"},
			Waiting: list("waiting"), Open: list("mine"),
		}, Running: list("running"), Past: list("past"),
			Policy: rapid.SliceOfN(nasty(), 0, 30).Draw(t, "policy"),
		}
		tab := view.HomeTab(h)
		if err := misfit(fits, tab); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(tab)
		if err != nil || len(b) > 250<<10 {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		checkMessage(t, "home", view.Message{Text: "home", Blocks: tab.Blocks.BlockSet})
	})
}

// A request of the person's own stands among theirs only, not among what runs, too.
func TestHomeTab_eachRequestOnce(t *testing.T) {
	mine := running()
	tab := view.HomeTab(reset.Home{Standing: reset.Standing{Person: "U_REQUESTER", Approver: true, Open: []*reset.Request{mine}}, Running: []*reset.Request{mine}})
	n := 0
	for _, b := range tab.Blocks.BlockSet {
		if a, ok := b.(*slack.ActionBlock); ok && a.BlockID == "actions-"+string(mine.ID) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d blocks with the request's buttons", n)
	}
}
