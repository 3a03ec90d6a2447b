package roster

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"factorbot/bot/reset"
	"factorbot/bot/roster/internal/refusal"
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

// quoteRunes end a term in Okta's search language, or are what a phone makes of such a quote.
const quoteRunes = "\"\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb"

// pathRunes would change which endpoint of Okta is called, or are between cells.
const pathRunes = `/\?%|`

// atext is what RFC 5322 (3.2.3) allows in an address besides letters and digits,
// less pathRunes, with dot and @. Guests of a directory have a # in theirs.
const atext = ".@!#$&'*+-=^_`{}~"

// claimKind is what a cell is. Of the cells of one record the last kind counts: one with two
// users is not outdone by another with one.
type claimKind int

const (
	claimNone    claimKind = iota // empty, or a mark that there is nobody: "#N/A"
	claimText                     // neither an ID nor an address; a login under a header that means one
	claimWrong                    // meant as a user, and none
	claimAddress                  // a login or an e-mail with an @
	claimID                       // an Okta user ID
	claimTwo                      // several users in one cell
	claimLogin                    // a text that is said to be a login
)

// claim is what a cell says about a user.
type claim struct {
	kind    claimKind
	value   string // without what is around it: "ana@example.com" of "Ana <ana@example.com>"
	problem string // of claimNone, claimText, claimWrong and claimTwo: why it names nobody by itself, a sentence
	odd     string // of claimLogin: why it hardly is one, "" for usual ones
}

func (c claim) isUser() bool { return c.kind == claimID || c.kind == claimAddress }

// names reports whether a cell names users, one or more.
func (c claim) names() bool { return c.isUser() || c.kind == claimTwo }

// isUser reports whether a cell names a user.
func isUser(cell string) bool { return mayBeUser(cell) && readCell(cell).isUser() }

// mayBeUser tells quickly which cells are worth a look.
func mayBeUser(cell string) bool { return strings.Contains(cell, "@") || strings.Contains(cell, "00u") }

// nobody are the words that spreadsheets, databases and people write where there is nothing.
var nobody = regexp.MustCompile(`(?i)^(#?n\.?/?a\.?|#(value|ref|name|null|num|div/0|spill|calc|getting_data)[!?]?|[(<\[]?(null|none|nil|empty|blank|unknown|undefined|nan|unassigned|missing|not (available|applicable|assigned|set|found|provided))[)>\]]?|[-–—_.?*/\\]+|tbd|k\. ?a\.|#nv|#bezug!|#wert!|#ref!|#n/d|s/o|sin datos|non disponible|nicht verf(ü|ue)gbar)$`)

// readCell reads a cell as people write users. What is around an address comes
// off: display names, quotation marks, brackets, "mailto:", bullets and numbers
// before a blank, a constant formula.
func readCell(cell string) claim {
	switch {
	case isPlainAddress(cell):
		return claim{kind: claimAddress, value: cell}
	case idPattern.MatchString(cell):
		return claim{kind: claimID, value: cell}
	}
	bare := unwrap(cell)
	switch {
	case bare == "", nobody.MatchString(bare):
		return claim{problem: "names nobody"}
	case idPattern.MatchString(bare):
		return claim{kind: claimID, value: bare}
	}
	if problem := addressProblem(bare); problem == "" {
		return claim{kind: claimAddress, value: norm.NFC.String(bare)}
	} else if n := countUsers(cell); n > 1 {
		return claim{kind: claimTwo, problem: fmt.Sprintf("names %s users; put each on a line of its own", reset.Count(n))}
	} else if n == 1 && strings.ContainsFunc(bare, unicode.IsSpace) {
		return claim{kind: claimWrong, problem: "has other words beside the user: leave only the login, e-mail or ID"}
	} else if mayBeUser(bare) || isFormula(bare) {
		return claim{kind: claimWrong, value: norm.NFC.String(bare), problem: problem}
	} else {
		return claim{kind: claimText, value: norm.NFC.String(bare), problem: problem}
	}
}

