package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// EnrolledAfter says in the thread how many users had set up MFA again so long after
// the run, and draws how they became more. Again is when each of them did so.
func EnrolledAfter(r *reset.Request, again []time.Time, of int, after time.Duration) Message {
	c := curveOf(r.SettledAt, again, after)
	s := fmt.Sprintf("%s: *%s of %s* set up MFA again within %s.", r.ID, reset.Count(c.last()), phrase.Users(of), phrase.Span(after))
	return c.message(r, s, of)
}

// Enrolled answers how many users of a request have set up MFA again by now.
func Enrolled(r *reset.Request, again []time.Time, of int, now time.Time) Message {
	if of == 0 {
		return Answer(fmt.Sprintf("%s reset nobody, so nobody has to set up MFA again.", r.ID))
	}
	s := fmt.Sprintf("%s: *%s of %s* %s set up MFA again.", r.ID, reset.Count(len(again)), phrase.Users(of), phrase.Agree(len(again), "has", "have"))
	if !r.State.Settled() || r.SettledAt.IsZero() {
		return Answer(s)
	}
	c := curveOf(r.SettledAt, again, now.Sub(r.SettledAt))
	return c.message(r, s, of)
}

// curve is how many had done something by each of some moments, evenly spaced.
type curve []curvePoint

type curvePoint struct {
	after time.Duration
	n     int
}

// curveMost is how many steps a curve has; Slack's charts take 20 points.
const curveMost = 12

// curveOf counts the moments by how long after a start they were, to the end of a span.
func curveOf(start time.Time, moments []time.Time, whole time.Duration) curve {
	step := stepOf(whole)
	var c curve
	for at := time.Duration(0); whole-at >= step/2 && at < whole; at += step {
		c = append(c, curvePoint{after: at})
	}
	c = append(c, curvePoint{after: max(0, whole)})
	for _, m := range moments {
		for i := range c {
			if m.Sub(start) <= c[i].after {
				c[i].n++
			}
		}
	}
	return c
}

// stepOf is the smallest of some round durations that cuts a span into few enough steps.
func stepOf(whole time.Duration) time.Duration {
	const day = 24 * time.Hour
	for _, step := range []time.Duration{
		10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, day, 7 * day, 30 * day,
	} {
		if whole <= curveMost*step {
			return step
		}
	}
	return whole/curveMost + 1
}

func (c curve) last() int { return c[len(c)-1].n }

// message draws the curve under a sentence; where users are few or time is short,
// the sentence says enough. Where Slack has no charts the numbers are small print.
func (c curve) message(r *reset.Request, s string, of int) Message {
	if of < chartFrom || len(c) < 2 || c.last() == 0 {
		return sentence(s)
	}
	labels := phrase.Each(c, func(p curvePoint) string { return phrase.Shortly(p.after) })
	var data []slack.DataVisualizationDataPoint
	var words []string
	for i, p := range c {
		data = append(data, slack.NewDataVisualizationDataPoint(labels[i], float64(p.n)))
		when := "at the end"
		if p.after > 0 {
			when = "after " + labels[i]
		}
		words = append(words, reset.Count(p.n)+" "+when)
	}
	axis := slack.NewDataVisualizationAxisConfig(labels...)
	axis.XLabel, axis.YLabel = "time since the end", "users"
	line := slack.NewDataVisualizationLineChart(axis, slack.NewDataVisualizationDataSeries("set up MFA again", data...))
	all := strings.Join(words, ", ") + "."
	m := sentence(s, chart(string(r.ID)+": who set up MFA again", line, note(all)))
	m.Text = texted(s + " " + all)
	return m
}
