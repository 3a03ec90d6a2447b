package okta

import (
	"context"
	"slices"
	"strings"
	"unique"

	"golang.org/x/sync/errgroup"
)

// Bounds of the ways to resolve.
const (
	fewRefs    = 50  // row by row: those calls have a bucket of their own
	worthPage  = 100 // below, a look at the directory cannot pay
	rowsAtOnce = 8
	sideBySide = 4 // searches, once their width is settled
)

// directory is the first page of the users, the DEPROVISIONED left out.
const directory = "/api/v1/users?limit=200"

// Resolve finds who the refs name, in their order, in the fewest calls: row by
// row for a few; by paging the directory while a page yields more than a
// search would; else by searches of as many terms as Okta takes. What search
// does not find is asked for by name before it counts as unknown, for the
// index lags. progress, if not nil, is told how many refs are settled, never
// two at a time. An error means that nothing is known.
func (c *Client) Resolve(ctx context.Context, refs []Ref, progress func(done int)) ([]Match, error) {
	r := newResolution(c, refs, progress)
	if r.open > fewRefs {
		c.width.Renew()
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

	first    map[Ref]int32 // lower-case refs that are not settled, and where each comes first
	again    []int32       // for each of refs: where the same one comes next, 0: nowhere
	state    []refState    // of each of refs
	open     int           // how many are not settled
	order    []int32       // where they come first, of those that no search has been made for
	blind    bool          // searching is withheld from us
	listing  string        // next page of the directory; "": at its end
	restarts int           // of the directory
	looked   bool          // at its first page
	lastPage int           // refs that it settled
}

// refState is how far one of the refs is; of those that are the same, only the first has one.
type refState byte

const (
	refSettled refState = iota // or not the first
	refOpen
	refTried // open still, and no search of several needs to be made: it did not find it, or is asked for alone
)

func newResolution(c *Client, refs []Ref, progress func(int)) *resolution {
	r := &resolution{client: c, refs: refs, matches: make([]Match, len(refs)), progress: progress,
		first: make(map[Ref]int32, len(refs)), again: make([]int32, len(refs)), state: make([]refState, len(refs)),
		order: make([]int32, 0, len(refs)), listing: directory}
	for i := range slices.Backward(refs) { // so that each chain begins with the first
		ref := refs[i]
		if !ref.safe() {
			r.matches[i].Err = unsafeID("resolve", "the "+string(ref.Kind))
			r.done++
			continue
		}
		key := fold(ref)
		r.again[i] = r.first[key]
		r.first[key] = int32(i)
	}
	for i, ref := range refs {
		if at, ok := r.first[fold(ref)]; ok && at == int32(i) {
			r.order, r.state[i] = append(r.order, at), refOpen
			if strings.Contains(ref.Value, `"`) { // were its escape not understood, it would spoil the search of others
				r.state[i] = refTried
			}
		}
	}
	r.open = len(r.order)
	return r
}

// inBulk settles what pages and searches can, in whichever way is cheaper next.
func (r *resolution) inBulk(ctx context.Context) error {
	for {
		left := r.left()
		if len(left) == 0 || r.blind {
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

// left is what no search has been made for, in the order of the refs: where each comes first.
func (r *resolution) left() []int32 {
	r.order = slices.DeleteFunc(r.order, func(i int32) bool { return r.state[i] != refOpen })
	return r.order
}

// chunk returns the first refs, as many as one search may have.
func (r *resolution) chunk(left []int32, width int) []Ref {
	refs := make([]Ref, min(width, len(left)))
	for i := range refs {
		refs[i] = fold(r.refs[left[i]])
	}
	return refs[:min(len(refs), fitting(refs))]
}

// pagePays says whether the next page of the directory promises to settle more
// than a search can. An e-mail is not settled by a page: another user, on
// another page or DEPROVISIONED, may have it too.
func (r *resolution) pagePays(left []int32) bool {
	if r.listing == "" {
		return false
	}
	if !r.looked {
		return len(left) >= worthPage && r.refs[left[0]].Kind != ByEmail
	}
	width := r.client.width.Most()
	return r.lastPage > min(width, len(r.chunk(left, width)))
}

// page settles what the next page of the directory shows. DEPROVISIONED users are not on it.
func (r *resolution) page(ctx context.Context) error {
	users, ans, err := readList[wireUser](ctx, r.client, "list users", r.listing, briefUsers)
	if IsKind(err, KindCursor) && r.listing != directory && r.restarts < maxRestarts {
		r.listing, r.restarts = directory, r.restarts+1 // what is settled stays so
		return nil
	}
	if withheld(err) {
		r.looked, r.listing = true, ""
		return nil
	}
	if err != nil {
		return err
	}
	before := r.open
	for _, w := range users {
		u := slim(w.user())
		r.settle(Ref{ByID, u.ID}, []User{u}, nil)
		r.settle(fold(Ref{ByLogin, u.Login}), []User{u}, nil)
	}
	r.looked, r.lastPage = true, before-r.open
	if r.listing == ans.next {
		ans.next = ""
	}
	r.listing = ans.next
	return nil
}

// search makes one search while the width is being learned, several side by
// side once it is settled.
func (r *resolution) search(ctx context.Context, left []int32) error {
	width, settled := r.client.width.Next()
	most := 1
	if settled {
		most = sideBySide
	}
	var chunks [][]Ref
	for len(left) > 0 && len(chunks) < most {
		chunks = append(chunks, r.chunk(left, width))
		left = left[len(chunks[len(chunks)-1]):]
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
		r.try(chunk[0]) // asked for by name, or reported then
		return
	default:
		r.client.width.Refuse(len(chunk))
		return
	}
	r.client.width.Accept(len(chunk))
	by := map[Ref][]User{}
	for _, u := range users {
		u = slim(u)
		for _, key := range []Ref{{ByID, u.ID}, fold(Ref{ByLogin, u.Login}), fold(Ref{ByEmail, u.Email})} {
			by[key] = append(by[key], u)
		}
	}
	for _, ref := range chunk {
		if len(by[ref]) > 0 {
			r.settle(ref, by[ref], nil)
		} else {
			r.try(ref)
		}
	}
}

// settle answers every row that is this ref, once.
func (r *resolution) settle(ref Ref, users []User, err error) {
	i, open := r.first[ref]
	if !open {
		return
	}
	delete(r.first, ref)
	r.state[i] = refSettled
	r.open--
	for more := true; more; more = i != 0 {
		r.matches[i] = Match{Users: users, Err: err}
		r.done++
		i = r.again[i]
	}
}

// try notes that a search did not find a ref.
func (r *resolution) try(ref Ref) {
	if i, open := r.first[ref]; open {
		r.state[i] = refTried
	}
}

// slim lets users share the text that they have in common: there may be a hundred thousand.
func slim(u User) User {
	u.Status, u.Department = unique.Make(u.Status).Value(), unique.Make(u.Department).Value()
	if u.Email == u.Login {
		u.Email = u.Login
	}
	return u
}

func (r *resolution) tell() {
	if r.progress != nil {
		r.progress(r.done)
	}
}

// oneByOne asks for what is still open by name.
func (r *resolution) oneByOne(ctx context.Context) error {
	var open []Ref
	for i, ref := range r.refs {
		if r.state[i] != refSettled {
			open = append(open, fold(ref))
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
	if i, open := r.first[ref]; ref.Kind == ByEmail && !(open && r.state[i] == refTried) {
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
