package pacer

// splitAfter is how many answers of one endpoint that do not fit the bucket's window
// split the bucket.
const splitAfter = 3

// endpoint is a kind of call, and the bucket that the caller believes it draws on.
type endpoint struct{ bucket, kind string }

// bucketOf is the bucket that the endpoint draws on, as far as answers have shown. p.mu is held.
func (p *Pacer) bucketOf(e endpoint) *bucket {
	if b := p.moved[e]; b != nil {
		return b
	}
	return p.bucket(e.bucket)
}

// evidence is what an answer says about whether it is of the bucket's present window.
type evidence int

const (
	fits  evidence = iota + 1 // or nothing speaks against it
	odd                       // it cannot be of it: both windows are open, and they differ
	vague                     // its limit is another, and a window is about to end
)

// judge compares an answer with the window that another endpoint's answer opened.
// Windows are compared while both are open for another second at least, because
// headers are in whole seconds and answers overtake each other; two ends that differ
// by a second may be the same one, rounded.
func (b *bucket) judge(kind string, a Answer) evidence {
	w := &b.cur
	if !a.Rated || a.Crowded() || !b.known || w.reset == 0 || w.by == kind {
		return fits
	}
	apart := a.Reset - w.reset
	same := apart >= -1 && apart <= 1
	soon := a.date().Unix() + 1
	switch {
	case same && a.Limit == w.limit:
		return fits
	case w.reset > soon && a.Reset > soon:
		return odd
	case same:
		return vague
	}
	return fits
}

// placeOf finds the bucket that an answer belongs to, and whether it tells anything
// about that bucket's window. What is odd three times gets a bucket of its own.
// p.mu is held.
func (p *Pacer) placeOf(e endpoint, a Answer) (b *bucket, tells bool) {
	b = p.bucketOf(e)
	switch b.judge(e.kind, a) {
	case fits:
		if b.cur.by != e.kind && a.Rated && a.Reset <= b.cur.reset {
			delete(b.odd, e.kind)
		}
		return b, true
	case vague:
		return b, false
	}
	if b.odd == nil {
		b.odd = map[string]int{}
	}
	if b.odd[e.kind]++; b.odd[e.kind] < splitAfter {
		return b, false
	}
	delete(b.odd, e.kind)
	return p.split(b, e, a), true
}

// split gives an endpoint another bucket: one that split off before and that its
// answer fits, or a new one. Who waits goes along. p.mu is held.
func (p *Pacer) split(from *bucket, e endpoint, a Answer) *bucket {
	var to *bucket
	for _, b := range p.buckets {
		if b.of == e.bucket && b != from && b.known && a.date().Unix()+1 < b.cur.reset && b.judge("", a) == fits {
			to = b
		}
	}
	if to == nil {
		to = p.bucket(e.bucket + " " + e.kind)
		to.of, to.length = e.bucket, from.length
	}
	p.moved[e] = to
	p.queues[from].move(e.kind, p.queues[to], to)
	return to
}
