package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
	"factorbot/okta"
)

const (
	skewWarn = 5 * time.Second
	skewFail = 2 * time.Minute // OAuth assertions, and the settling of what is in doubt, go by the clock
)

// checkOkta asks for what the bot reads there. The permission to reset cannot
// be tried without a reset.
func checkOkta(ctx context.Context, client *okta.Client, p *config.Policy) []Finding {
	ctx = okta.WithLane(ctx, okta.Urgent)
	org, err := client.Org(ctx)
	if err != nil && !okta.IsKind(err, okta.KindForbidden, okta.KindScope) {
		return []Finding{oktaTrouble("OKTA_ORG_URL and token", err)}
	}
	asks := []func() []Finding{
		one(func() Finding { return checkIdentity(ctx, client) }),
		one(func() Finding { return checkUsers(ctx, client) }),
		one(func() Finding { return checkAdmins(ctx, client, p) }),
		one(func() Finding { return checkLog(ctx, client) }),
		func() []Finding { return checkGrants(ctx, client) },
		func() []Finding { return checkProtected(ctx, client, p) },
	}
	for _, id := range p.Approvers.OktaGroups {
		asks = append(asks, one(func() Finding { return checkOktaGroup(ctx, client, id) }))
	}
	found := append([]Finding{good("OKTA_ORG_URL", nameOf(org))}, sideBySide(asks)...)
	found = append(found, checkLimits(client.Stats())...)
	offset, known := client.Clock()
	return append(found, checkClock(offset, known))
}

func nameOf(o okta.Org) string {
	if o.ID == "" {
		return "Okta answers; the org's name may not be read"
	}
	return fmt.Sprintf("org %s (%s)", o.Company, o.ID)
}

func checkIdentity(ctx context.Context, client *okta.Client) Finding {
	const check = "Okta identity"
	self, isUser, err := client.Self(ctx)
	switch {
	case err != nil:
		return oktaTrouble(check, err)
	case !isUser:
		if _, err := client.GroupsByName(ctx, "factorbot doctor"); err != nil && !okta.IsKind(err, okta.KindForbidden) {
			return oktaTrouble(check, err)
		}
		return good(check, "a service app; Okta gives it tokens")
	case self.Status != "ACTIVE":
		return warn(check, self.Login+" is "+self.Status, "a token dies with its user: activate it")
	}
	return good(check, self.Login+" owns the token")
}

func checkUsers(ctx context.Context, client *okta.Client) Finding {
	const check = "Okta users"
	for _, err := range client.Search(ctx, `status eq "ACTIVE"`) {
		if err != nil {
			return oktaTrouble(check, err)
		}
		return good(check, "can be listed")
	}
	return warn(check, "none can be seen", "see which groups the resource set holds: factorbot okta-role")
}

func checkAdmins(ctx context.Context, client *okta.Client, p *config.Policy) Finding {
	const check = "Okta administrators"
	if p.Protect.Admins == "off" {
		return warn(check, "are not protected", "set protect.admins to list")
	}
	admins, err := client.Admins(ctx)
	if err != nil {
		return oktaTrouble(check, err)
	}
	return good(check, fmt.Sprintf("%d are known and will not be reset", len(admins)))
}

func checkLog(ctx context.Context, client *okta.Client) Finding {
	const check = "Okta System Log"
	now := time.Now()
	if _, err := client.EventsBetween(ctx, now.Add(-time.Minute), now, "user.mfa.factor.reset_all"); err != nil {
		f := oktaTrouble(check, err)
		if okta.IsKind(err, okta.KindForbidden) {
			f.Mend = "assign the standard role REPORT_ADMIN: no custom role can give it, and without it nothing in doubt is settled"
		}
		return f
	}
	return good(check, "can be read")
}

