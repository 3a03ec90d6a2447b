package roster

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"factorbot/bot/reset"
)

// Okta takes logins of 5 to 100 characters and e-mails of at most 100
// (management API, schema UserProfile, release 2026.06.3).
const (
	minLogin = 5
	maxLogin = 100
)

// inputShown is how many runes of a cell a row keeps: all of a possible user, and enough of the rest to find it.
const inputShown = 256

// idPattern is what an Okta user ID looks like. Nothing else may go into a path of Okta's API.
var idPattern = regexp.MustCompile(`^00u[A-Za-z0-9]{17}$`)

// pathRunes would change which endpoint of Okta is called, or make the user unreachable by login.
const pathRunes = `/\?#%`

// quoteRunes end a term in Okta's search language, or are what a phone makes of such a quote.
const quoteRunes = "\"\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb"

// atext is what RFC 5322 (3.2.3) allows in an address besides letters and digits, less pathRunes, with dot and @.
const atext = ".@!$&'*+-=^_`{|}~"

// judge says how a trimmed cell names a user, or in a sentence why it names
// nobody. Content is believed before the column's name: an ID in a column of
// logins is an ID, an address in a column of IDs is a login.
func judge(cell string, column reset.RefKind) (kind reset.RefKind, value, problem string) {
	if idPattern.MatchString(cell) {
		return reset.RefID, cell, ""
	}
	if problem = addressProblem(cell); problem != "" {
		return "", "", problem
	}
	if column == reset.RefEmail {
		return reset.RefEmail, norm.NFC.String(cell), ""
	}
	return reset.RefLogin, norm.NFC.String(cell), ""
}

// isUser reports whether a cell names a user.
func isUser(cell string) bool {
	_, _, problem := judge(cell, reset.RefLogin)
	return problem == ""
}

func addressProblem(cell string) string {
	n := utf8.RuneCountInString(cell)
	switch {
	case cell == "":
		return "the cell that names the user is empty"
	case n > maxLogin:
		return fmt.Sprintf("is %d characters long; Okta's logins and e-mails have at most %d", n, maxLogin)
	case isFormula(rearm(cell)): // with the mark before it, it could not be told from a defused one
		return fmt.Sprintf("starts with %s as a spreadsheet formula does; if that is a login, give the user's Okta ID", shown(rearm(cell)[:1]))
	}
	for _, r := range cell {
		if p := runeProblem(r); p != "" {
			return p
		}
	}
	local, domain, found := strings.Cut(cell, "@")
	switch {
	case !found && strings.HasPrefix(cell, "00u"):
		return fmt.Sprintf("is not an Okta user ID: those are 00u and 17 letters or digits, this has %d characters", n)
	case !found:
		return "is neither an Okta user ID (00u and 17 letters or digits) nor a login or e-mail with an @"
	case local == "" || domain == "" || strings.Contains(domain, "@"):
		return "is not a login or e-mail: one @ stands between a name and a domain"
	case n < minLogin:
		return fmt.Sprintf("has %d characters; Okta's logins have at least %d", n, minLogin)
	}
	return ""
}

// runeProblem says in a sentence why a rune cannot be in a login or an e-mail.
func runeProblem(r rune) string {
	switch {
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsDigit(r), strings.ContainsRune(atext, r):
		return ""
	case unicode.IsSpace(r):
		return "has a blank inside; one user to a cell"
	case strings.ContainsRune(quoteRunes, r):
		return "has a quotation mark inside"
	case strings.ContainsRune(pathRunes, r):
		return fmt.Sprintf("has %q inside; if that is in the login, give the user's Okta ID", string(r))
	case r == utf8.RuneError:
		return "has a character that could not be read; save the file as CSV UTF-8"
	case unicode.IsControl(r):
		return fmt.Sprintf("has a control character (%U) inside", r)
	case unicode.Is(unicode.Cf, r):
		return fmt.Sprintf("has an invisible character (%U) inside", r)
	case unicode.IsGraphic(r):
		return fmt.Sprintf(`has "%c" inside, which no login or e-mail has`, r)
	}
	return fmt.Sprintf("has the character %U inside, which no login or e-mail has", r)
}

// trim takes blanks and invisible characters from both ends of a cell, as copied text has them.
func trim(cell string) string {
	return strings.TrimFunc(cell, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
}

// newRow judges a cell and makes a row of it.
func newRow(n, line int, cell string, column reset.RefKind) reset.Row {
	row := reset.Row{Row: n, Line: line, Input: cut(strings.Clone(cell), inputShown)}
	row.Kind, row.Value, row.Problem = judge(cell, column)
	if row.Value != "" {
		row.Value = row.Input // one string, and not the file's buffer
		if row.Kind != reset.RefID {
			row.Value = norm.NFC.String(row.Input)
		}
	}
	return row
}
