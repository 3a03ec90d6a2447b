package stepup

import (
	"context"

	"factorbot/bot/desk"
	"factorbot/bot/reset"
)

// openName is where the modals are remembered that somebody may be looking at, so that
// the next process can say in them that nothing came of it.
const openName = "step-up open"

// openModal is what is needed to close one.
type openModal struct {
	Act     Act           `json:"act"`
	Op      string        `json:"op"`
	View    string        `json:"view"`
	Channel reset.Channel `json:"channel,omitempty"`
	Request reset.ID      `json:"request,omitempty"`
	Digest  reset.Digest  `json:"digest,omitempty"`
	Users   int           `json:"users,omitempty"` // the number that was typed
}

func (m openModal) ask(by reset.Person) Ask {
	return Ask{Act: m.Act, View: m.View, Intent: desk.Intent{Op: m.Op, By: by, Channel: m.Channel, Request: m.Request, Digest: m.Digest, Confirmed: m.Users}}
}

// note remembers that a modal is open.
func (v *Verifier) note(ctx context.Context, a Ask) error {
	in := a.Intent
	return v.changeOpen(ctx, func(all map[reset.Person]openModal) {
		all[in.By] = openModal{a.Act, in.Op, a.View, in.Channel, in.Request, in.Digest, in.Confirmed}
	})
}

// forget is of a modal that says how it ended.
func (v *Verifier) forget(ctx context.Context, a Ask) {
	err := v.changeOpen(ctx, func(all map[reset.Person]openModal) {
		if all[a.Intent.By].Op == a.Intent.Op {
			delete(all, a.Intent.By)
		}
	})
	if err != nil && ctx.Err() == nil {
		v.Log.Warn("a modal is still remembered as open", "user", a.Intent.By, "error", err.Error())
	}
}

func (v *Verifier) changeOpen(ctx context.Context, do func(map[reset.Person]openModal)) error {
	return changeValue(ctx, v.Registry.Values, openName, func(all *map[reset.Person]openModal) ([]reset.Fact, error) {
		if *all == nil {
			*all = map[reset.Person]openModal{}
		}
		do(*all)
		return nil, nil
	})
}

// sweep closes the modals of an earlier process: nobody waits for their answers. What
// follows a refused push, and was not done yet, is done.
func (v *Verifier) sweep(ctx context.Context) {
	all, err := readValue[map[reset.Person]openModal](ctx, v.Registry.Values, openName)
	if err != nil {
		v.Log.Warn("the modals of an earlier process cannot be closed", "error", err.Error())
		return
	}
	for by, m := range all {
		a, stage := m.ask(by), Stage{State: Interrupted}
		e, err := v.Registry.read(ctx, by)
		if err != nil {
			v.Log.Warn("what an earlier process has left cannot be read", "user", by, "error", err.Error())
			continue
		}
		if e.Refused.After(v.Now()) {
			if v.persist(ctx, func() error { return v.distrust(ctx, by, e.Okta) }) != nil {
				return
			}
			stage.State = Refused
		}
		v.show(ctx, a, stage)
		v.forget(ctx, a)
	}
}
