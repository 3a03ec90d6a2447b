package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// linked is a request's name, as a link to its approval message where there is one.
func linked(r *reset.Request, link string) string {
	if link == "" {
		return named(r)
	}
	return "<" + escape(link) + "|" + named(r) + ">"
}

// AskApprover tells one approver directly that a revision of the plan waits for
// them, with the buttons to decide; later, what came of it.
func AskApprover(r *reset.Request, revision int, to reset.Person, link string) Message {
	if words := decided(r, revision, to); words != "" {
		return Answer(fmt.Sprintf("*%s:* %s", linked(r, link), words))
	}
	s := fmt.Sprintf("*%s needs a decision.* %s asks: %s.", linked(r, link), mention(r.Asked.By), inTitle(r))
	blocks := []slack.Block{section(s), quote("Why", r.Asked.Reason)}
	if len(r.Plan.Odd) > 0 {
		blocks = append(blocks, section(sentences(":eyes:", r.Plan.Odd)))
	}
	blocks = append(blocks, caution(r), votes(r), decisions(r))
	return Message{Text: texted(s + " Why: " + inert(cut(line(r.Asked.Reason), 300))), Blocks: blocks}
}

// inTitle is the title without the name.
func inTitle(r *reset.Request) string {
	_, what, _ := strings.Cut(title(r), ": ")
	return what
}

// decided says why an approver is not asked any more about a revision; "" while they are.
func decided(r *reset.Request, revision int, to reset.Person) string {
	switch {
	case revision != r.Plan.Revision:
		return "There is a newer plan, which you are asked about anew."
	case r.State == reset.Pending && r.HasApproved(to):
		return "Your approval counts. Others are needed, too."
	case r.State == reset.Pending:
		return ""
	case r.State == reset.Planning:
		return "It is planned anew."
	case r.State == reset.Denied, r.State == reset.Expired, r.State == reset.Cancelled && !r.HasRun():
		return standing(r)
	}
	return "Approved by " + voices(r.Approved) + "."
}

// Reminder says in the thread that half of the time for a decision is over.
func Reminder(r *reset.Request) Message {
	s := fmt.Sprintf(":hourglass_flowing_sand: *%s still waits:* %s. It expires %s.", named(r), wanting(r), date(r.ExpiresAt))
	return Message{Text: texted(s), Blocks: []slack.Block{section(s)}}
}

// RemindApprover says the same to an approver who has not decided.
func RemindApprover(r *reset.Request, link string) Message {
	s := fmt.Sprintf(":hourglass_flowing_sand: *%s still waits for a decision*, and expires %s. %s asked: %s.", linked(r, link), date(r.ExpiresAt), mention(r.Asked.By), inTitle(r))
	return Message{Text: texted(s), Blocks: []slack.Block{section(s), decisions(r)}}
}

// Ended tells the requester what became of a request.
func Ended(r *reset.Request, link string) Message {
	s := fmt.Sprintf("*%s* has ended. %s", linked(r, link), standing(r))
	if r.Export != nil && r.State == reset.Done {
		return Answer(fmt.Sprintf("*%s* has ended. :white_check_mark: *Done.* %s It comes here.", linked(r, link), exported(r.Export)))
	}
	if r.Totals != nil && !isExport(r) {
		s += "\nThe result file is in the thread of the request."
		if t := todo(r); t != "" {
			s += "\n" + t
		}
	}
	return Answer(s)
}

// ExportNote stands with the file of an export, in the requester's direct messages.
func ExportNote(r *reset.Request) string {
	s := fmt.Sprintf("The list that you asked for with *%s*, approved by %s.", named(r), voices(r.Approved))
	if r.Export != nil {
		s += " " + exported(r.Export) + " Its SHA-256 is `" + string(r.Export.SHA256.Short()) + "…`."
	}
	return trim(s+" It holds data of people: keep it as short as you need it.", maxSection)
}

// Untold says in the thread who could not be reached by direct message.
func Untold(r *reset.Request, whom []reset.Person) Message {
	if len(whom) == 0 {
		return Answer(fmt.Sprintf("%s: everybody is told by direct message now.", named(r)))
	}
	s := fmt.Sprintf(":warning: %s: %s could not be told by direct message; Slack does not let the bot write to them. Please tell them.", named(r), people(whom))
	if isExport(r) && r.State == reset.Done {
		s = fmt.Sprintf(":warning: %s: the file could not be sent to %s by direct message; Slack does not let the bot write there.", named(r), people(whom))
	}
	return Answer(s)
}

// Astray tells the requester that the bot cannot write where the request was made, and
// why; with no reason, that it can again.
func Astray(r *reset.Request, why string) Message {
	if why == "" {
		return Answer(fmt.Sprintf("The messages of %s are in %s again.", named(r), channelLink(r.Asked.Channel)))
	}
	goes := "It goes on as it was decided"
	switch {
	case r.State == reset.Pending:
		goes = "It waits for a decision, and approvers are asked by direct message"
	case r.State == reset.Paused:
		goes = "It stays paused"
	case r.State.Settled():
		goes = "It has ended"
	}
	return Answer(fmt.Sprintf(":warning: The bot cannot write about %s in %s: %s. %s; nothing is lost, and its messages and files come as soon as the bot can write there.",
		named(r), channelLink(r.Asked.Channel), escape(why), goes))
}