// asLogin judges a cell that is said to hold a login: any text of 5 to 100
// characters can be one, for an org need not use e-mails. A mention of Slack's
// and what names several users, or one among other words, is none.
func (c claim) asLogin() claim {
	if c.value == "" || c.kind != claimText && c.kind != claimWrong || strings.HasPrefix(c.value, "<") {
		return c
	}
	if problem := loginProblem(c.value); problem != "" {
		if c.kind == claimText {
			c.problem = problem
		}
		return c
	}
	return claim{kind: claimLogin, value: c.value, odd: oddLogin(c.value)}
}

// plainRunes are in nearly every address.
const plainRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// isPlainAddress tells quickly that a cell is an address as nearly all are, with nothing around it.
func isPlainAddress(cell string) bool {
	local, domain, found := strings.Cut(cell, "@")
	return found && len(cell) >= minLogin && len(cell) <= maxLogin && strings.Trim(cell, "@._-") == cell &&
		strings.Trim(local, plainRunes) == "" && strings.Trim(domain, plainRunes) == ""
}

// countUsers counts the different users that are named in a text.
func countUsers(text string) int { return len(namedIn(text)) }

// namedIn finds the users that are named in a text, in lower case.
func namedIn(text string) map[string]bool {
	seen := map[string]bool{}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(",;<>()[]|:", r)
	}) {
		word = strings.Trim(word, punctuation)
		if idPattern.MatchString(word) || strings.Contains(word, "@") && addressProblem(word) == "" {
			seen[strings.ToLower(word)] = true
		}
	}
	return seen
}

// loginProblem says why a text cannot be a login at all, "" if it can. A login is
// looked up by search, between quotation marks that are escaped, and never put
// into a path, so what is refused is only what no login is.
func loginProblem(text string) string {
	switch n := utf8.RuneCountInString(text); {
	case n > maxLogin:
		return fmt.Sprintf("has %s characters; Okta's logins have at most %s", reset.Count(n), reset.Count(maxLogin))
	case n < minLogin:
		return fmt.Sprintf("has %s characters; Okta's logins have at least %s", reset.Count(n), reset.Count(minLogin))
	case strings.HasPrefix(text, "="):
		return `is a spreadsheet formula`
	}
	for _, r := range text {
		switch {
		case r == '\n' || r == '\r':
			return "has a line break inside; put each user on a line of its own"
		case !unicode.IsGraphic(r), r == utf8.RuneError:
			return runeProblem(r)
		}
	}
	return ""
}

// oddLogin says why a text that can be a login hardly is one, "" for those that are
// usual. It is looked up, and this is said where Okta has no such user.
func oddLogin(text string) string {
	n := utf8.RuneCountInString(text)
	switch {
	case strings.Contains(text, "@"):
		return addressProblem(text)
	case isFormula(text):
		return fmt.Sprintf("starts with %s like a spreadsheet formula", refusal.Quote(text[:1]))
	case strings.HasPrefix(text, "00u"):
		return fmt.Sprintf("isn't an Okta user ID: those are 00u and 17 letters or digits, this has %s characters", reset.Count(n))
	case strings.ContainsAny(text, quoteRunes):
		return "has a quotation mark inside"
	case strings.ContainsFunc(text, unicode.IsSpace):
		return "has a space inside; put each user on a line of its own"
	case strings.HasPrefix(text, "/"), strings.HasPrefix(text, "."), strings.Contains(text, "//"), strings.Contains(text, ".."):
		return "isn't a login: it looks like a path or a web address"
	}
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(loginRunes, r) {
			return fmt.Sprintf("has %s inside, and Okta has no such login", refusal.Quote(string(r)))
		}
	}
	return ""
}

// isUsualLogin reports whether a text without an @ looks like a login.
func isUsualLogin(text string) bool { return loginProblem(text) == "" && oddLogin(text) == "" }

