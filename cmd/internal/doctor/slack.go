package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
	"factorbot/cmd/internal/setup"

	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"
)

// slackChecks checks what the bot needs of Slack.
type slackChecks struct {
	api    *slack.Client
	policy *config.Policy
}

// check asks for the tokens first: with a wrong one nothing else is known.
func (w *slackChecks) check(ctx context.Context) []Finding {
	found := []Finding{w.appToken(ctx)}
	who, err := w.api.AuthTestContext(ctx)
	if err != nil {
		return append(found, slackTrouble("SLACK_BOT_TOKEN", err, "copy the bot token from the app's OAuth & Permissions"))
	}
	found = append(found, good("SLACK_BOT_TOKEN", fmt.Sprintf("%s in workspace %s (%s)", who.User, who.Team, who.TeamID)))
	found = append(found, checkScopes(who.Header.Get("X-Oauth-Scopes"))...)
	var asks []func() []Finding
	for _, c := range w.policy.Channels {
		asks = append(asks, one(func() Finding { return w.place(ctx, "channel", string(c), "channels") }))
	}
	if c := w.policy.Alerts.Channel; c != "" && !slices.Contains(w.policy.Channels, reset.Channel(c)) {
		asks = append(asks, one(func() Finding { return w.place(ctx, "alerts.channel", c, "alerts.channel") }))
	}
	for _, id := range w.policy.Approvers.Users {
		asks = append(asks, one(func() Finding { return w.approver(ctx, "approver", string(id), who, "approvers.users") }))
	}
	for _, id := range w.policy.Protect.Approvers {
		asks = append(asks, one(func() Finding {
			return w.approver(ctx, "approver of break-glass", string(id), who, "protect.approvers")
		}))
	}
	for _, id := range w.policy.Approvers.Usergroups {
		asks = append(asks, one(func() Finding { return w.usergroup(ctx, id) }))
	}
	return append(found, sideBySide(asks)...)
}

// one is a check that comes to one finding.
func one(check func() Finding) func() []Finding {
	return func() []Finding { return []Finding{check()} }
}

// atOnce bounds the calls of the checks.
const atOnce = 4

// sideBySide runs checks, some at once, and gives their findings in order.
func sideBySide(asks []func() []Finding) []Finding {
	found := make([][]Finding, len(asks))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, ask := range asks {
		g.Go(func() error { found[i] = ask(); return nil })
	}
	_ = g.Wait() // no check fails
	return slices.Concat(found...)
}

func (w *slackChecks) appToken(ctx context.Context) Finding {
	if _, _, err := w.api.StartSocketModeContext(ctx); err != nil {
		return slackTrouble("SLACK_APP_TOKEN", err, "create an app-level token with connections:write under Basic Information, and switch Socket Mode on")
	}
	return good("SLACK_APP_TOKEN", "Slack opens a socket for it")
}

// checkScopes compares what the token has, by Slack's header, with the manifest.
func checkScopes(header string) []Finding {
	const check = "scopes"
	if header == "" {
		return []Finding{warn(check, "Slack does not say which the token has", "compare the app with factorbot manifest")}
	}
	var have []string
	for s := range strings.SplitSeq(header, ",") {
		have = append(have, strings.TrimSpace(s))
	}
	var found []Finding
	for _, s := range setup.SlackScopes() {
		mend := "add it under OAuth & Permissions and install the app again"
		switch {
		case slices.Contains(have, s.Name):
			found = append(found, good("scope "+s.Name, s.Why))
		case essential(s.Name):
			found = append(found, fatal("scope "+s.Name, "is missing: the bot "+s.Why, mend))
		default:
			found = append(found, failed("scope "+s.Name, "is missing: the bot "+s.Why, mend))
		}
	}
	extra := slices.DeleteFunc(have, func(s string) bool { return s == "" || slices.Contains(setup.ScopeNames(), s) })
	if len(extra) > 0 {
		found = append(found, warn(check, "the token has more than the bot uses: "+strings.Join(extra, ", "), "take them away"))
	}
	return found
}

// essential reports whether the bot is of no use at all without the scope.
func essential(scope string) bool {
	return slices.Contains([]string{"chat:write", "files:read", "files:write", "users:read"}, scope)
}

// place checks that the bot can post in a channel; setting is what names it.
func (w *slackChecks) place(ctx context.Context, what, id, setting string) Finding {
	check := what + " " + id
	c, err := w.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
	const invite = "invite the bot there: /invite @factorbot"
	switch {
	case slackCode(err) == "channel_not_found":
		return failed(check, "is private without the bot, or does not exist", invite+", or correct "+setting)
	case err != nil:
		return slackTrouble(check, err, "see what Slack says")
	case c.IsArchived:
		return failed(check, "#"+c.Name+" is archived", "unarchive it, or name another in "+setting)
	case !c.IsMember:
		return failed(check, "the bot is not in #"+c.Name, invite)
	}
	return good(check, "the bot is in #"+c.Name)
}

func (w *slackChecks) approver(ctx context.Context, what, id string, home *slack.AuthTestResponse, setting string) Finding {
	check, mend := what+" "+id, "correct "+setting
	u, err := w.api.GetUserInfoContext(ctx, id)
	switch {
	case slackCode(err) == "user_not_found":
		return failed(check, "is not known in this workspace", mend)
	case err != nil:
		return slackTrouble(check, err, "see what Slack says")
	case u.Deleted:
		return failed(check, u.RealName+" is deactivated", mend)
	case u.IsBot:
		return failed(check, u.RealName+" is a bot", mend)
	case u.IsRestricted || u.IsUltraRestricted:
		return failed(check, u.RealName+" is a guest and may not approve", mend)
	case u.TeamID != home.TeamID && (home.EnterpriseID == "" || u.Enterprise.EnterpriseID != home.EnterpriseID):
		return failed(check, u.RealName+" is of another workspace and may not approve", mend)
	case u.Profile.Email == "":
		return warn(check, u.RealName+" shows no e-mail", "without it the bot does not know their Okta user")
	}
	return good(check, u.RealName)
}

func (w *slackChecks) usergroup(ctx context.Context, id string) Finding {
	check := "approvers of user group " + id
	members, err := w.api.GetUserGroupMembersContext(ctx, id)
	switch {
	case err != nil:
		return slackTrouble(check, err, "correct approvers.usergroups")
	case len(members) == 0:
		return failed(check, "nobody is in it", "add people to it, or name another")
	}
	return good(check, fmt.Sprintf("%d people", len(members)))
}

// slackTrouble is a call that failed. A token that Slack refuses is fatal; that
// Slack cannot be reached may pass.
func slackTrouble(check string, err error, mend string) Finding {
	switch code := slackCode(err); code {
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type":
		return fatal(check, "Slack says "+code, mend)
	case "":
		return unknown(check, "Slack could not be asked: "+cli.WithoutURL(err), "check network and proxy; the bot goes on trying")
	default:
		return failed(check, "Slack says "+code, mend)
	}
}

// slackCode is the error code of Slack's answer, "" if there is none.
func slackCode(err error) string {
	if code := slackapi.ErrorCode(err); cli.IsWord(code, "") {
		return code
	}
	return ""
}
