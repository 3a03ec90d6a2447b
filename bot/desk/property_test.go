package desk_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"factorbot/bot/desk"
	"factorbot/bot/reset"
)

// model is what should have become of a pending request, judged from the
// people's side: who pressed what, and whether that may count.
type model struct {
	needed  int
	state   reset.State
	plan    reset.Digest
	expires time.Time
	voters  map[reset.Person]bool // whose approvals count
	took    map[string]bool       // ops that had an effect
}

// electors are the people whose decision may count; the requester is an approver of other requests.
var electors = []reset.Person{first, second, ana}

// cast counts a press at a moment.
func (m *model) cast(in desk.Intent, approves, frozen bool, now time.Time) {
	switch {
	case m.took[in.Op], m.state != reset.Pending, approves && frozen:
		return
	case !slices.Contains(electors, in.By), in.Team != team:
		return
	case now.Sub(in.Asked) > 2*time.Minute, in.Digest.Short() != m.plan.Short():
		return
	case !now.Before(m.expires):
		m.state = reset.Expired // the press finds it so; it has no effect of its own
		return
	case !approves:
		m.state = reset.Denied
	case m.voters[in.By]:
		return
	default:
		m.voters[in.By] = true
		if len(m.voters) == m.needed {
			m.state = reset.Approved
		}
	}
	m.took[in.Op] = true
}

// press is one intent, kept so that it can come again.
type press struct {
	desk.Intent
	approves bool
}

// TestDesk_never_approves_with_too_few presses at random: anybody, any plan,
// fresh and stale, again and again, while plans change and everything freezes
// and thaws. The request must become just what the model says.
func TestDesk_never_approves_with_too_few(t *testing.T) {
	o := mustOpenOffice(t)
	o.rules.Approvers.Users = append(o.rules.Approvers.Users, ana)
	approved := 0
	rapid.Check(t, func(t *rapid.T) {
		o.now = start
		m := &model{needed: rapid.IntRange(1, 3).Draw(t, "needed"), state: reset.Pending, voters: map[reset.Person]bool{}, took: map[string]bool{}}
		r := o.mustPending(t, m.needed)
		m.plan, m.expires = r.Plan.Digest, r.ExpiresAt
		var pressed []press
		frozen := false
		t.Repeat(map[string]func(*rapid.T){
			"press": func(t *rapid.T) {
				p := drawPress(t, o, r, fmt.Sprint("op ", len(pressed)))
				pressed = append(pressed, p)
				o.press(t, p)
				m.cast(p.Intent, p.approves, frozen, o.now)
			},
			"approve": func(t *rapid.T) { // as it should be, so that requests are approved at all
				in := o.on(r, fmt.Sprint("op ", len(pressed)), rapid.SampledFrom(electors).Draw(t, "by"))
				pressed = append(pressed, press{in, true})
				o.press(t, press{in, true})
				m.cast(in, true, frozen, o.now)
			},
			"again": func(t *rapid.T) {
				if len(pressed) == 0 {
					return
				}
				p := rapid.SampledFrom(pressed).Draw(t, "press")
				o.press(t, p)
				m.cast(p.Intent, p.approves, frozen, o.now)
			},
			"wait": func(t *rapid.T) {
				o.now = o.now.Add(rapid.SampledFrom([]time.Duration{time.Minute, 2*time.Minute + 1, 20 * time.Hour}).Draw(t, "wait"))
			},
			"freeze or thaw": func(t *rapid.T) {
				frozen = !frozen
				o.setFreeze(t, frozen)
			},
			"take rows out": func(t *rapid.T) {
				if m.state != reset.Pending || !o.now.Before(m.expires) {
					return
				}
				o.mustMove(t, r.ID, func(r *reset.Request) (reset.Fact, error) {
					return r.TakeOut(first, r.Plan.Digest, []int{r.Plan.Revision}, o.now)
				})
				r = o.mustFreezePlan(t, r.ID, r.Plan.Revision+1, m.needed)
				m.plan, m.expires, m.voters = r.Plan.Digest, r.ExpiresAt, map[reset.Person]bool{}
			},
			"": func(t *rapid.T) { m.check(t, o.mustGet(t, r.ID)) },
		})
		if m.state == reset.Approved {
			approved++
		}
		o.setFreeze(t, false)
	})
	if !t.Failed() && approved == 0 {
		t.Error("no request was ever approved, so nothing was tried")
	}
}

// press brings an intent to the desk; what it answers is not looked at, only what becomes of the request.
func (o *office) press(t *rapid.T, p press) {
	m := (*desk.Desk).Deny
	if p.approves {
		m = (*desk.Desk).Approve
	}
	if _, err := m(o.Desk, t.Context(), p.Intent); strings.HasPrefix(outcome(err), "unknown") {
		t.Fatal(err)
	}
}

func (o *office) setFreeze(t *rapid.T, frozen bool) {
	var f *reset.Freeze
	if frozen {
		f = &reset.Freeze{By: first, At: o.now}
	}
	_, err := o.term.Freeze(t.Context(), "", func(*reset.Freeze) (*reset.Freeze, []reset.Fact, error) { return f, nil, nil })
	if err != nil {
		t.Fatal(err)
	}
}

// drawPress draws an intent, most often one that could count.
func drawPress(t *rapid.T, o *office, r *reset.Request, op string) press {
	everybody := slices.Concat(electors, electors, []reset.Person{requester, guest, stranger, gone, robot, "U_NONE"})
	in := o.on(r, op, rapid.SampledFrom(everybody).Draw(t, "by"))
	in.Digest = rapid.SampledFrom([]reset.Digest{in.Digest, in.Digest, in.Digest[:12], digest(r.Plan.Revision + 1), "-"}).Draw(t, "digest")
	in.Team = rapid.SampledFrom([]string{in.Team, in.Team, in.Team, "T_PARTNER"}).Draw(t, "team")
	in.Asked = o.now.Add(-rapid.SampledFrom([]time.Duration{0, 0, 2 * time.Minute, 2*time.Minute + 1}).Draw(t, "age"))
	return press{in, rapid.IntRange(0, 19).Draw(t, "verb") > 0}
}

// check holds the request against the model, and against the promise itself.
func (m *model) check(t *rapid.T, r *reset.Request) {
	voters := map[reset.Person]bool{}
	for _, v := range r.Approved {
		voters[v.By] = true
	}
	if r.State != m.state || !maps.Equal(voters, m.voters) || len(r.Approved) != len(voters) {
		t.Fatalf("%s with %v, want %s with %v", r.State, r.Approved, m.state, m.voters)
	}
	if voters[requester] || r.State == reset.Approved && len(voters) < r.Terms.Approvals {
		t.Fatalf("%s by %v of %d", r.State, r.Approved, r.Terms.Approvals)
	}
}
