package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"factorbot/bot/policy"
	"factorbot/cmd/internal/people"
	"factorbot/okta"
)

// youngest is how old an enrolment must be before it counts (bot/stepup).
const youngest = 24 * time.Hour

// checkStepUp asks who of the approvers can confirm in Okta Verify, and whether the bot
// may ask them. It sends nobody a push.
func checkStepUp(ctx context.Context, client *okta.Client, who *people.Directory) []Finding {
	const check = "who can confirm in Okta Verify"
	rules := who.Rules()
	if !rules.StepUp.On() {
		return nil
	}
	ctx = okta.WithLane(ctx, okta.Urgent)
	listed, err := who.Approvers(ctx)
	if errors.Is(err, people.ErrManyApprovers) {
		return []Finding{good(check, fmt.Sprintf("more than %d people are named", people.ListedAtMost))}
	}
	if err != nil {
		return []Finding{unknown(check, "is not known: "+err.Error(), "see what Slack and Okta say")}
	}
	var cannot []string
	able, asked := 0, ""
	for _, p := range listed {
		if !rules.IsApprover(p) && !rules.BreaksGlass(p) {
			continue
		}
		why, err := whyNot(ctx, client, p)
		if err != nil {
			return []Finding{oktaTrouble(check, err)}
		}
		if p.Okta != nil {
			asked = string(p.Okta.ID)
		}
		if why == "" {
			able++
			continue
		}
		cannot = append(cannot, fmt.Sprintf("%s (%s)", p.ID, why))
	}
	found := []Finding{stepUpFinding(check, able, cannot)}
	if asked != "" {
		found = append(found, checkChallenge(ctx, client, asked))
	}
	return found
}

func stepUpFinding(check string, able int, cannot []string) Finding {
	const mend = "have them set up Okta Verify with push; it counts a day later"
	switch {
	case able == 0:
		return failed(check, "nobody: "+strings.Join(cannot, ", "), mend)
	case len(cannot) > 0:
		return warn(check, fmt.Sprintf("%d people; these cannot: %s", able, strings.Join(cannot, ", ")), mend)
	}
	return good(check, fmt.Sprintf("%d people", able))
}

// whyNot says why an approver cannot confirm, "" if they can.
func whyNot(ctx context.Context, client *okta.Client, p policy.Person) (string, error) {
	switch {
	case p.Okta == nil:
		return "no Okta user", nil
	case p.Okta.Status != "ACTIVE":
		return "Okta user is " + p.Okta.Status, nil
	}
	devices, err := client.Devices(ctx, string(p.Okta.ID))
	if err != nil {
		return "", err
	}
	ahead, _ := client.Clock()
	why := "no Okta Verify with push"
	for _, d := range devices {
		if !d.Created.IsZero() && !d.Created.After(time.Now().Add(ahead-youngest)) {
			return "", nil
		}
		why = "enrolled within 24 hours"
	}
	return why, nil
}

// checkChallenge says what Okta answers when the bot asks for a challenge of a factor
// that does not exist.
func checkChallenge(ctx context.Context, client *okta.Client, user string) Finding {
	const check = "Okta Verify challenges"
	err := client.ProbeChallenge(ctx, user)
	var e *okta.Error
	switch {
	case err == nil || !errors.As(err, &e):
		return warn(check, "Okta answered a challenge of a factor that does not exist", "tell whoever looks after the bot")
	case e.Kind == okta.KindNotFound:
		return good(check, fmt.Sprintf("Okta answered %d %s, as for a factor that does not exist: the call seems to be allowed", e.Status, e.Code))
	case e.Kind == okta.KindForbidden || e.Kind == okta.KindScope:
		return failed(check, fmt.Sprintf("Okta answered %d %s: no approval that takes a confirmation can be given", e.Status, e.Code), "give the bot the second role of factorbot okta-role, for those who approve")
	}
	return oktaTrouble(check, err)
}
