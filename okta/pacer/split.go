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

// foreign says whether an answer cannot be of the window that another kind of call opened.
// Other ends are compared while both windows are open for another second at least, because
// headers are in whole seconds and answers overtake each other; two ends that differ
// by a second may be the same one, rounded.
func (b *bucket) foreign(kind string, a Answer) bool {
	w := &b.cur
	if !a.Rated || a.Crowded() || w.reset == 0 || w.by == kind {
		return false
	}
	if apart := a.Reset - w.reset; apart >= -1 && apart <= 1 {
		return a.Limit != w.limit
	}
	soon := a.date().Unix() + 1
	return w.reset > soon && a.Reset > soon
}

// bucketFor finds the bucket that an answer belongs to, and whether it is of that bucket's
// window. What is not, three times, gets a bucket of its own. p.mu is held.
func (p *Pacer) bucketFor(e endpoint, a Answer) (b *bucket, ofWindow bool) {
	b = p.bucketOf(e)
	if !b.foreign(e.kind, a) {
		delete(b.odd, e.kind)
		return b, true
	}
	if b.odd[e.kind]++; b.odd[e.kind] < splitAfter {
		return b, false
	}
	delete(b.odd, e.kind)
	return p.split(b, e, a), true
}

// split gives an endpoint another bucket: one that split off before and that its
// answer fits, or a new one. p.mu is held.
func (p *Pacer) split(from *bucket, e endpoint, a Answer) *bucket {
	var to *bucket
	for _, b := range p.buckets {
		if b.of == e.bucket && b != from && b.known && a.date().Unix()+1 < b.cur.reset && !b.foreign("", a) {
			to = b
		}
	}
	if to == nil {
		to = p.bucket(e.bucket + " " + e.kind)
		to.of = e.bucket
	}
	p.moved[e] = to
	return to
}
