package roster

import (
	"slices"
	"strings"

	"factorbot/bot/reset"
	"factorbot/bot/roster/internal/table"
)

// mostProbes is how many rows are looked up to find out whether a column that is
// not used leads to other users.
const mostProbes = 50

// Doubt is a column that may name other users than the one that is used. Whether
// it does is known by looking its probes up.
type Doubt struct {
	Column string  // its header, "" without one
	Used   bool    // the column names the user where those before it do not
	Probes []Probe // of some rows, spread over the file

	another bool // it is of another kind than the first: a few rows that differ are mistakes in the rows
	found   int  // rows that may differ, of which Probes are some
	rows    int  // all rows
}

// Leads decides whether the column names other people. user tells which user
// some references lead to, the first that leads to one; "" for none.
func (d Doubt) Leads(user func(...reset.Ref) reset.UserID) bool {
	differ := 0
	for _, p := range d.Probes {
		own, other := user(p.Own...), user(p.Other)
		if other != "" && other != own && (own != "" || !d.Used) {
			differ++
		}
	}
	if d.another { // those of more than half of all rows, and of several
		return differ > 1 && differ*d.found*2 > len(d.Probes)*d.rows
	}
	return differ > 0
}

// Probe is one row whose columns may lead to different users.
type Probe struct {
	Row   int // index of the row
	Own   []reset.Ref
	Other reset.Ref
}

// doubts finds the columns whose cells differ from the users of their rows. Rows
// are those of the layout, in order.
func doubts(g *table.Grid, l layout) []Doubt {
	if l.own || l.header < 0 {
		return nil
	}
	used, kind := slices.Clone(l.use[1:]), l.use[0].kind
	if kind == reset.RefID { // an ID and a login always differ; the plan tells where they are two users'
		used = slices.DeleteFunc(used, func(c column) bool { return c.kind != kind })
	}
	var all []Doubt
	for i, c := range slices.Concat(l.others, used) {
		if d := doubt(g, l, c); len(d.Probes) > 0 {
			d.Used = i >= len(l.others)
			d.another = d.Used && c.kind != kind
			all = append(all, d)
		}
	}
	return all
}

func doubt(g *table.Grid, l layout, c column) Doubt {
	var found []Probe
	n := 0
	for _, rec := range g.Records(l.from, g.Len()) {
		if l.isRepeated(rec.Cells) {
			continue
		}
		n++
		other, cl := c.claimOf(rec.Cell(c.index))
		if !cl.isUser() {
			continue
		}
		if p, differs := l.probe(rec, c, other); differs {
			p.Row = n - 1
			found = append(found, p)
		}
	}
	return Doubt{Column: strings.Clone(c.name), Probes: spreadOver(found, mostProbes), found: len(found), rows: n}
}

// probe compares a cell with the row's own user, as the columns before it name it.
func (l layout) probe(rec table.Record, c column, other reset.Ref) (Probe, bool) {
	var own []reset.Ref
	for _, u := range l.use {
		if u.index == c.index {
			break
		}
		ref, _ := u.claimOf(rec.Cell(u.index))
		switch {
		case ref.Value == "":
		case sameRef(ref, other):
			return Probe{}, false
		default:
			ref.Value = strings.Clone(ref.Value)
			own = append(own, ref)
		}
	}
	other.Value = strings.Clone(other.Value)
	return Probe{Own: own, Other: other}, true
}

// spreadOver takes n of some things, as far apart as they can be.
func spreadOver[T any](all []T, n int) []T {
	some := make([]T, min(len(all), n))
	for i := range some {
		some[i] = all[i*(len(all)-1)/max(len(some)-1, 1)]
	}
	return some
}
