package view

import (
	"fmt"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// linked is a request's name, as a link to its approval message where there is one.
func linked(r *reset.Request, link string) string {
	if link == "" {
		return named(r)
	}
	return "<" + phrase.Escape(link) + "|" + named(r) + ">"
}

// AskApprover tells one approver directly that a revision of the plan waits for
// them, with what the approval message shows; later, what came of it.
func AskApprover(r *reset.Request, revision int, to reset.Person, link string, k Known) Message {
	if words := decided(r, revision, to); words != "" {
		return Answer(fmt.Sprintf("*%s:* %s", linked(r, link), words))
	}
	s := fmt.Sprintf("*%s needs your decision:* %s", linked(r, link), phrase.Inert(summary(r)))
	text := fmt.Sprintf("%s needs your decision: %s. %s\n%s", named(r), phrase.Inert(summary(r)), askedWords(r), counts(r))
	return Message{Text: texted(text), Blocks: append([]slack.Block{section(s), asked(r)}, deciding(r, k.Users)...)}
}

// AskGroups asks those who are too many to be asked one by one, in the thread.
func AskGroups(r *reset.Request, h Helpers) Message {
	s := fmt.Sprintf("%s: %s needs a decision, expires %s.", h.words(), named(r), phrase.Date(r.ExpiresAt))
	return sentence(s)
}

// decided says why an approver is not asked any more about a revision; "" while they are.
func decided(r *reset.Request, revision int, to reset.Person) string {
	switch {
	case revision != r.Plan.Revision:
		return "There's a newer plan; you're asked about that one."
	case r.State == reset.Pending && r.HasApproved(to):
		return "Your approval counts. Others are needed too."
	case r.State == reset.Pending:
		return ""
	case r.State == reset.Planning:
		return "It's being planned again."
	case r.State == reset.Denied, r.State == reset.Expired, r.State == reset.Cancelled && !r.HasRun():
		return statusLine(r, nil)
	}
	return "Approved by " + phrase.Deciders(r.Approved) + "."
}

// Reminder says in the thread that half of the time for a decision is over.
func Reminder(r *reset.Request) Message {
	s := fmt.Sprintf("*%s still needs a decision:* %s, expires %s.", named(r), phrase.StillNeeded(r), phrase.Date(r.ExpiresAt))
	return sentence(s)
}

// RemindApprover says the same to an approver who has not decided.
func RemindApprover(r *reset.Request, link string, k Known) Message {
	s := fmt.Sprintf("*%s still needs your decision:* %s, expires %s.", linked(r, link), phrase.Inert(summary(r)), phrase.Date(r.ExpiresAt))
	return sentence(phrase.Lines(s, optionWords(r)), asked(r), decisions(r, k.Users))
}

// Ended tells the requester what became of a request.
func Ended(r *reset.Request, link string) Message {
	if r.Export != nil && r.State == reset.Done {
		return Answer(fmt.Sprintf("*%s:* :white_check_mark: *Done.* %s It comes here.", linked(r, link), exported(r.Export)))
	}
	s := fmt.Sprintf("*%s:* %s", linked(r, link), statusLine(r, nil))
	if r.Totals != nil && !phrase.IsExport(r) {
		s = phrase.Lines(s, needs(r), "The result file is in the thread.")
	}
	m := Answer(s)
	if b := retryButton(r); b != nil {
		m.Blocks = append(m.Blocks, actions(r, b))
	}
	return m
}

// ExportNote stands with the file of an export, in the requester's direct messages.
func ExportNote(r *reset.Request) string {
	s := fmt.Sprintf("Your list from *%s*, approved by %s.", named(r), phrase.Deciders(r.Approved))
	if r.Export != nil {
		s += " " + exported(r.Export)
	}
	return phrase.Trim(s+" It has data of people: delete it when you're done.", maxSection)
}

// Undelivered says in the thread who could not be reached by direct message.
func Undelivered(r *reset.Request, who []reset.Person) Message {
	if len(who) == 0 {
		return Answer(fmt.Sprintf("%s: everybody has been told by DM now.", named(r)))
	}
	s := fmt.Sprintf(":warning: %s: I can't DM %s. Please tell them.", named(r), people(who))
	if phrase.IsExport(r) && r.State == reset.Done {
		s = fmt.Sprintf(":warning: %s: I can't DM the file to %s.", named(r), people(who))
	}
	return Answer(s)
}

// ChannelUnreachable tells the requester that the bot cannot write where the request was made, and
// why; with no reason, that it can again.
func ChannelUnreachable(r *reset.Request, why string) Message {
	if why == "" {
		return Answer(fmt.Sprintf("%s: I can write in %s again.", named(r), phrase.Channel(r.Asked.Channel)))
	}
	goes := "It goes on as decided"
	switch {
	case r.State == reset.Pending:
		goes = "Approvers are asked by DM"
	case r.State == reset.Paused:
		goes = "It stays paused"
	case r.State.Settled():
		goes = "It has ended"
	}
	return Answer(fmt.Sprintf(":warning: %s: I can't write in %s: %s. %s; its messages and files follow when I can.",
		named(r), phrase.Channel(r.Asked.Channel), phrase.Escape(why), goes))
}
