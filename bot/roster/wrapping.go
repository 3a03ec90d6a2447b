package roster

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"factorbot/bot/roster/internal/table"
)

// What is around a user in a cell.
var (
	bullet    = regexp.MustCompile(`^(?:[-*+•·‣◦▪●○■□–—>]|\(?[0-9]{1,6}[.):]|\(?[a-zA-Z][.)]|[-*+•]?\s*\[[ xX✓]?\])\s+`)
	constant  = regexp.MustCompile(`^=\s*"((?:[^"]|"")*)"$`)
	hyperlink = regexp.MustCompile(`(?i)^=\s*HYPERLINK\(\s*"([^"]*)"\s*(?:[,;]\s*"([^"]*)"\s*)?\)$`)
	markdown  = regexp.MustCompile(`^\[([^\[\]]*)\]\(([^()\s]*)\)$`)
	inList    = regexp.MustCompile(`(?i)^in\s*\(\s*`) // of SQL
	scheme    = regexp.MustCompile(`(?i)^(mailto|smtp):\s*`)
	named     = regexp.MustCompile(`^(?:"[^"]*"|'[^']*'|[^<>]*)\s*<\s*([^<>]*)\s*>$`)
	comment   = regexp.MustCompile(`^([^\s()]+@[^\s()]+)\s*\(([^()]*)\)$`)
	bracketed = regexp.MustCompile(`^([^@()]*[^@()\s])\s*\(\s*([^\s()]+@[^\s()]+)\s*\)$`)
	dashed    = regexp.MustCompile(`^(\S+)\s+(?:[-–—|#]|//)\s*(\S.*)$`)
	beside    = regexp.MustCompile(`^(.+?)\s+(?:[-–—|]\s+)?(\S+)$`)
	labelled  = regexp.MustCompile(`^([^@:<>"]{1,40}?)\s*[:：]\s*(\S.*)$`)
)

// pairs are the marks that people put around a cell.
var pairs = []struct{ open, close string }{
	{`"`, `"`}, {`'`, `'`}, {"`", "`"}, {"\u201c", "\u201d"}, {"\u201e", "\u201c"}, {"\u2018", "\u2019"}, {"\u00ab", "\u00bb"},
	{"<", ">"}, {"(", ")"}, {"[", "]"}, {"{", "}"}, {"**", "**"},
}

// punctuation may be left at the ends of an address that was cut out of a sentence.
const punctuation = `"'` + "`" + `([{<>)]}.,;:!?`

// longestCell is how long a cell may be, in bytes, that is looked through for what is around a user.
const longestCell = 1000

// unwrap takes off what is around a user. Where two parts of a cell name
// different users it stops, and the cell is judged as it is.
func unwrap(cell string) string {
	if len(cell) > longestCell || strings.HasPrefix(cell, "<@") || strings.HasPrefix(cell, "<!") || strings.HasPrefix(cell, "<#") {
		return cell // a text, or what Slack makes of mentions
	}
	for range 8 {
		bare := table.Trim(unwrapOnce(cell))
		if bare == cell {
			break
		}
		cell = bare
	}
	if strings.Contains(cell, "@") && addressProblem(cell) != "" {
		if bare := strings.Trim(cell, punctuation); addressProblem(bare) == "" {
			return bare
		}
	}
	return cell
}

