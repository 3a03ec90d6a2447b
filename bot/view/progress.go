package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// Pace is how far a run is, by its log.
type Pace struct {
	ByOutcome map[reset.Outcome]int // targets with an outcome, those that the plan skips not among them
	PerMinute float64               // outcomes a minute lately; 0 if not known
	Left      time.Duration         // until the last outcome at this rate; 0 if not known
	After     reset.Aftermath       // of the last restart
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
	done := sum(p.ByOutcome)
	of := max(r.Plan.Resets, done)
	head := progressHead(r)
	counts := countsLine(p, done, of)
	s := head + "\n`" + bar(done, of) + "`\n" + counts
	blocks := []slack.Block{section(s)}
	if r.State == reset.Running {
		if t := rateLine(p); t != "" {
			blocks = append(blocks, note(t))
		}
	}
	if r.Restarted != nil {
		blocks = append(blocks, note(restarted(r.Restarted, p.After)))
	}
	if b := progressButtons(r); b != nil {
		blocks = append(blocks, b)
	}
	return Message{Text: texted(fmt.Sprintf("%s %s", head, counts)), Blocks: blocks}
}

func progressHead(r *reset.Request) string {
	switch r.State {
	case reset.Paused:
		return fmt.Sprintf(":double_vertical_bar: *%s is paused:* %s %s", r.ID, causeWords(r), lifters(orEmpty(r.Pause)))
	case reset.Stopping:
		return fmt.Sprintf(":octagonal_sign: *%s is stopping*, cancelled by %s. Calls on their way to Okta are waited for.", r.ID, mention(r.MovedBy))
	case reset.Verifying:
		return fmt.Sprintf(":mag: *%s is read back:* did every reset take?", r.ID)
	case reset.Done:
		return fmt.Sprintf(":white_check_mark: *%s is done*%s.", r.ID, tookFor(r))
	case reset.Cancelled:
		return fmt.Sprintf(":octagonal_sign: *%s was cancelled*%s.", r.ID, tookFor(r))
	}
	return fmt.Sprintf(":arrow_forward: *%s is running*, approved by %s.", r.ID, mentions(r.Approved))
}

func orEmpty(p *reset.Pause) *reset.Pause {
	if p == nil {
		return &reset.Pause{}
	}
	return p
}

func tookFor(r *reset.Request) string {
	if r.StartedAt.IsZero() || r.SettledAt.IsZero() {
		return ""
	}
	return " after " + span(r.SettledAt.Sub(r.StartedAt))
}

func countsLine(p Pace, done, of int) string {
	s := fmt.Sprintf("%s of %s: %s reset", count(done), users(of), count(p.ByOutcome[reset.OutcomeReset]))
	for _, o := range reset.Outcomes()[1:] {
		if n := p.ByOutcome[o]; n > 0 || o == reset.OutcomeFailed {
			s += fmt.Sprintf(", %s %s", count(n), outcomeWords(o))
		}
	}
	return s + "."
}

func rateLine(p Pace) string {
	if p.PerMinute <= 0 {
		return ""
	}
	s := fmt.Sprintf("%s a minute", count(int(p.PerMinute+0.5)))
	if p.Left > 0 {
		s += ", about " + span(p.Left) + " left"
	}
	return s
}

func progressButtons(r *reset.Request) slack.Block {
	pause := button(ActionPause, Value(r), "Pause", slack.StyleDefault)
	switch r.State {
	case reset.Running:
		return actions(r, pause, cancelButton(r))
	case reset.Paused:
		if r.Pause != nil && r.Pause.Cause == reset.CauseFreeze {
			return actions(r, cancelButton(r))
		}
		return actions(r, resumeButton(r), cancelButton(r))
	}
	return nil
}
