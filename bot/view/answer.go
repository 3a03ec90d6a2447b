package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// Answer is a private answer that says one thing; the words are ours, with
// untrusted parts in them already escaped by the caller's package, or none.
func Answer(words string) Message {
	s := trim(words, maxSection)
	return Message{Text: texted(s), Blocks: []slack.Block{section(s)}}
}

// Refused is a private answer with a refusal's words, which may quote what a person wrote.
func Refused(words string) Message {
	return Answer(":no_entry: " + escape(cut(strings.TrimSpace(clean(words)), shownRunes*2)))
}

// AskElsewhere tells where requests may be made, to who asked in a DM or a foreign channel.
func AskElsewhere(channels []reset.Channel) Message {
	links := make([]string, 0, len(channels))
	for _, c := range channels[:min(len(channels), 20)] {
		links = append(links, channelLink(c))
	}
	if len(links) == 0 {
		return Answer(":no_entry: Resets are not asked for here.")
	}
	return Answer(":no_entry: Resets are not asked for here. Ask in " + either(links) + ", where approvers see it.")
}

// Opened answers the person who asked: "FR-42: planning 1 user".
func Opened(r *reset.Request) Message {
	switch {
	case r.State == reset.Rejected:
		return Answer(fmt.Sprintf(":no_entry: *%s is not possible:* %s", named(r), told(r.Refusal)))
	case r.State == reset.Planning:
		return Answer(fmt.Sprintf("%s: planning %s%s. When the plan is ready, it is posted in %s for approval.%s",
			r.ID, whom(r), kindMark(r), channelLink(r.Asked.Channel), notTill(r)))
	}
	return Answer(fmt.Sprintf("%s: %s.", named(r), stateWords(r)))
}

// kindMark marks what is not an ordinary reset, for lists and answers.
func kindMark(r *reset.Request) string {
	switch {
	case r.Asked.Kind == reset.KindExport:
		return ", for an export"
	case r.Asked.Options.DryRun && r.Asked.Options.BreakGlass:
		return ", BREAK GLASS, dry run: nobody will be reset"
	case r.Asked.Options.DryRun:
		return ", dry run: nobody will be reset"
	case r.Asked.Options.BreakGlass:
		return ", BREAK GLASS: protected users are included"
	}
	return ""
}

// notTill says when a request may start, where that was asked for.
func notTill(r *reset.Request) string {
	if r.Asked.NotTill.IsZero() {
		return ""
	}
	return " It starts " + date(r.Asked.NotTill) + " at the earliest."
}

// Moved answers who decided, paused, resumed or cancelled, with how the request stands now.
func Moved(r *reset.Request) Message {
	switch r.State {
	case reset.Pending:
		return Answer(fmt.Sprintf("%s: your approval counts; %s needed.", named(r), plural(r.Missing(), "more approval")))
	case reset.Stopping:
		return Answer(fmt.Sprintf("%s stops; calls on their way to Okta are waited for.", named(r)))
	}
	return Answer(fmt.Sprintf("%s: %s.", named(r), stateWords(r)))
}

// Status answers how some requests stand, newest first.
func Status(all []*reset.Request) Message {
	if len(all) == 0 {
		return Answer("You have no requests. Drop a CSV in the channel, or try `/factor-reset help`.")
	}
	var blocks []slack.Block
	var text []string
	for _, r := range all[:min(len(all), 20)] {
		s := fmt.Sprintf("*%s* %s%s · asked by %s %s · %s", r.ID, users(max(r.Plan.Resets, 0)), kindMark(r), mention(r.Asked.By), date(r.Asked.At), stateWords(r))
		if r.Plan.Digest == "" {
			s = fmt.Sprintf("*%s* %s%s · asked by %s %s · %s", r.ID, rowsOrSet(r), kindMark(r), mention(r.Asked.By), date(r.Asked.At), stateWords(r))
		}
		if st := standing(r); st != "" {
			s += "\n" + st
		}
		blocks = append(blocks, section(s))
		text = append(text, fmt.Sprintf("%s: %s", named(r), stateWords(r)))
	}
	return Message{Text: texted(strings.Join(text, "\n")), Blocks: blocks}
}

func rowsOrSet(r *reset.Request) string {
	if isSet(r) {
		return whom(r)
	}
	return plural(r.Rows, "row")
}

// Help answers what can be said to the bot.
func Help() Message {
	return Answer(strings.Join([]string{
		"*Reset Okta MFA factors in bulk*",
		"• `/factor-reset` alone opens a form. Or drop a CSV with a column of Okta user IDs, logins or e-mails in the channel; the message text is the reason.",
		"• `/factor-reset ana@example.com @bob because lost phone`: IDs, logins, e-mails and mentions, then the reason.",
		"• `group:\"NAME\"` or `search:EXPRESSION` in place of users: the members of an Okta group, or whom Okta's search finds.",
		"• Before `because`: `factors:sms, call` for only these, `sessions:revoke` to end the users' Okta sessions, too, `at:\"tomorrow 07:00\"` to wait.",
		"• `dry-run USERS because ...`: everything but the resets. `break-glass USERS because ...`: protected users too, with more approvals.",
		"• `export` opens a form for a list of users as a file; `export search:EXPRESSION columns:id,login,department because ...` asks for it at once.",
		"• `status`, `status FR-42`, `history`, `history mine`, `history @ana`, `history 30d`: how requests stand.",
		"• `pause FR-42`, `resume FR-42`, `cancel FR-42`, `retry FR-42` (what failed or was not run, as a new request).",
		"• `enrolled FR-42`: who has enrolled again. `receipt FR-42`: digests, decisions and outcomes.",
		"• `freeze` stops everything at once, `thaw` lifts that (approvers). `whoami`: what you may do here.",
		"Somebody else approves each request before anybody is reset, and the result file is posted in its thread.",
	}, "\n"))
}

// AddReason asks an uploader privately for the reason that the upload lacks.
func AddReason(u Upload, file string) Message {
	s := fmt.Sprintf("Why should the users in %s be reset? A request needs a reason.", code(file))
	b := button(ActionAddReason, u.Value(), "Add a reason", slack.StylePrimary)
	return Message{Text: texted(s), Blocks: []slack.Block{section(s), slack.NewActionBlock("reason", b)}}
}

// NotCSV tells privately how to make a roster of a spreadsheet or archive.
func NotCSV(file string) Message {
	return Answer(fmt.Sprintf("%s is not a text table. In Excel choose *File > Save as > CSV UTF-8*, in Google Sheets "+
		"*File > Download > CSV*, unpack an archive first, and drop that file here.", code(file)))
}

// TooLate answers who was not the first: it says what was found, and who did it.
func TooLate(e *reset.TransitionError) Message {
	s := fmt.Sprintf("%s is already %s", e.ID, stateWords(&reset.Request{State: e.Found}))
	if e.By != "" {
		s += " (by " + mention(e.By) + ")"
	}
	return Answer(s + ", so this changed nothing.")
}

// Puzzled answers what nobody foresaw; ref is what the log line is found by.
func Puzzled(ref string) Message {
	return Answer(fmt.Sprintf(":warning: Something went wrong (ref `%s`). Please try again; if it stays, give the reference to whoever runs the bot.", escape(ref)))
}