func unwrapOnce(cell string) string {
	if m := constant.FindStringSubmatch(cell); m != nil {
		return strings.ReplaceAll(m[1], `""`, `"`)
	}
	if m := hyperlink.FindStringSubmatch(cell); m != nil && mayBeUser(cell) {
		return oneOf(cell, m[1], m[2])
	}
	if rest := rearm(cell); rest != cell {
		return rest
	}
	if rest := strings.Trim(cell, "|"); rest != cell { // a line of a drawn table
		return rest
	}
	if m := bullet.FindString(cell); m != "" {
		return cell[len(m):]
	}
	if m := markdown.FindStringSubmatch(cell); m != nil {
		return oneOf(cell, m[2], m[1])
	}
	for _, p := range pairs {
		if len(cell) >= len(p.open)+len(p.close) && strings.HasPrefix(cell, p.open) && strings.HasSuffix(cell, p.close) {
			inner := cell[len(p.open) : len(cell)-len(p.close)]
			if !strings.Contains(inner, p.close) {
				if p.open == "<" {
					return unlinked(cell, inner)
				}
				return inner
			}
		}
	}
	if m := inList.FindString(cell); m != "" {
		return cell[len(m):]
	}
	if m := scheme.FindString(cell); m != "" {
		return address(cell[len(m):])
	}
	if m := named.FindStringSubmatchIndex(cell); m != nil {
		name, inner := table.Trim(cell[:strings.LastIndexByte(cell, '<')]), unlinked(cell, cell[m[2]:m[3]])
		return oneOf(cell, inner, name)
	}
	if m := comment.FindStringSubmatch(cell); m != nil && isPerson(m[2]) {
		return m[1]
	}
	if m := bracketed.FindStringSubmatch(cell); m != nil && isPerson(m[1]) {
		return m[2]
	}
	if bare, ok := withoutName(cell); ok {
		return bare
	}
	if m := labelled.FindStringSubmatch(cell); m != nil && isLabel(m[1]) {
		return m[2]
	}
	if rest, ok := strings.CutPrefix(cell, "'"); ok && !strings.Contains(rest, "'") {
		return rest
	}
	return cell
}

// withoutName takes a person's name off an address: "ana@example.com - Ana Lima",
// "Ana Lima ana@example.com". Without a mark between them the name has two words or more.
func withoutName(cell string) (bare string, ok bool) {
	if m := dashed.FindStringSubmatch(cell); m != nil && mayBeUser(m[1]) && !mayBeUser(m[2]) && isPerson(m[2]) {
		return m[1], true
	}
	if m := beside.FindStringSubmatch(cell); m != nil && mayBeUser(m[2]) && !mayBeUser(m[1]) && isPerson(m[1]) &&
		(len(strings.Fields(m[1])) > 1 || len(m[1])+1+len(m[2]) < len(cell)) {
		return m[2], true
	}
	if first, name, _ := strings.Cut(cell, " "); mayBeUser(first) && !mayBeUser(name) && isPerson(name) && len(strings.Fields(name)) > 1 {
		return first, true
	}
	return "", false
}

// address is what a mailto link leads to.
func address(link string) string {
	link, _, _ = strings.Cut(link, "?")
	if plain, err := url.PathUnescape(link); err == nil {
		return plain
	}
	return link
}

// unlinked reads what is between < and >, as Slack writes links: "mailto:ana@example.com|ana@example.com".
func unlinked(cell, inner string) string {
	target, label, ok := strings.Cut(inner, "|")
	if !ok {
		return inner
	}
	return oneOf(cell, target, label)
}

// oneOf returns the target of a link whose label does not name another user, else the cell as it is.
func oneOf(cell, target, label string) string {
	target = table.Trim(target)
	if m := scheme.FindString(target); m != "" {
		target = address(target[len(m):])
	}
	if mayBeUser(label) {
		for user := range namedIn(label) {
			if !strings.EqualFold(user, target) {
				return cell
			}
		}
	}
	return target
}

// isName reports whether a text can be a person's name: up to five words that begin with a capital, or have no cases.
func isName(s string) bool {
	words := strings.Fields(strings.Trim(s, `"'`))
	if len(words) == 0 || len(words) > 5 {
		return false
	}
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(strings.Trim(w, ",.-"))
		if particles[strings.ToLower(w)] || !unicode.IsLetter(r) {
			continue
		}
		if unicode.IsLower(r) {
			return false
		}
	}
	first := strings.ToLower(strings.Trim(words[0], ",.-"))
	return !denials[first]
}

// particles are small words of names.
var particles = setOf(`de da do dos del della di van von der den ter ten la le el al bin ibn y e zu`)

// denials begin a remark that the user is not meant.
var denials = setOf(`not no except without skip exclude do don't dont nicht kein außer pas sauf sin salvo não non niet nie`)
