package okta

// waiter is one call that waits for its turn.
type waiter struct {
	bucket  *bucket
	granted chan struct{} // closed with the grant
	rider   bool          // it uses the place of a slot that is held already
	urgent  bool          // a person waits for it
	slot    bool          // it is recorded between its grant and its leaving
	seat    seat          // what the grant has
	gone    bool          // granted, or given up
}

// lastLook is the lane of a reading that a held slot waits for: it goes before
// everything else, and uses the slot's place, or slots could wait for each other.
const lastLook Lane = "\x00last look"

// queue is who waits for one bucket: last looks, the urgent, then the lanes in turn.
type queue struct {
	lanes map[Lane][]*waiter
	turns []Lane // lanes with somebody in them, the next first; never Urgent or lastLook
}

func (q *queue) push(l Lane, w *waiter) {
	if q.lanes == nil {
		q.lanes = map[Lane][]*waiter{}
	}
	if l != Urgent && l != lastLook && len(q.lanes[l]) == 0 {
		q.turns = append(q.turns, l)
	}
	q.lanes[l] = append(q.lanes[l], w)
}

// head is who is next, and whether a person waits for it; nil: nobody.
func (q *queue) head() (w *waiter, urgent bool) {
	if w := q.front(lastLook); w != nil {
		return w, true
	}
	if w := q.front(Urgent); w != nil {
		return w, true
	}
	for len(q.turns) > 0 {
		if w := q.front(q.turns[0]); w != nil {
			return w, false
		}
		q.turns = q.turns[1:]
	}
	return nil, false
}

// pop takes the head away and gives the next lane its turn.
func (q *queue) pop() {
	w, urgent := q.head()
	if w == nil {
		return
	}
	if urgent {
		l := Urgent
		if w.rider {
			l = lastLook
		}
		q.drop(l)
		return
	}
	l := q.turns[0]
	q.turns = q.turns[1:]
	q.drop(l)
	if len(q.lanes[l]) > 0 {
		q.turns = append(q.turns, l)
	}
}

// front is the first of a lane who has not given up.
func (q *queue) front(l Lane) *waiter {
	for len(q.lanes[l]) > 0 {
		if w := q.lanes[l][0]; !w.gone {
			return w
		}
		q.drop(l)
	}
	return nil
}

func (q *queue) drop(l Lane) {
	rest := q.lanes[l][1:]
	if len(rest) == 0 {
		delete(q.lanes, l)
		return
	}
	q.lanes[l] = rest
}

// waiting counts who has not given up.
func (q *queue) waiting() int {
	n := 0
	for _, lane := range q.lanes {
		for _, w := range lane {
			if !w.gone {
				n++
			}
		}
	}
	return n
}
