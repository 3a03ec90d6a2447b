package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// Reset tells an affected user that their factors were reset, by whom, and
// what to do now. The reason stays between those who asked and approved.
func Reset(r *reset.Request, row int) Message {
	what := "MFA"
	if len(r.Asked.Options.Factors) > 0 {
		what = "MFA (" + factors(r.Asked.Options) + ")"
	}
	s := fmt.Sprintf(":white_check_mark: *Your Okta %s was reset.* %s asked for it (%s)", what, mention(r.Asked.By), r.ID)
	if len(r.Approved) > 0 {
		s += ", and " + approvers(r) + " approved it"
	}
	s += "."
	if r.Asked.Options.RevokeSessions {
		s += " Your Okta sessions were ended."
	}
	next := fmt.Sprintf("*What to do:* sign in to %s as always; Okta asks you to set up MFA again. Nobody needs to call you for that. Don't give anyone a code or password.", code(r.Org))
	why := "Didn't expect this? Press the button to tell the security team."
	notMe := confirmed(button(ActionNotMe, RowValue(r.ID, row), "That wasn't me", slack.StyleDanger),
		"Tell the security team?", "They hear that you didn't expect this reset.", "Tell them", slack.StyleDanger)
	return Message{
		Text:   texted(s + "\n" + next + "\n" + why),
		Blocks: []slack.Block{section(s), section(next), note(why), slack.NewActionBlock("notice-"+string(r.ID), notMe)},
	}
}

// Told counts the affected users of a request.
type Told struct {
	Told       int
	NoAccount  int // no Slack account has their Okta e-mail
	NotReached int // Slack took no message for them
	TooMany    int // over Max
	Max        int
}

// NoticesSent says in the thread how many affected users were told by direct message.
func NoticesSent(r *reset.Request, c Told) Message {
	all := c.Told + c.NoAccount + c.NotReached + c.TooMany
	s := fmt.Sprintf("%s: %s of %s %s told by DM.", r.ID, count(c.Told), users(all), wereTold(c.Told))
	if all == 0 {
		s = fmt.Sprintf("%s reset nobody, so nobody was told.", r.ID)
	}
	var why []string
	if c.NoAccount > 0 {
		why = append(why, fmt.Sprintf("%s: no Slack account with their Okta e-mail", users(c.NoAccount)))
	}
	if c.NotReached > 0 {
		why = append(why, fmt.Sprintf("%s: Slack took no message", users(c.NotReached)))
	}
	if c.TooMany > 0 {
		why = append(why, fmt.Sprintf("%s: over the limit of %s", users(c.TooMany), count(c.Max)))
	}
	if len(why) > 0 {
		s += " Not told: " + strings.Join(why, "; ") + "."
	}
	return Message{Text: texted(s), Blocks: []slack.Block{section(s)}}
}

func wereTold(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// approvers names who approved, without their Okta logins.
func approvers(r *reset.Request) string {
	who := make([]reset.Person, 0, len(r.Approved))
	for _, v := range r.Approved[:min(len(r.Approved), 5)] {
		who = append(who, v.By)
	}
	return people(who)
}
