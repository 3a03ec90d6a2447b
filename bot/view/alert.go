package view

import (
	"fmt"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// GlassAlert tells the channel for alerts how far a break-glass request is; happened is a phrase of ours: "was approved".
func GlassAlert(r *reset.Request, happened string) Message {
	s := fmt.Sprintf(":rotating_light: *The break-glass request %s %s.* Requested by %s in %s", r.ID, happened, mention(r.Asked.By), channelLink(r.Asked.Channel))
	if len(r.Approved) > 0 {
		s += ", approved by " + approvers(r)
	}
	s += fmt.Sprintf(": %s, of them %s protected.", users(r.Plan.Resets), count(r.Plan.Broken))
	if t := totals(r); t != "" {
		s += " " + t
	}
	return because(s, r.Asked.Reason)
}

// ReportAlert tells the channel for alerts that an affected user did not expect a reset.
func ReportAlert(r *reset.Request, w reset.Report) Message {
	s := fmt.Sprintf(":rotating_light: *%s didn't expect their MFA reset* by %s, %s. It was requested by %s in %s", mention(w.By), r.ID, date(w.At), mention(r.Asked.By), channelLink(r.Asked.Channel))
	if len(r.Approved) > 0 {
		s += " and approved by " + approvers(r)
	}
	s += fmt.Sprintf(". Reports so far: %d. Now: %s. `/factor-reset freeze` stops everything.", len(r.Reported), stateWords(r))
	return Message{Text: texted(s), Blocks: []slack.Block{section(s)}}
}
