package roster

import (
	"slices"
	"strings"

	"factorbot/bot/roster/internal/refusal"
)

// optionOf returns the option that a word begins with: "factors" of "factors:sms".
func optionOf(word string) (string, bool) {
	key, _, ok := strings.Cut(word, ":")
	return key, ok && slices.Contains(options, strings.ToLower(key))
}

// option reads the value of an option, which the scanner stands before.
func (p *parser) option(key string) error {
	input := key + ":"
	key = strings.ToLower(key)
	var value string
	switch key {
	case "search", "filter", "q":
		value = unlink(p.until(isOption))
	case "factors", "columns", "login":
		value = p.until(isOptionOrUser)
	case "sessions":
		value = strings.ToLower(p.next())
	default:
		value = p.phrase()
	}
	if value == "" {
		return refusal.New(CodeOption, 0, "%s has no value. Write it right after the colon, in quotation marks if it has spaces.", refusal.Quote(input))
	}
	c := &p.command
	switch key {
	case "factors":
		c.Factors = append(c.Factors, items(value)...)
	case "columns":
		c.Columns = append(c.Columns, items(value)...)
	case "at":
		c.At = value
	case "login":
		return p.logins(value)
	case "sessions":
		if value != "revoke" {
			return refusal.New(CodeOption, 0, "%s isn't an option. Write sessions:revoke to end the users' sessions too.", refusal.Quote("sessions:"+value))
		}
		c.RevokeSessions = true
	default:
		c.Users = append(c.Users, UserRef{Kind: UserKind(key), Value: value, Input: input + value})
	}
	return nil
}

func isOption(word string) bool {
	_, ok := optionOf(word)
	return ok
}

func isOptionOrUser(word string) bool {
	if _, ok := userOf(word); ok {
		return true
	}
	return isOption(word) || strings.HasPrefix(word, "<")
}

// items splits a list at its commas, and takes off quotation marks.
func items(list string) []string {
	var all []string
	for item := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ';' }) {
		if item = strings.Join(strings.Fields(strings.ReplaceAll(item, `"`, " ")), " "); item != "" {
			all = append(all, item)
		}
	}
	return all
}

// logins adds users by logins that need not have an @. One with a blank is in quotation marks.
func (p *parser) logins(value string) error {
	s := scanner{s: value}
	for s.skip(); s.s != ""; s.skip() {
		login := strings.TrimSpace(strings.Trim(s.next(), `"`))
		switch c := readCell(login).asLogin(); c.kind {
		case claimID:
			p.command.Users = append(p.command.Users, UserRef{Kind: UserID, Value: c.value, Input: c.value})
		case claimAddress:
			p.command.Users = append(p.command.Users, UserRef{Kind: UserLogin, Value: c.value, Input: c.value})
		case claimLogin:
			p.command.Users = append(p.command.Users, UserRef{Kind: UserLogin, Value: c.value, Input: login})
		default:
			if login != "" {
				return refusal.New(CodeOption, 0, "%s after login: %s.", refusal.Quote(login), c.problem)
			}
		}
	}
	return nil
}
