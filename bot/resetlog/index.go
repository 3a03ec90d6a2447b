package resetlog

import (
	"iter"
	"slices"
	"time"
	"unique"

	"factorbot/bot/reset"
)

// event is one that tells of a reset of ours.
type event struct {
	at     time.Time // by Okta's clock
	whole  bool      // it tells of all factors at once
	factor string    // type removed, "" if it is not told
	seen   time.Time // when the reading began that found it
}

// index remembers events by user. There may be hundreds of thousands: 300,000 of 100,000
// users take 15 MB, where a slice for each user takes 37.
type index struct {
	last map[userKey]int32 // where the user's last one is in all
	all  []noted
}

// userKey is a user's ID; Okta's have 20 characters.
type userKey [20]byte

// noted is an event as it is kept; times are in nanoseconds since 1970.
type noted struct {
	at, seen int64
	factor   unique.Handle[string]
	earlier  int32 // where the user's one before it is, -1: nowhere
	whole    bool
}

func (s *index) add(user string, x event) {
	var key userKey
	if len(user) != len(key) {
		return // no user of Okta
	}
	copy(key[:], user)
	if s.last == nil {
		s.last = map[userKey]int32{}
	}
	earlier, ok := s.last[key]
	if !ok {
		earlier = -1
	}
	s.last[key] = int32(len(s.all))
	s.all = append(s.all, noted{
		at: x.at.UnixNano(), seen: x.seen.UnixNano(), earlier: earlier, factor: unique.Make(x.factor), whole: x.whole,
	})
}

// after returns those since a moment of Okta's clock.
func (s *index) after(since time.Time) index {
	var kept index
	for key := range s.last {
		user := string(key[:])
		for _, x := range slices.Backward(slices.Collect(s.since(reset.UserID(user), since))) {
			kept.add(user, x)
		}
	}
	return kept
}

// since yields those of a user since a moment of Okta's clock, the latest noted first.
func (s *index) since(user reset.UserID, since time.Time) iter.Seq[event] {
	return func(yield func(event) bool) {
		var key userKey
		copy(key[:], user)
		i, ok := s.last[key]
		if !ok || len(user) != len(key) {
			return
		}
		for ; i >= 0; i = s.all[i].earlier {
			n := s.all[i]
			x := event{at: time.Unix(0, n.at), seen: time.Unix(0, n.seen), whole: n.whole, factor: n.factor.Value()}
			if !x.at.Before(since) && !yield(x) {
				return
			}
		}
	}
}
