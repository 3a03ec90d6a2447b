package roster

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"factorbot/bot/roster/internal/refusal"
)

// UploadText is the message of a file, understood: options first, then the reason.
type UploadText struct {
	DryRun         bool
	BreakGlass     bool
	Again          bool     // "again": a result file's users are reset once more
	Factors        []string // "factors:sms,call", as typed
	RevokeSessions bool
	At             string // `at:"tomorrow 07:00"`, as typed
	Reason         string // without the word because
	Stray          string // what looks like an option in the reason: "factors:sms"
}

// stray finds what looks like an option in a reason.
var stray = regexp.MustCompile(`(?i)(?:^|[\s(,;])((?:dry|break)[- ]?(?:run|glass)\b|(?:factors?|sessions?|group|search|columns|login):\s*[^\s,;]+|at:\s*(?:"[^"]*"|[0-9][^\s,;]*|tomorrow\b[^,;]*))`)

// ParseUpload reads the message of a file, as people see it, by the command's grammar: it may begin
// with dry-run, break-glass, again, factors:, sessions: and at:, and what is left
// is the reason; the word because before it may be left out. now is the moment of
// asking, by which a time without quotation marks is told from the reason. The
// error is an *Error.
func ParseUpload(text string, now time.Time) (UploadText, error) {
	var u UploadText
	rest := strings.TrimSpace(text)
	for {
		next, err := u.option(rest, now)
		if err != nil {
			return UploadText{}, err
		}
		if next == rest {
			break
		}
		rest = next
	}
	if s := (scanner{s: fold(rest)}); isBecause(s.next()) {
		before, reason, _ := cutBecause(rest, true)
		rest = before + reason
	}
	u.Reason = strings.Trim(rest, " ,;:-\n\t")
	if m := stray.FindStringSubmatch(fold(rest)); m != nil {
		u.Stray = strings.TrimSpace(m[1])
	}
	return u, nil
}

// mode is an option of one or two words.
var mode = regexp.MustCompile(`(?i)^[-/]*(dry[- ]?run|break[- ]?glass|again)(?:[,;:]+| |$)`)

// option takes one option off the start of a text, and returns the text as it is where there is none.
func (u *UploadText) option(text string, now time.Time) (string, error) {
	p := parser{scanner: scanner{s: strings.TrimLeftFunc(fold(text), isSeparator)}}
	word := p.peek()
	if key, ok := optionOf(word); ok {
		key = strings.ToLower(key)
		p.s = p.s[len(key)+1:]
		switch key {
		case "factors":
			return u.factors(p.s)
		case "at":
			return u.when(p.s, now)
		case "sessions":
			err := p.option(key)
			u.RevokeSessions = true
			return p.s, err
		}
		return "", refusal.New(CodeOption, 0, "%s can't go with a file: the file names the users. Leave it out.", refusal.Quote(key+":"))
	}
	m := mode.FindStringSubmatch(p.s)
	if m == nil {
		return text, nil
	}
	switch strings.ToLower(m[1])[0] {
	case 'd':
		u.DryRun = true
	case 'b':
		u.BreakGlass = true
	default:
		u.Again = true
	}
	return p.s[len(m[0]):], nil
}

// factors reads the value of factors:, of which the last may have several words and be followed by the reason.
func (u *UploadText) factors(text string) (string, error) {
	before, _, _ := cutBecause(text, true)
	end := len(before)
	if option := nextOption.FindStringIndex(text[:end]); option != nil {
		end = option[0]
	}
	list, rest := text[:end], text[end:]
	parts := strings.Split(list, ",")
	for i, part := range parts {
		words := strings.Fields(strings.ReplaceAll(part, `"`, " "))
		n := len(words)
		for n > 1 && !isFactor(strings.Join(words[:n], " ")) {
			n--
		}
		if n > 0 {
			u.Factors = append(u.Factors, strings.Join(words[:n], " "))
		}
		if n < len(words) { // the reason has begun
			left := append([]string{strings.Join(words[n:], " ")}, parts[i+1:]...)
			rest = strings.Join(left, ",") + " " + rest
			break
		}
	}
	if len(u.Factors) == 0 {
		return "", refusal.New(CodeOption, 0, `"factors:" has no value. Write it right after the colon.`)
	}
	_, err := FactorTypes(u.Factors)
	return strings.TrimSpace(rest), err
}

// nextOption is an option after other words.
var nextOption = regexp.MustCompile(`(?i)\s(?:` + strings.Join(options, "|") + `):`)

// isFactor reports whether words name factors to the last: a dash after them begins the reason.
func isFactor(name string) bool {
	_, err := FactorTypes([]string{name})
	last := name[strings.LastIndexByte(name, ' ')+1:]
	return err == nil && folded(last) != ""
}

// mostWhen is how many words a time has: "at the 3rd of May 07:00 pm".
const mostWhen = 6

// when reads the value of at:, in quotation marks or the most words that are a time.
func (u *UploadText) when(text string, now time.Time) (string, error) {
	text = strings.TrimLeft(text, " ")
	words := strings.Fields(text)
	if strings.HasPrefix(text, `"`) {
		s := scanner{s: text}
		if u.At = s.phrase(); u.At != "" {
			return s.s, nil
		}
		words = nil
	}
	if len(words) == 0 {
		return "", refusal.New(CodeOption, 0, `"at:" has no value. Write it right after the colon, in quotation marks if it has blanks.`)
	}
	n := min(len(words), mostWhen)
	for n > 1 && !isWhen(strings.Join(words[:n], " "), now) {
		n--
	}
	u.At = strings.Trim(strings.Join(words[:n], " "), ",;")
	return strings.Join(words[n:], " "), nil
}

func isWhen(text string, now time.Time) bool {
	_, err := ParseWhen(strings.Trim(text, ",;"), now)
	return err == nil
}

// Unmentioned takes mentions of the bot off the ends of a message: a message that
// is nothing else has no reason in it.
func Unmentioned(text string, names ...string) string {
	for {
		before := text
		text = strings.Trim(text, " ,;:\n\t")
		for _, name := range names {
			mention := "@" + name
			if rest, ok := strings.CutPrefix(text, mention); ok && !isWordStart(rest) {
				text = rest
			}
			if rest, ok := strings.CutSuffix(text, mention); ok {
				text = rest
			}
		}
		if text == before {
			return text
		}
	}
}

func isWordStart(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}
