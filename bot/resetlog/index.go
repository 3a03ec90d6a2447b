package resetlog

import (
	"iter"
	"slices"
	"time"

	"factorbot/bot/reset"
)

// event is one that tells of a reset of ours.
type event struct {
	at     time.Time // by Okta's clock
	whole  bool      // it tells of all factors at once
	factor string    // type removed, "" if it is not told
	seen   time.Time // when the reading began that found it
}

// index remembers events by user. There may be hundreds of thousands, so they are
// kept without pointers.
type index struct {
	last  map[userKey]int32 // where the user's last one is in all
	all   []noted
	types []string // of factors
}

// userKey is a user's ID; Okta's have 20 characters.
type userKey [20]byte

// noted is an event as it is kept; times are in nanoseconds since 1970.
type noted struct {
	at, seen int64
	earlier  int32 // where the user's one before it is, -1: nowhere
	factor   int16 // where its type is in types
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
		at: x.at.UnixNano(), seen: x.seen.UnixNano(), earlier: earlier, factor: s.typed(x.factor), whole: x.whole,
	})
}

// after returns those since a moment of Okta's clock.
func (s *index) after(since time.Time) index {
	kept := index{types: s.types}
	for key := range s.last {
		user := string(key[:])
		for _, x := range slices.Backward(slices.Collect(s.since(reset.UserID(user), since))) {
			kept.add(user, x)
		}
	}
	return kept
}

// typesMost bounds the types that are told apart; Okta has about twenty.
const typesMost = 1000

func (s *index) typed(factor string) int16 {
	if len(s.types) == 0 {
		s.types = []string{""}
	}
	i := slices.Index(s.types, factor)
	switch {
	case i < 0 && len(s.types) >= typesMost:
		return 0
	case i < 0:
		i = len(s.types)
		s.types = append(s.types, factor)
	}
	return int16(i)
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
			x := event{at: time.Unix(0, n.at), seen: time.Unix(0, n.seen), whole: n.whole, factor: s.types[n.factor]}
			if !x.at.Before(since) && !yield(x) {
				return
			}
		}
	}
}
