package app

import (
	"context"
	"log/slog"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/handler"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/stepup"
	"factorbot/cmd/internal/people"
)

// newStepUps prepares for decisions that are confirmed in Okta Verify. Whoever the
// directory is asked about is judged by what the registry remembers of the account.
func newStepUps(rec Record, d *desk.Desk, who *people.Directory, client stepup.Okta, rules func() policy.Rules, log *slog.Logger) (*stepup.Verifier, *handler.StepUpScreen) {
	registry := &stepup.Registry{Values: rec, Rules: rules, Now: time.Now}
	who.Judge = registry.Judge
	screen := &handler.StepUpScreen{}
	return &stepup.Verifier{
		Okta: client, Desk: d, People: who, Record: rec, Registry: registry, Rules: rules, Screen: screen,
		Tell: tellApprovers(who, screen, log), Log: log, Now: time.Now,
	}, screen
}

// tellTime bounds how long the approvers are told of a refused push.
const tellTime = 30 * time.Second

// tellApprovers tells the other approvers by DM that a push was refused, best effort: the
// channel for alerts is told for certain, by its own part.
func tellApprovers(who *people.Directory, screen *handler.StepUpScreen, log *slog.Logger) func(context.Context, reset.Person, reset.ID) {
	return func(ctx context.Context, by reset.Person, id reset.ID) {
		ctx, cancel := context.WithTimeout(ctx, tellTime)
		defer cancel()
		listed, err := who.Approvers(ctx)
		if err != nil {
			log.Warn("the approvers are not told of a refused push", "error", err.Error())
			return
		}
		for _, p := range listed {
			if p.ID != by && who.Rules().IsApprover(p) {
				screen.TellRefused(ctx, p.ID, by, id)
			}
		}
	}
}
