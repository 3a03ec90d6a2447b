// Package refusal is how a whole file or command is refused: with a code for machines, and a
// sentence that may quote what somebody wrote.
package refusal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"factorbot/bot/reset"
)

// Codes of what is wrong with a whole file or command, for machines.
const (
	Empty       = "empty"        // no bytes, or a header and nothing below it
	TooBig      = "too_big"      // over Limits.Bytes
	TooMany     = "too_many"     // over Limits.Rows
	Spreadsheet = "spreadsheet"  // an Excel or OpenDocument file, or an archive
	NotText     = "not_text"     // PDF, picture, or other bytes that are no text
	Markup      = "markup"       // HTML, XML or JSON
	Encoding    = "encoding"     // no one encoding fits all of it
	NoColumn    = "no_column"    // no header that names users
	TwoColumns  = "two_columns"  // two headers of the same name
	Quotes      = "quotes"       // a quotation mark is not closed
	Unknown     = "unknown"      // the command's first word is no command and no user
	NotUsers    = "not_users"    // words of the command that name nobody
	NoUsers     = "no_users"     // the command names nobody
	Option      = "option"       // an option that is not known, or has no value
	Factor      = "factor"       // a factor that is not known
	Unreadable  = "unreadable"   // the bytes stopped coming
	HugeRow     = "row_too_long" // one row is longer than any row of users
)

// Error says why a whole file or command is refused.
type Error struct {
	Code  string // one of the codes
	Line  int    // line of the file, from 1; 0 if it is not about a line
	Words string // for people: what is wrong, then what to do; may repeat their own text, so it is escaped where it leaves
	Err   error  // what lies below, if anything
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("roster: %s at line %d: %s", e.Code, e.Line, e.Words)
	}
	return fmt.Sprintf("roster: %s: %s", e.Code, e.Words)
}

func (e *Error) Unwrap() error { return e.Err }

// New returns a refusal whose sentence is formatted.
func New(code string, line int, format string, args ...any) *Error {
	return &Error{Code: code, Line: line, Words: fmt.Sprintf(format, args...)}
}

// MostQuoted is how much of somebody's text a sentence repeats.
const MostQuoted = 40

// Quote quotes a piece of somebody's text for a sentence: short, on one line, nothing invisible.
func Quote(s string) string { return `"` + Cut(Graphic(s), MostQuoted) + `"` }

// Graphic replaces what has no picture, line breaks too, by U+FFFD.
func Graphic(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// Cut shortens a text to n runes, the last of which says that there was more.
func Cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// QuoteList quotes the first few texts for a sentence and counts the rest.
func QuoteList(texts []string) string {
	const most = 8
	var quoted []string
	for _, t := range texts[:min(len(texts), most)] {
		quoted = append(quoted, Quote(t))
	}
	list := strings.Join(quoted, ", ")
	if more := len(texts) - most; more > 0 {
		list += fmt.Sprintf(" and %s more", reset.Count(more))
	}
	return list
}