func checkOktaGroup(ctx context.Context, client *okta.Client, id string) Finding {
	check := "approvers of Okta group " + id
	for _, err := range client.GroupMembers(ctx, id) {
		if err != nil {
			return oktaTrouble(check, err)
		}
		return good(check, "has members")
	}
	return failed(check, "nobody is in it", "add people to it, or name another")
}

// checkGrants asks which scopes a service app has; a token has none.
func checkGrants(ctx context.Context, client *okta.Client) []Finding {
	grants, err := client.GrantedScopes(ctx)
	if err != nil {
		return []Finding{oktaTrouble("Okta scopes", err)}
	}
	var found []Finding
	for _, g := range grants {
		check, mend := "Okta scope "+g.Scope, "grant it under the app's Okta API Scopes"
		switch {
		case g.Granted:
			found = append(found, good(check, "is granted"))
		case g.Without != "":
			found = append(found, Finding{Check: check, Verdict: Skipped, Found: "is not granted: " + g.Without, Mend: mend + ", if that is wanted"})
		default:
			found = append(found, failed(check, "is not granted", mend))
		}
	}
	return found
}

// checkProtected looks whether those that the policy protects exist: an ID that is
// mistyped protects nobody.
func checkProtected(ctx context.Context, client *okta.Client, p *config.Policy) []Finding {
	var found []Finding
	look := func(check, missing, mend, found string, err error) Finding {
		switch {
		case okta.IsKind(err, okta.KindNotFound):
			return failed(check, missing, mend+": this entry protects nobody")
		case err != nil:
			return oktaTrouble(check, err)
		}
		return good(check, found+" will not be reset")
	}
	for _, id := range p.Protect.Users {
		u, err := client.User(ctx, id)
		found = append(found, look("protected user "+id, "Okta knows nobody by this ID or login", "correct protect.users", u.Login, err))
	}
	for _, id := range p.Protect.OktaGroups {
		g, err := client.Group(ctx, id)
		found = append(found, look("protected Okta group "+id, "Okta knows no such group", "correct protect.okta_groups", "the members of "+g.Name, err))
	}
	return found
}

// checkLimits tells the limits that the calls so far have shown.
func checkLimits(s okta.Stats) []Finding {
	var found []Finding
	for _, b := range s.Buckets {
		check := "rate limit of " + b.Name
		left := fmt.Sprintf("%d of %d calls are left until %s", b.Remaining, b.Limit, b.Reset.Format(time.TimeOnly))
		switch {
		case b.Limit == 0:
		case b.Remaining < b.Limit/10:
			found = append(found, warn(check, "only "+left, "somebody else uses it up: see Okta's rate limit dashboard"))
		default:
			found = append(found, good(check, left))
		}
	}
	return found
}

func checkClock(offset time.Duration, known bool) Finding {
	const check = "clock"
	const mend = "set this machine's clock by NTP"
	text := fmt.Sprintf("differs from Okta's by %s", offset.Abs().Round(100*time.Millisecond))
	switch {
	case !known:
		return unknown(check, "Okta's is not known", "see why no call was answered")
	case offset.Abs() >= skewFail:
		return failed(check, text, mend)
	case offset.Abs() >= skewWarn:
		return warn(check, text, mend)
	}
	return good(check, text)
}

// oktaTrouble is a call that failed, with Okta's own advice. That the token is
// refused is fatal; that Okta cannot be reached may pass.
func oktaTrouble(check string, err error) Finding {
	e, ok := errors.AsType[*okta.Error](err)
	if !ok {
		return unknown(check, cli.WithoutURL(err), "see what Okta says")
	}
	switch e.Kind {
	case okta.KindAuth, okta.KindScope:
		f := fatal(check, e.Error(), e.Advice)
		f.waits = true
		return f
	case okta.KindRedirect:
		return fatal(check, e.Error(), e.Advice)
	case okta.KindNetwork, okta.KindServer, okta.KindRateLimited, okta.KindConcurrency, okta.KindCanceled:
		return unknown(check, e.Error(), e.Advice)
	}
	return failed(check, e.Error(), e.Advice)
}
