package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// Reset tells an affected user that their factors were reset, who did it, and
// what to do now. The reason stays between those who asked and approved.
func Reset(r *reset.Request, row int) Message {
	what := "MFA"
	if len(r.Asked.Options.Factors) > 0 {
		what = "MFA (" + factors(r.Asked.Options) + ")"
	}
	s := fmt.Sprintf(":white_check_mark: *Your Okta %s was reset.* %s asked for it (%s)", what, phrase.Mention(r.Asked.By), r.ID)
	if len(r.Approved) > 0 {
		s += ", and " + approvers(r) + " approved it"
	}
	s += "."
	if r.Asked.Options.RevokeSessions {
		s += " Your Okta sessions were ended."
	}
	next := fmt.Sprintf("*What to do:* sign in to %s as always; Okta asks you to set up MFA again. Nobody needs to call you for that. Don't give anyone a code or password.", phrase.Code(r.Org))
	why := "Didn't expect this? Press the button to tell the security team."
	notMe := button(ActionNotMe, RowValue(r.ID, row), "That wasn't me", slack.StyleDanger).WithConfirm(confirmation(
		"Tell the security team?", "They hear that you didn't expect this reset.", "Tell them", slack.StyleDanger))
	return Message{
		Text:   texted(s + "\n" + next + "\n" + why),
		Blocks: []slack.Block{section(s), section(next), note(why), slack.NewActionBlock("notice-"+string(r.ID), notMe)},
	}
}

// NoticeCounts counts the affected users of a request.
type NoticeCounts struct {
	Told       int
	NoAccount  int // no Slack account has their Okta e-mail
	NotReached int // Slack took no message for them
	TooMany    int // over Max
	Max        int
}

// NoticesSent says in the thread how many affected users were told by direct message.
func NoticesSent(r *reset.Request, c NoticeCounts) Message {
	all := c.Told + c.NoAccount + c.NotReached + c.TooMany
	s := fmt.Sprintf("%s: %s of %s %s told by DM.", r.ID, reset.Count(c.Told), phrase.Users(all), phrase.Agree(c.Told, "was", "were"))
	if all == 0 {
		s = fmt.Sprintf("%s reset nobody, so nobody was told.", r.ID)
	}
	var why []string
	add := func(n int, words string) {
		if n > 0 {
			why = append(why, phrase.Users(n)+": "+words)
		}
	}
	add(c.NoAccount, "no Slack account with their Okta e-mail")
	add(c.NotReached, "Slack took no message")
	add(c.TooMany, "over the limit of "+reset.Count(c.Max))
	if len(why) > 0 {
		s += " Not told: " + strings.Join(why, "; ") + "."
	}
	return sentence(s)
}

// approvers names who approved, without their Okta logins.
func approvers(r *reset.Request) string {
	return people(phrase.Each(firstOf(r.Approved, 5), func(v reset.Decision) reset.Person { return v.By }))
}

// GlassAlert tells the channel for alerts how far a break-glass request is; happened is a phrase of ours: "was approved".
func GlassAlert(r *reset.Request, happened string) Message {
	s := fmt.Sprintf(":rotating_light: *The break-glass request %s %s.* Requested by %s in %s", r.ID, happened, phrase.Mention(r.Asked.By), phrase.Channel(r.Asked.Channel))
	if len(r.Approved) > 0 {
		s += ", approved by " + approvers(r)
	}
	s += fmt.Sprintf(": %s, of them %s protected.", phrase.Users(r.Plan.Resets), reset.Count(r.Plan.BreakGlassUsers))
	if t := totals(r); t != "" {
		s += " " + t
	}
	return because(s, r.Asked.Reason)
}

// ReportAlert tells the channel for alerts that an affected user did not expect a reset.
func ReportAlert(r *reset.Request, w reset.Report) Message {
	who := phrase.Mention(w.By)
	if w.By == "" {
		who = phrase.Code(w.Login) + " reported to Okta that they"
	}
	s := fmt.Sprintf(":rotating_light: *%s didn't expect their MFA reset* by %s, %s. It was requested by %s in %s", who, r.ID, phrase.Date(w.At), phrase.Mention(r.Asked.By), phrase.Channel(r.Asked.Channel))
	if len(r.Approved) > 0 {
		s += " and approved by " + approvers(r)
	}
	s += fmt.Sprintf(". Reports so far: %s. Now: %s. `/factor-reset freeze` stops everything.", reset.Count(len(r.Reported)), phrase.State(r))
	return sentence(s)
}
