package table

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"

	"factorbot/bot/roster/internal/refusal"
)

// ReadAll reads a file of so many bytes at most.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		refused := refusal.New(refusal.Unreadable, 0, "The file couldn't be read to its end: drop it again.")
		refused.Err = err
		return nil, refused
	case int64(len(content)) > limit:
		return nil, refusal.New(refusal.TooBig, 0, "The file is over %s, which is too large: split it, or leave only the column that names the users.", size(limit))
	}
	return content, nil
}

// size writes a number of bytes for people.
func size(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// magics are the first bytes of files that people take for lists.
var magics = []struct {
	prefix string
	code   string
	what   string
}{
	{"PK\x05\x06", refusal.Spreadsheet, "an empty zip archive"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", refusal.Spreadsheet, "an old Excel workbook (.xls), or one with a password"},
	{"\x1f\x8b", refusal.Spreadsheet, "a gzip archive"},
	{"7z\xbc\xaf\x27\x1c", refusal.Spreadsheet, "a 7-Zip archive"},
	{"Rar!\x1a\x07", refusal.Spreadsheet, "a RAR archive"},
	{"%PDF-", refusal.NotText, "a PDF"},
	{`{\rtf`, refusal.NotText, "a Rich Text document"},
	{"\x89PNG", refusal.NotText, "a picture"},
	{"\xff\xd8\xff", refusal.NotText, "a picture"},
	{"GIF8", refusal.NotText, "a picture"},
}

const saveAsCSV = `open it in a spreadsheet, save it as .xlsx without a password or as "CSV UTF-8", and drop that file here`

// sniffBinary refuses what is no text by its first bytes; wide says that they are UTF-16.
func sniffBinary(head []byte, wide bool) error {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return refusal.New(m.code, 0, "This file is %s, not a text file: %s.", m.what, saveAsCSV)
		}
	}
	controls := 0
	for _, b := range head {
		if b < ' ' && !strings.ContainsRune("\t\n\r\f\v", rune(b)) {
			controls++
		}
	}
	if !wide && (controls*10 > len(head) || bytes.IndexByte(head, 0) >= 0) {
		return refusal.New(refusal.NotText, 0, "This file isn't text: %s.", saveAsCSV)
	}
	return nil
}

// markups are how texts begin that are no lists, in lower case.
var markups = []struct {
	begins *regexp.Regexp
	what   string
}{
	{regexp.MustCompile(`^</?(!doctype|html|head|body|table|thead|tbody|tr|td|th|ul|ol|li|dl|div|span|p|br|pre|section|script|style|meta|link|!--)[\s/>-]`), "a web page"},
	{regexp.MustCompile(`^<\?xml`), "XML"},
	{regexp.MustCompile(`^(\{\s*["}]|\[\s*[\[{0-9])`), "JSON"},
	{regexp.MustCompile(`^(mime-version|received|return-path|x-[a-z-]+): `), "a saved e-mail"},
	{regexp.MustCompile(`^begin:v`), "a contact card or calendar"},
}

// sniffMarkup refuses texts of another kind by their first characters.
func sniffMarkup(text string) error {
	start := strings.ToLower(Trim(text[:min(len(text), 512)]))
	for _, m := range markups {
		if m.begins.MatchString(start) {
			return refusal.New(refusal.Markup, 0, "This file is %s, not a list of users: export it as CSV, and drop that file here.", m.what)
		}
	}
	return nil
}
