package okta

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Bounds of the ways to resolve.
const (
	fewRefs    = 50  // row by row: those calls have a bucket of their own
	worthPage  = 100 // below, a look at the directory cannot pay
	rowsAtOnce = 8
	sideBySide = 4 // searches, once their width is settled
)

// Resolve finds who the refs name, in their order, in the fewest calls: row by
// row for a few; by paging the directory while a page yields more than a
// search would; else by searches of as many terms as Okta takes. What search
// does not find is asked for by name before it counts as unknown, for the
// index lags. progress, if not nil, is told how many refs are settled, never
// two at a time. An error means that nothing is known.
func (c *Client) Resolve(ctx context.Context, refs []Ref, progress func(done int)) ([]Match, error) {
	r := newResolution(c, refs, progress)
	if len(r.open) > fewRefs {
		c.width.renew()
		if err := r.inBulk(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.oneByOne(ctx); err != nil {
		return nil, err
	}
	return r.matches, nil
}

// resolution is one run of Resolve.
type resolution struct {
	client   *Client
	refs     []Ref
	matches  []Match
	progress func(int)
	done     int

	open     map[Ref]bool  // lower-case refs that are not settled
	order    []Ref         // the same, as they came
	holes    bool          // some in the middle of order are settled
	rows     map[Ref][]int // which refs each is
	tried    map[Ref]bool  // searched for already, not found
	blind    bool          // searching is withheld from us
	listing  string        // next page of the directory; "": at its end
	looked   bool          // at its first page
	lastPage int           // refs that it settled
}

func newResolution(c *Client, refs []Ref, progress func(int)) *resolution {
	r := &resolution{client: c, refs: refs, matches: make([]Match, len(refs)), progress: progress,
		open: map[Ref]bool{}, rows: map[Ref][]int{}, tried: map[Ref]bool{}, listing: "/api/v1/users?limit=200"}
	for i, ref := range refs {
		key := fold(ref)
		if !ref.safe() {
			r.matches[i].Err = unsafeID("resolve", "the "+string(ref.Kind))
			r.done++
			continue
		}
		if len(r.rows[key]) == 0 {
			r.open[key] = true
			r.order = append(r.order, key)
		}
		r.rows[key] = append(r.rows[key], i)
	}
	return r
}

// inBulk settles what pages and searches can, in whichever way is cheaper next.
func (r *resolution) inBulk(ctx context.Context) error {
	for {
		left := r.left()
		if len(left) == 0 {
			return nil
		}
		if r.blind {
			return nil
		}
		step := func() error { return r.search(ctx, left) }
		if r.pagePays(left) {
			step = func() error { return r.page(ctx) }
		}
		if err := step(); err != nil {
			return err
		}
		r.tell()
	}
}

// left is what no search has been made for, in the order of the refs.
func (r *resolution) left() []Ref {
	settled := func(ref Ref) bool { return !r.open[ref] || r.tried[ref] }
	if r.holes {
		r.order, r.holes = slices.DeleteFunc(r.order, settled), false
	}
	for len(r.order) > 0 && settled(r.order[0]) {
		r.order = r.order[1:]
	}
	return r.order
}

// pagePays says whether the next page of the directory promises to settle more
// than a search can. An e-mail is not settled by a page: another user, on
// another page or DEPROVISIONED, may have it too.
func (r *resolution) pagePays(left []Ref) bool {
	if r.listing == "" {
		return false
	}
	if !r.looked {
		return len(left) >= worthPage && left[0].Kind != ByEmail
	}
	return r.lastPage > min(r.client.width.most(), fitting(left))
}

// page settles what the next page of the directory shows. DEPROVISIONED users are not on it.
func (r *resolution) page(ctx context.Context) error {
	var users []wireUser
	p, err := r.client.get(ctx, "list users", r.listing, briefUsers, array(&users))
	if withheld(err) {
		r.looked, r.listing = true, ""
		return nil
	}
	if err != nil {
		return err
	}
	before := len(r.open)
	for _, w := range users {
		u := w.user()
		r.settle(Ref{ByID, u.ID}, []User{u}, nil)
		r.settle(fold(Ref{ByLogin, u.Login}), []User{u}, nil)
	}
	r.holes = true
	r.looked, r.lastPage = true, before-len(r.open)
	if r.listing == p.next {
		p.next = ""
	}
	r.listing = p.next
	return nil
}

// search makes one search while the width is being learned, several side by
// side once it is settled.
func (r *resolution) search(ctx context.Context, left []Ref) error {
	width, settled := r.client.width.next()
	most := 1
	if settled {
		most = sideBySide
	}
	var chunks [][]Ref
	for len(left) > 0 && len(chunks) < most {
		n := min(width, fitting(left), len(left))
		chunks = append(chunks, left[:n])
		left = left[n:]
	}
	found := make([][]User, len(chunks))
	refused := make([]error, len(chunks))
	g, gctx := errgroup.WithContext(ctx)
	for i, chunk := range chunks {
		g.Go(func() error {
			users, err := r.client.searchTerms(gctx, chunk)
			if tooWide(err) || withheld(err) {
				refused[i] = err
				return nil
			}
			found[i] = users
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, chunk := range chunks {
		r.searched(chunk, found[i], refused[i])
	}
	return nil
}

// searched settles a chunk by what a search of it found, and remembers what it did not find.
func (r *resolution) searched(chunk []Ref, users []User, refused error) {
	switch {
	case refused == nil:
	case IsKind(refused, KindForbidden), len(chunk) == 1 && withheld(refused):
		r.blind = true
		return
	case len(chunk) == 1:
		r.tried[chunk[0]] = true // asked for by name, or reported then
		return
	default:
		r.client.width.refuse(len(chunk))
		r.holes = true
		return
	}
	r.client.width.accept(len(chunk))
	by := map[Ref][]User{}
	for _, u := range users {
		for _, key := range []Ref{{ByID, u.ID}, fold(Ref{ByLogin, u.Login}), fold(Ref{ByEmail, u.Email})} {
			by[key] = append(by[key], u)
		}
	}
	for _, ref := range chunk {
		if len(by[ref]) > 0 {
			r.settle(ref, by[ref], nil)
		} else {
			r.tried[ref] = true
		}
	}
}

// settle answers every row that is this ref, once.
func (r *resolution) settle(ref Ref, users []User, err error) {
	if !r.open[ref] {
		return
	}
	delete(r.open, ref)
	for _, i := range r.rows[ref] {
		r.matches[i] = Match{Users: users, Err: err}
		r.done++
	}
}

func (r *resolution) tell() {
	if r.progress != nil {
		r.progress(r.done)
	}
}

// oneByOne asks for what is still open by name.
func (r *resolution) oneByOne(ctx context.Context) error {
	var open []Ref
	listed := map[Ref]bool{}
	for _, ref := range r.refs {
		if key := fold(ref); r.open[key] && !listed[key] {
			listed[key] = true
			open = append(open, key)
		}
	}
	for len(open) > 0 {
		batch := open[:min(len(open), 4*rowsAtOnce)]
		open = open[len(batch):]
		found := make([]Match, len(batch))
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(rowsAtOnce)
		for i, ref := range batch {
			g.Go(func() (err error) {
				found[i], err = r.byName(gctx, ref)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		for i, ref := range batch {
			r.settle(ref, found[i].Users, found[i].Err)
		}
		r.tell()
	}
	return nil
}

// byName asks for one ref. An e-mail that no search found may still be that of
// the user who has it as login.
func (r *resolution) byName(ctx context.Context, ref Ref) (Match, error) {
	if ref.Kind == ByEmail && !r.tried[ref] {
		users, err := r.client.searchTerms(ctx, []Ref{ref})
		if err != nil || len(users) > 0 {
			return verdictOn(users, err)
		}
	}
	u, err := r.client.User(ctx, ref.Value)
	if err != nil {
		return verdictOn(nil, err)
	}
	if ref.Kind == ByEmail && !strings.EqualFold(u.Email, ref.Value) {
		return Match{}, nil
	}
	return Match{Users: []User{u}}, nil
}

// verdictOn tells what concerns one ref from what concerns them all.
func verdictOn(users []User, err error) (Match, error) {
	switch {
	case err == nil:
		return Match{Users: users}, nil
	case IsKind(err, KindNotFound):
		return Match{}, nil
	case IsKind(err, KindForbidden, KindUnsafeID, KindExpression, KindInvalid, KindStatus):
		return Match{Err: err}, nil
	}
	return Match{}, err
}
