package slacksim

import (
	"strings"
	"time"
)

// orgRows is how many users of the org are shown at once.
const orgRows = 25

// orgView is the Okta org as the page shows it.
type orgView struct {
	State          OrgState
	Query          string
	First, Last    int // rows, from 1
	Previous, Next int // offsets; -1: none
	Present        bool
	SlackDown      bool
	Buckets        []bucketView
	Calls          int
}

type bucketView struct {
	OrgBucket
	Seconds int64 // until the window ends
}

func (w *Workspace) orgView(s selection) *orgView {
	w.mu.Lock()
	v := &orgView{Query: s.query, First: s.offset + 1, SlackDown: w.settings.Down, Previous: -1, Next: -1}
	w.mu.Unlock()
	if w.opt.Org == nil {
		return v
	}
	v.Present = true
	v.State = w.opt.Org.State(OrgQuery{Text: s.query, Offset: s.offset, Limit: orgRows})
	v.Last = s.offset + len(v.State.Users)
	if s.offset > 0 {
		v.Previous = max(0, s.offset-orgRows)
	}
	if v.Last < v.State.Total {
		v.Next = v.Last
	}
	for _, n := range v.State.Requests {
		v.Calls += n
	}
	now := time.Now().Unix()
	for _, b := range v.State.Buckets {
		v.Buckets = append(v.Buckets, bucketView{b, max(0, b.Reset-now)})
	}
	return v
}

// phone lists the pushes that wait on a person's phone: those to the Okta user with the
// person's e-mail.
func (w *Workspace) phone(email string) (list []OrgPush) {
	if w.opt.Org == nil || email == "" {
		return nil
	}
	for _, p := range w.opt.Org.State(OrgQuery{Limit: 1}).Pushes {
		if strings.EqualFold(p.Email, email) {
			list = append(list, p)
		}
	}
	return list
}
