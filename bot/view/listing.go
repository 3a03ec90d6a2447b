package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

const (
	listedMost  = 200   // rows of a data table, head not counted
	listedRunes = 19000 // characters in its cells, of 20,000
	listedPage  = 5     // rows that it shows at once, and users that are named without it
	cellRunes   = 60    // of one cell
	noteRunes   = 160   // of a cell that says what stands out
)

// Listing gathers the users that a plan resets for its messages: of many, those
// that an approver should look at first.
type Listing struct {
	frozen time.Time
	dryRun bool
	ranks  [rankMost + 1][]reset.Target // by how much they stand out, in the order of rows
	total  int
}

// rankMost is the rank of who stands out most.
const rankMost = 4

// NewListing begins the listing of the request's plan.
func NewListing(r *reset.Request) *Listing {
	return &Listing{frozen: r.Plan.FrozenAt, dryRun: r.Asked.Options.DryRun}
}

// Add takes in the next target.
func (l *Listing) Add(t reset.Target) {
	if t.Action != reset.ActionReset {
		return
	}
	l.total++
	if rank := l.rank(t); len(l.ranks[rank]) < listedMost {
		l.ranks[rank] = append(l.ranks[rank], t)
	}
}

func (l *Listing) rank(t reset.Target) int {
	switch {
	case t.Reason != "": // protected, and reset anyway
		return rankMost
	case strings.Contains(t.Detail, "reset by "), onlyResistant(t):
		return 3
	case t.Created != nil && l.frozen.Sub(*t.Created) < newUser:
		return 2
	case t.Status != "ACTIVE" || t.Detail != "":
		return 1
	}
	return 0
}

// first returns up to n users, those who stand out first.
func (l *Listing) first(n int) []reset.Target {
	var all []reset.Target
	for rank := rankMost; rank >= 0 && len(all) < n; rank-- {
		all = append(all, l.ranks[rank][:min(len(l.ranks[rank]), n-len(all))]...)
	}
	return all
}

// block is the table of the users; where Slack has no such block, the first of
// them by name. It is nil if nobody is listed.
func (l *Listing) block() slack.Block {
	if l == nil || l.total == 0 {
		return nil
	}
	return fallbackBlock{l.table(), []slack.Block{section(l.byName())}}
}

// table shows login, name, department and status, and factors and notes where
// there are any.
func (l *Listing) table() slack.Block {
	all := l.first(listedMost)
	factors := slices.ContainsFunc(all, func(t reset.Target) bool { return len(t.Factors) > 0 })
	notes := slices.ContainsFunc(all, func(t reset.Target) bool { return remarks(t, l.frozen) != "" })
	row := func(name, full, department, status, factor, note string) []string {
		words := []string{name, full, department, status}
		if factors {
			words = append(words, factor)
		}
		if notes {
			words = append(words, note)
		}
		return words
	}
	b := slack.NewDataTableBlock("").WithPageSize(listedPage).
		AddRow(phrase.Each(row("Login", "Name", "Department", "Status", "Factors", "Note"), rawCell)...)
	chars, shown := 0, 0
	for _, t := range all {
		note := remarks(t, l.frozen)
		words := row(nameOf(t), t.Name, t.Department, phrase.Status(t.Status), strings.Join(phrase.Factors(t.Factors), ", "), note)
		for _, w := range words {
			chars += max(1, min(utf8.RuneCountInString(w), noteRunes))
		}
		if chars > listedRunes {
			break
		}
		cells := phrase.Each(words, rawCell)
		if notes {
			cells[len(cells)-1] = zonedCell(cmp.Or(phrase.Shorten(note, noteRunes), "-"))
		}
		b.AddRow(cells...)
		shown++
	}
	b.Caption = l.caption(shown)
	return b
}

func (l *Listing) caption(shown int) string {
	if shown < l.total {
		return fmt.Sprintf("%s of %s, those to look at first", reset.Count(shown), reset.Count(l.total))
	}
	if l.dryRun {
		return "Who would be reset"
	}
	return "Who is reset"
}

func rawCell(w string) slack.DataTableCell {
	return slack.NewDataTableRawTextCell(cmp.Or(phrase.Shorten(phrase.Line(w), cellRunes), "-")) // Slack refuses an empty cell
}

// byName names the first users in lines.
func (l *Listing) byName() string {
	var b strings.Builder
	for _, t := range l.first(listedPage) {
		about := phrase.Dotted(phrase.Line(t.Name), phrase.Line(t.Department), unusual(t), remarks(t, l.frozen))
		fmt.Fprintf(&b, "• %s %s\n", phrase.Code(nameOf(t)), phrase.Ours(phrase.Shorten(about, 200)))
	}
	if more := l.total - listedPage; more > 0 {
		fmt.Fprintf(&b, "…and %s more: press *Review*.", reset.Count(more))
	}
	return strings.TrimSpace(b.String())
}

// unusual is a user's status where it is not active.
func unusual(t reset.Target) string {
	if t.Status == "ACTIVE" {
		return ""
	}
	return phrase.Status(t.Status)
}

// newUser is how young a user is who stands out.
const newUser = 7 * 24 * time.Hour

// onlyResistant reports whether all of a target's factors are of types that withstand phishing.
func onlyResistant(t reset.Target) bool {
	return t.Read && len(t.Factors) > 0 && !slices.ContainsFunc(t.Factors, func(f string) bool {
		return f != "webauthn" && f != "u2f" && f != "signed_nonce"
	})
}

// standsOut says in a few words why an approver should look at a target; "" if
// there is nothing. The moment is when the plan was frozen. Times are RFC 3339;
// see [phrase.ZonedTimes].
func standsOut(t reset.Target, at time.Time) string {
	return phrase.And(phrase.Filled(unusual(t), remarks(t, at)))
}

// remarks is what stands out about a target but for its status.
func remarks(t reset.Target, at time.Time) string {
	var words []string
	if t.Created != nil && at.Sub(*t.Created) < newUser {
		words = append(words, fmt.Sprintf("created %s ago", days(at.Sub(*t.Created))))
	}
	if onlyResistant(t) {
		words = append(words, "only phishing-resistant factors")
	}
	if d := phrase.Line(t.Detail); d != "" && d != "is "+phrase.Status(t.Status) {
		words = append(words, d)
	}
	return phrase.And(words)
}

func days(d time.Duration) string {
	if n := int(d / (24 * time.Hour)); n > 0 {
		return reset.Plural(n, "day")
	}
	return "hours"
}

// zonedCell is a cell of a table with text, whose times are shown in the reader's zone.
func zonedCell(s string) slack.DataTableCell {
	var parts []slack.RichTextSectionElement
	zoned := false
	for text, at := range phrase.SplitTimes(s) {
		if text != "" {
			parts = append(parts, slack.NewRichTextSectionTextElement(text, nil))
		}
		if !at.IsZero() {
			zoned = true
			fallback := phrase.PlainTime(at)
			parts = append(parts, slack.NewRichTextSectionDateElement(at.Unix(), "{date_short_pretty} {time}", nil, &fallback))
		}
	}
	if !zoned {
		return slack.NewDataTableRawTextCell(s)
	}
	return slack.NewDataTableRichTextCell(slack.NewRichTextSection(parts...))
}