// loginRunes are in logins without an @ as directories make them, besides letters and digits.
const loginRunes = `._-+\/'$#&~=!`

// noAddress is said of a text without an @.
const noAddress = "isn't an e-mail, login or Okta user ID"

func addressProblem(cell string) string {
	n := utf8.RuneCountInString(cell)
	switch {
	case cell == "":
		return "empty: no user is named"
	case n > maxLogin:
		return fmt.Sprintf("has %s characters; Okta's logins have at most %s", reset.Count(n), reset.Count(maxLogin))
	case isFormula(rearm(cell)): // with the mark before it, it could not be told from a defused one
		return fmt.Sprintf("starts with %s like a spreadsheet formula; if it's a login, use the Okta ID instead", refusal.Quote(rearm(cell)[:1]))
	}
	local, domain, found := strings.Cut(cell, "@")
	if !found && !strings.HasPrefix(cell, "00u") {
		return noAddress
	}
	for _, r := range cell {
		if p := runeProblem(r); p != "" {
			return p
		}
	}
	switch {
	case !found:
		return fmt.Sprintf("isn't an Okta user ID: those are 00u and 17 letters or digits, this has %s characters", reset.Count(n))
	case local == "" || domain == "" || strings.Contains(domain, "@") || strings.HasSuffix(domain, "."):
		return "isn't an e-mail: one @ is between a name and a domain"
	case strings.ContainsAny(domain, "#!$&'*+=^`{|}~"):
		return "isn't an e-mail: its domain has a character that no domain has"
	case n < minLogin:
		return fmt.Sprintf("has %s characters; Okta's logins have at least %s", reset.Count(n), reset.Count(minLogin))
	}
	return ""
}

// runeProblem says in a sentence why a rune cannot be in a login or an e-mail.
func runeProblem(r rune) string {
	switch {
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsDigit(r), strings.ContainsRune(atext, r):
		return ""
	case unicode.IsSpace(r):
		return "has a space inside; put each user on a line of its own"
	case strings.ContainsRune(quoteRunes, r):
		return "has a quotation mark inside"
	case strings.ContainsRune(pathRunes, r):
		return fmt.Sprintf("has %q inside; if that's part of the login, use the Okta ID instead", string(r))
	case r == utf8.RuneError:
		return "has a character that can't be read; save the file as CSV UTF-8"
	case unicode.IsControl(r):
		return fmt.Sprintf("has a control character (%U) inside", r)
	case unicode.Is(unicode.Cf, r):
		return fmt.Sprintf("has an invisible character (%U) inside", r)
	case unicode.IsGraphic(r):
		return fmt.Sprintf(`has "%c" inside, which no login or e-mail has`, r)
	}
	return fmt.Sprintf("has the character %U inside, which no login or e-mail has", r)
}

// claimOf judges a trimmed cell under a header of some kind: which user it names, or why none.
func (c column) claimOf(cell string) (reset.Ref, claim) {
	cl := readCell(cell)
	switch cl.kind {
	case claimID:
		return reset.Ref{Kind: reset.RefID, Value: cl.value}, cl
	case claimAddress:
		if c.kind == reset.RefEmail {
			return reset.Ref{Kind: reset.RefEmail, Value: cl.value}, cl
		}
		return reset.Ref{Kind: reset.RefLogin, Value: cl.value}, cl
	case claimText, claimWrong:
		if c.texts == textNever || c.texts == textLoose && cl.kind == claimWrong {
			return reset.Ref{}, cl
		}
		switch login := cl.asLogin(); {
		case login.kind != claimLogin:
			return reset.Ref{}, login
		case c.texts == textLoose && login.odd != "":
			cl.problem = login.odd
			return reset.Ref{}, cl
		default:
			return reset.Ref{Kind: reset.RefLogin, Value: login.value, Loose: c.texts == textLoose}, login
		}
	}
	return reset.Ref{}, cl
}
