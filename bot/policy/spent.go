package policy

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"factorbot/bot/reset"
)

// Day and Hour are the spans of the brakes.
const (
	Day  = 24 * time.Hour
	Hour = time.Hour
)

// Usage is how many targets count against a bound, and when they cease to.
type Usage struct {
	Targets int
	frees   []free // by time
}

// free is targets that cease to count; at zero when that is not known.
type free struct {
	at      time.Time
	targets int
}

// RoomAt returns when there is room for so many more under the limit: now, or
// the moment when enough of what is spent has ceased to count; ok is false
// where that is never, or cannot be known yet. A limit of 0 is none.
func (s Usage) RoomAt(limit, more int, now time.Time) (at time.Time, ok bool) {
	used := s.Targets
	if limit <= 0 || used+more <= limit {
		return now, true
	}
	for _, f := range s.frees {
		used -= f.targets
		if used+more <= limit {
			return f.at, true
		}
	}
	return time.Time{}, false
}

func (s *Usage) add(n int, until time.Time) {
	s.Targets += n
	if !until.IsZero() {
		s.frees = append(s.frees, free{until, n})
	}
}

func (s *Usage) sorted() Usage {
	slices.SortFunc(s.frees, func(a, b free) int { return a.at.Compare(b.at) })
	return *s
}

// AskedToday counts the targets of the requester's other requests of a day, asked
// and not rejected, denied, expired or lapsed, so that splitting a roster does
// not make a large batch small, by another Slack account neither. A request that is being planned counts with its
// rows: nobody knows yet how many of them. Exports and dry runs touch nobody
// and do not count.
func AskedToday(requests iter.Seq2[*reset.Request, error], asked reset.Ask, now time.Time, except reset.ID) (Usage, error) {
	var s Usage
	none := []reset.State{reset.Rejected, reset.Denied, reset.Expired, reset.Lapsed}
	for q, err := range requests {
		if err != nil {
			return Usage{}, err
		}
		switch until := q.Asked.At.Add(Day); {
		case q.ID == except, !q.Asked.SamePerson(asked), !touches(q), !now.Before(until), slices.Contains(none, q.State):
		case q.State == reset.Planning:
			s.add(cmp.Or(q.Plan.Resets, q.Rows), until)
		default:
			s.add(q.Plan.Resets, until)
		}
	}
	return s.sorted(), nil
}

// RanSince counts the targets of requests that have begun to run and have not ended,
// or ended within the span; of who asked for one, or of the org where that is nil.
func RanSince(requests iter.Seq2[*reset.Request, error], asked *reset.Ask, span time.Duration, now time.Time, except reset.ID) (Usage, error) {
	var s Usage
	for q, err := range requests {
		switch {
		case err != nil:
			return Usage{}, err
		case q.ID == except, asked != nil && !q.Asked.SamePerson(*asked), !q.HasRun(), !touches(q):
		case q.SettledAt.IsZero():
			s.add(q.Plan.Resets, time.Time{})
		case now.Before(q.SettledAt.Add(span)):
			s.add(sent(q), q.SettledAt.Add(span))
		}
	}
	return s.sorted(), nil
}

// OrgHour counts what all requests have reset, or are resetting, within an hour.
func OrgHour(requests iter.Seq2[*reset.Request, error], now time.Time, except reset.ID) (Usage, error) {
	return RanSince(requests, nil, Hour, now, except)
}

// sent is how many targets of a settled request something was sent for, at most.
func sent(q *reset.Request) int {
	if q.Totals == nil {
		return q.Plan.Resets
	}
	return q.Totals.ByOutcome[reset.OutcomeReset] + q.Totals.ByOutcome[reset.OutcomeFailed]
}

func touches(q *reset.Request) bool {
	return q.Asked.Kind != reset.KindExport && !q.Asked.Options.DryRun
}
