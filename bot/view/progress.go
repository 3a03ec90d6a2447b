package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// Pace is how far a run is, by its log.
type Pace struct {
	ByOutcome map[reset.Outcome]int // targets with an outcome, those that the plan skips not among them
	PerMinute float64               // outcomes a minute lately; 0 if not known
	Retrying  int                   // calls that Okta did not answer well and that are sent again
	Left      time.Duration         // until the last outcome at this rate; 0 if not known
	After     reset.RestartOutcome  // of the last restart
}

const barCells = 20

// bar draws a share: "▓▓▓▓▓▓▓▓░░░░░░░░░░░░ 40 %".
func bar(done, of int) string {
	share := 100
	if of > 0 {
		share = min(100, done*100/of)
	}
	full := share * barCells / 100
	return strings.Repeat("▓", full) + strings.Repeat("░", barCells-full) + fmt.Sprintf(" %d %%", share)
}

// Progress is the one message that is edited while a request runs.
func Progress(r *reset.Request, p Pace) Message {
	head := progressHead(r)
	s, counts := head, ""
	if !phrase.IsExport(r) { // how many users an export has is known at its end
		done := phrase.Sum(p.ByOutcome)
		of := max(r.Plan.Resets, done)
		counts = countsLine(r, p, done, of)
		s += "\n`" + bar(done, of) + "`\n" + counts
	}
	blocks := []slack.Block{section(s)}
	for _, t := range progressNotes(r, p) {
		blocks = append(blocks, note(t))
	}
	if b := progressButtons(r); b != nil {
		blocks = append(blocks, b)
	}
	return Message{Text: texted(strings.TrimSpace(head + " " + counts)), Blocks: blocks}
}

// progressNotes are the small print: the rate, the wave, a restart.
func progressNotes(r *reset.Request, p Pace) (list []string) {
	if r.State == reset.Running && !phrase.IsExport(r) {
		list = append(list, rateLine(p), retryLine(p), waveLine(r))
	}
	if r.Restarted != nil {
		list = append(list, restarted(r, p.After))
	}
	return phrase.Filled(list...)
}

// waveLine says how far the run goes before its outcomes are looked at; "" where it does not go in waves.
func waveLine(r *reset.Request) string {
	end, ramping := r.WaveEnd()
	if !ramping {
		return ""
	}
	return fmt.Sprintf("Wave %d of %d: up to %s, then a look at the results.", r.Waves+1, len(r.Terms.Waves)+1, phrase.Users(end))
}

func progressHead(r *reset.Request) string {
	name := named(r)
	switch r.State {
	case reset.Paused:
		return fmt.Sprintf(":double_vertical_bar: *%s is paused.* See below.", name)
	case reset.Stopping:
		return fmt.Sprintf(":no_entry: *%s is stopping*, cancelled by %s.%s", name, phrase.Mention(r.MovedBy), underWay(r))
	case reset.Verifying:
		if phrase.IsExport(r) {
			return fmt.Sprintf(":white_check_mark: *%s: the file is ready.*", name)
		}
		if r.Asked.Options.DryRun {
			return fmt.Sprintf(":hourglass_flowing_sand: *%s:* finishing.", name)
		}
		return fmt.Sprintf(":hourglass_flowing_sand: *%s:* checking in Okta that every reset worked.", name)
	case reset.Done:
		return fmt.Sprintf(":white_check_mark: *%s is done*%s.", name, tookFor(r))
	case reset.Cancelled:
		return fmt.Sprintf(":no_entry: *%s was cancelled*%s.", name, tookFor(r))
	}
	return fmt.Sprintf(":hourglass_flowing_sand: *%s is running*, approved by %s.", name, approvers(r))
}

func tookFor(r *reset.Request) string {
	if r.StartedAt.IsZero() || r.SettledAt.IsZero() {
		return ""
	}
	return " after " + phrase.Span(r.SettledAt.Sub(r.StartedAt))
}

// underWay says what a request that stops waits for, after a blank.
func underWay(r *reset.Request) string {
	if r.Asked.Options.DryRun {
		return ""
	}
	return " Resets already sent to Okta finish first."
}

// countsLine says how far a run is: "198 of 495 users: 196 reset, 2 failed."
func countsLine(r *reset.Request, p Pace, done, of int) string {
	dry := r.Asked.Options.DryRun // which skips everybody
	s := fmt.Sprintf("%s of %s: %s reset", reset.Count(done), phrase.Users(of), reset.Count(p.ByOutcome[reset.OutcomeReset]))
	if dry {
		s = fmt.Sprintf("%s of %s checked", reset.Count(done), phrase.Users(of))
	}
	for _, o := range reset.Outcomes()[1:] {
		if n := p.ByOutcome[o]; n > 0 && !(dry && o == reset.OutcomeSkipped) {
			s += fmt.Sprintf(", %s %s", reset.Count(n), phrase.Outcome(o))
		}
	}
	return s + "."
}

func rateLine(p Pace) string {
	if p.PerMinute <= 0 {
		return ""
	}
	s := fmt.Sprintf("%s a minute", reset.Count(int(p.PerMinute+0.5)))
	if p.Left > 0 {
		s += ", about " + phrase.About(p.Left) + " left"
	}
	return s
}

// retryLine says in a line that Okta does not answer some calls well.
func retryLine(p Pace) string {
	if p.Retrying == 0 {
		return ""
	}
	return fmt.Sprintf("%s didn't go through at first and %s being retried.", reset.Plural(p.Retrying, "call"), phrase.Agree(p.Retrying, "is", "are"))
}

func progressButtons(r *reset.Request) slack.Block {
	if r.State != reset.Running {
		return nil // those of a pause are on its own message
	}
	return actions(r, button(ActionPause, Value(r), "Pause", slack.StyleDefault), cancelButton(r))
}
