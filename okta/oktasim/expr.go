package oktasim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// node is an expression of Okta's filter language (SCIM's, RFC 7644 3.4.2.2,
// without brackets): comparisons joined by and, or, not and parentheses, where
// not binds closest and or least.
type node struct {
	op          string // and, or, not, or a comparison: eq ne sw ew co gt ge lt le pr
	left, right *node  // of and, or; left of not
	attribute   string // of a comparison
	value       any    // string, bool or float64; nil for pr
}

// maxDepth is how deep parentheses and nots may nest.
const maxDepth = 50

// syntaxError says what is wrong with an expression, and where.
type syntaxError struct {
	at      int // byte, from 0
	problem string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("%s at position %d", e.problem, e.at) }

// parser reads tokens off the front of rest.
type parser struct {
	text  string
	at    int
	terms int
	most  int // comparisons
	depth int
}

// parse reads an expression of at most so many comparisons.
func parse(text string, most int) (*node, error) {
	p := &parser{text: text, most: most}
	n, err := p.either()
	if err != nil {
		return nil, err
	}
	if p.skip(); p.at < len(p.text) {
		return nil, p.fail("unexpected %q", p.text[p.at:min(len(p.text), p.at+20)])
	}
	return n, nil
}

func (p *parser) fail(format string, args ...any) error {
	return &syntaxError{p.at, fmt.Sprintf(format, args...)}
}

func (p *parser) skip() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
}

// word takes the next word if it is this one, case ignored.
func (p *parser) word(word string) bool {
	p.skip()
	end := p.at + len(word)
	if end > len(p.text) || !strings.EqualFold(p.text[p.at:end], word) || end < len(p.text) && attributeRune(rune(p.text[end])) {
		return false
	}
	p.at = end
	return true
}

func (p *parser) either() (*node, error) { return p.joined("or", p.both) }
func (p *parser) both() (*node, error)   { return p.joined("and", p.one) }

func (p *parser) joined(op string, operand func() (*node, error)) (*node, error) {
	left, err := operand()
	for err == nil && p.word(op) {
		var right *node
		if right, err = operand(); err == nil {
			left = &node{op: op, left: left, right: right}
		}
	}
	return left, err
}

// one is a comparison, a group, or the negation of one.
func (p *parser) one() (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail("nested too deep")
	}
	defer func() { p.depth-- }()
	if p.word("not") {
		n, err := p.one()
		return &node{op: "not", left: n}, err
	}
	if p.take('(') {
		n, err := p.either()
		if err == nil && !p.take(')') {
			err = p.fail("expected )")
		}
		return n, err
	}
	return p.comparison()
}

func (p *parser) take(c byte) bool {
	if p.skip(); p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) comparison() (*node, error) {
	if p.terms++; p.terms > p.most {
		return nil, p.fail("more than %d comparisons", p.most)
	}
	n := &node{attribute: p.name()}
	if n.attribute == "" {
		return nil, p.fail("expected an attribute")
	}
	n.op = strings.ToLower(p.name())
	switch n.op {
	case "pr":
		return n, nil
	case "eq", "ne", "sw", "ew", "co", "gt", "ge", "lt", "le":
	default:
		return nil, p.fail("unrecognized attribute operator %q", n.op)
	}
	value, err := p.value()
	n.value = value
	return n, err
}

func attributeRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-:$", r)
}

func (p *parser) name() string {
	p.skip()
	start := p.at
	for p.at < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[p.at:])
		if !attributeRune(r) {
			break
		}
		p.at += size
	}
	return p.text[start:p.at]
}

// value is a quoted string, true, false or a number.
func (p *parser) value() (any, error) {
	if p.take('"') {
		return p.quoted()
	}
	switch word := p.name(); word {
	case "true", "false":
		return word == "true", nil
	default:
		number, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, p.fail("expected a value in quotes")
		}
		return number, nil
	}
}

// quoted is the rest of a quoted string; a backslash escapes what follows it.
func (p *parser) quoted() (string, error) {
	var s strings.Builder
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; c {
		case '"':
			p.at++
			return s.String(), nil
		case '\\':
			if p.at++; p.at < len(p.text) {
				s.WriteByte(p.text[p.at])
			}
		default:
			s.WriteByte(c)
		}
	}
	return "", p.fail("string without end")
}

// comparisons calls check with every comparison, until one fails.
func (n *node) comparisons(check func(*node) *apiError) *apiError {
	for _, side := range []*node{n.left, n.right} {
		if side != nil {
			if err := side.comparisons(check); err != nil {
				return err
			}
		}
	}
	if n.attribute == "" {
		return nil
	}
	return check(n)
}

// holds tells whether the expression is true of the attributes that get gives:
// nil, a string, bool, float64 or time, or a list of them, of which one has to
// fit. fold ignores case.
func (n *node) holds(get func(attribute string) any, fold bool) bool {
	switch n.op {
	case "and":
		return n.left.holds(get, fold) && n.right.holds(get, fold)
	case "or":
		return n.left.holds(get, fold) || n.right.holds(get, fold)
	case "not":
		return !n.left.holds(get, fold)
	}
	have := get(n.attribute)
	if list, many := have.([]any); many {
		return slices.ContainsFunc(list, func(one any) bool { return n.fits(one, fold) })
	}
	return n.fits(have, fold)
}

func (n *node) fits(have any, fold bool) bool {
	if n.op == "pr" {
		return have != nil && have != ""
	}
	if have == nil {
		return n.op == "ne"
	}
	switch have := have.(type) {
	case bool:
		return n.op == "eq" && have == n.value || n.op == "ne" && have != n.value
	case float64:
		want, ok := n.value.(float64)
		return ok && ordered(n.op, cmp.Compare(have, want))
	case time.Time:
		want, ok := moment(n.value)
		return ok && ordered(n.op, have.Compare(want))
	}
	return n.fitsText(text(have), text(n.value), fold)
}

func (n *node) fitsText(have, want string, fold bool) bool {
	if fold && n.op == "eq" {
		return strings.EqualFold(have, want)
	}
	if fold {
		have, want = strings.ToLower(have), strings.ToLower(want)
	}
	switch n.op {
	case "sw":
		return strings.HasPrefix(have, want)
	case "ew":
		return strings.HasSuffix(have, want)
	case "co":
		return strings.Contains(have, want)
	}
	return ordered(n.op, strings.Compare(have, want))
}

func ordered(op string, order int) bool {
	switch op {
	case "eq":
		return order == 0
	case "ne":
		return order != 0
	case "gt":
		return order > 0
	case "ge":
		return order >= 0
	case "lt":
		return order < 0
	case "le":
		return order <= 0
	}
	return false
}

// moment reads a time of an expression (ISO 8601, as Okta writes it).
func moment(value any) (time.Time, bool) {
	s, _ := value.(string)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.000Z0700", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// text is a value as it is compared.
func text(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}
