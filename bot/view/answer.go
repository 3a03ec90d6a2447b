package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// Answer is a private answer that says one thing; the words are ours, with
// untrusted parts in them already escaped by the caller's package, or none.
func Answer(words string) Message {
	return sentence(phrase.Trim(words, maxSection))
}

// Refused is a private answer with a refusal's words, which may quote what a person wrote.
func Refused(words string) Message {
	return Answer(":no_entry: " + quoting(words))
}

// quoting is a refusal's words in mrkdwn.
func quoting(words string) string {
	return phrase.ZonedTimes(phrase.Escape(phrase.Cut(strings.TrimSpace(phrase.Clean(words)), phrase.Shown*2)))
}

// RefusedFor is a refusal that says who can do it instead.
func RefusedFor(words string, h Helpers) Message {
	s := ":no_entry: " + quoting(words)
	if who := h.words(); who != "" {
		s += " " + who + " can."
	}
	return Answer(s)
}

// AskElsewhere tells where requests may be made, to who asked in a DM or a foreign channel.
func AskElsewhere(channels []reset.Channel) Message {
	if len(channels) == 0 {
		return Answer(":no_entry: Resets can't be requested here.")
	}
	return Answer(":no_entry: " + whereToAsk(channels))
}

// whereToAsk names the channels where requests are made.
func whereToAsk(channels []reset.Channel) string {
	return "Request resets in " + phrase.Or(phrase.Each(firstOf(channels, 20), phrase.Channel)) + "."
}

// Opened answers the person who asked: "FR-42: planning 1 user".
func Opened(r *reset.Request) Message {
	switch {
	case r.State == reset.Rejected:
		return Answer(fmt.Sprintf(":no_entry: *%s isn't possible:* %s", named(r), phrase.Ours(r.Refusal)))
	case r.State == reset.Planning:
		s := fmt.Sprintf("%s: planning %s%s. It goes to %s for approval.", r.ID, whoAsked(r), kindMark(r), phrase.Channel(r.Asked.Channel))
		if o := optionWords(r); o != "" {
			s += "\n" + o + "."
		}
		return Answer(s)
	}
	return Answer(fmt.Sprintf("%s: %s.", named(r), phrase.State(r)))
}

// kindMark marks what is not an ordinary reset, for lists and answers.
func kindMark(r *reset.Request) string {
	nobody := "nobody will be reset"
	if r.State.Settled() {
		nobody = "nobody was reset"
	}
	switch {
	case phrase.IsExport(r):
		return ", for an export"
	case r.Asked.Options.DryRun && r.Asked.Options.BreakGlass:
		return ", BREAK GLASS dry run: " + nobody
	case r.Asked.Options.DryRun:
		return ", dry run: " + nobody
	case r.Asked.Options.BreakGlass:
		return ", BREAK GLASS: protected users are included"
	}
	return ""
}

// Moved answers who decided, paused, resumed or cancelled, with how the request stands now.
func Moved(r *reset.Request) Message {
	switch r.State {
	case reset.Pending:
		return Answer(fmt.Sprintf("%s: your approval counts. %s needed.", named(r), reset.Plural(r.MissingApprovals(), "more approval")))
	case reset.Stopping:
		return Answer(fmt.Sprintf("%s is stopping.%s", named(r), underWay(r)))
	}
	return Answer(fmt.Sprintf("%s: %s.", named(r), phrase.State(r)))
}

// Status answers how some requests stand, newest first.
func Status(all []*reset.Request) Message {
	if len(all) == 0 {
		return Answer("You have no requests. Drop a CSV in the channel, or try `/factor-reset help`.")
	}
	var blocks []slack.Block
	var text []string
	for _, r := range firstOf(all, 20) {
		s := fmt.Sprintf("*%s* %s%s · %s · %s · %s", r.ID, whoAsked(r), kindMark(r), phrase.Mention(r.Asked.By), phrase.Date(r.Asked.At), phrase.State(r))
		blocks = append(blocks, section(phrase.Lines(s, statusLine(r, nil))))
		text = append(text, fmt.Sprintf("%s: %s", named(r), phrase.State(r)))
	}
	return Message{Text: texted(strings.Join(text, "\n")), Blocks: blocks}
}

// Help answers what can be said to the bot.
func Help() Message {
	return Answer(strings.Join([]string{
		"*Reset Okta MFA for one or many users*",
		"• `/factor-reset` opens a form. Or drop a CSV of users in the channel; your message is the reason.",
		"• `/factor-reset ana@example.com @bob because lost phone`: IDs, logins, e-mails or mentions, then the reason.",
		"• `group:\"NAME\"` or `search:EXPRESSION` instead of users: an Okta group, or what Okta's search finds.",
		"• Before `because`: `factors:sms,call` for only those, `sessions:revoke` to end Okta sessions, `at:\"tomorrow 07:00\"` to wait.",
		"• `dry-run USERS because ...`: everything but the resets. `break-glass USERS because ...`: protected users too, with more approvals.",
		"• `export`: a list of users as a file, or `export search:EXPRESSION columns:id,login,department because ...`.",
		"• `status`, `status FR-42`, `status ana@example.com`, `history`, `history mine`, `history @ana`, `history 30d`.",
		"• `pause FR-42`, `resume FR-42`, `cancel FR-42`, `retry FR-42` (those who failed, as a new request).",
		"• `enrolled FR-42`: who set up MFA again. `receipt FR-42`: the record of a request.",
		"• `freeze` stops everything, `thaw` lifts that (approvers). `whoami`: what you can do here.",
		"Somebody else approves every request, and its thread gets the result file.",
	}, "\n"))
}

// AddReason asks an uploader privately for the reason that the upload lacks.
func AddReason(u Upload, file string) Message {
	s := fmt.Sprintf("Add a reason to reset the users in %s.", phrase.Code(file))
	return sentence(s, slack.NewActionBlock("reason", button(ActionAddReason, u.Value(), "Add a reason", slack.StylePrimary)))
}

// TooLate answers who was not the first: it says what was found, and who did it.
func TooLate(e *reset.TransitionError) Message {
	s := fmt.Sprintf("%s is already %s", e.ID, phrase.State(&reset.Request{State: e.Found}))
	if e.By != "" {
		s += " (by " + phrase.Mention(e.By) + ")"
	}
	return Answer(s + ". Nothing changed.")
}

// InternalError answers what nobody foresaw; ref is what the log line is found by.
func InternalError(ref string) Message {
	return Answer(fmt.Sprintf(":warning: Something went wrong on my side (ref `%s`). Try again; if it keeps happening, send that reference to your admin.", phrase.Escape(ref)))
}
