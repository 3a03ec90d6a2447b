package roster

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"factorbot/bot/roster/internal/refusal"
	"factorbot/bot/roster/internal/table"
)

// List is what was typed or pasted into a field for users.
type List struct {
	Users []UserRef // one by one
	Table *Roster   // or the rows of a table
}

// ParseList reads a field for users: words as a command takes them, the rows of a
// table, or logins without an @, one to a line or between commas. Nothing but
// users may be in it. The error is an *Error.
func ParseList(text string) (List, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return List{}, refusal.New(CodeNoUsers, 0, "Name at least one user.")
	}
	table, tableErr := readPasted(text)
	if tableErr == nil && (table.Ask != nil || len(table.Doubts) > 0) {
		return List{}, refusal.New(CodeNotUsers, 0, "Several columns name users here. Paste only the one that names those to reset.")
	}
	c, err := ParseCommand("reset " + text)
	switch {
	case err == nil && isPlain(c):
		return List{Users: c.Users}, nil
	case err == nil:
		return List{}, refusal.New(CodeNotUsers, 0, "Write only users here; group, search, factors and the reason have fields of their own.")
	case tableErr == nil && table.Users() > 0:
		return List{Table: table}, nil
	}
	if users, ok := bareLogins(text); ok {
		return List{Users: users}, nil
	}
	if unknown := (*Error)(nil); errors.As(err, &unknown) && unknown.Code == CodeUnknown { // there are no commands in a form
		word, _, _ := strings.Cut(unknown.Words, ". ")
		return List{}, refusal.New(CodeNotUsers, 0, "%s. Use e-mails, logins or Okta IDs; before a login that looks odd write login:", word)
	}
	return List{}, err
}

// readPasted reads several lines as a table.
func readPasted(text string) (*Roster, error) {
	if !strings.Contains(text, "\n") {
		return nil, refusal.New(CodeNoColumn, 0, "This is one line.")
	}
	return Read(strings.NewReader(text), Limits{})
}

// isPlain reports whether a command names users one by one and says nothing else.
func isPlain(c Command) bool {
	return !slices.ContainsFunc(c.Users, func(u UserRef) bool { return !u.isOne() }) && c.Reason == "" && len(c.Factors)+len(c.Columns) == 0 && c.At == "" && !c.RevokeSessions
}

// bareLogins reads logins without an @, one to a line or between commas; those that
// are plainly none of a sentence's words, as jdoe1 and ana.lima, also with blanks between them.
func bareLogins(text string) ([]UserRef, bool) {
	var users []UserRef
	for item := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == ',' || r == ';' }) {
		words := strings.Fields(table.Trim(item))
		for _, word := range words {
			c := readCell(word)
			ref, ok := userOf(word)
			switch {
			case ok:
			case c.kind == claimText && isUsualLogin(c.value) && (len(words) == 1 || strings.ContainsFunc(c.value, isNoLetter)):
				ref = UserRef{Kind: UserLogin, Value: c.value, Input: word}
			default:
				return nil, false
			}
			users = append(users, ref)
		}
	}
	return users, len(users) > 0
}

func isNoLetter(r rune) bool { return !unicode.IsLetter(r) }
