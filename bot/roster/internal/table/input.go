package table

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"strings"

	"factorbot/bot/roster/internal/refusal"
)

var errTooBig = errors.New("over the limit of bytes")

// Input counts and hashes the bytes of a file as they are read, and stops at the limit.
type Input struct {
	from  io.Reader
	limit int64
	n     int64
	sum   hash.Hash
}

// NewInput returns the input that reads from r, of so many bytes at most.
func NewInput(r io.Reader, limit int64) *Input {
	return &Input{from: r, limit: limit, sum: sha256.New()}
}

func (in *Input) Read(p []byte) (int, error) {
	n, err := in.from.Read(p)
	in.n += int64(n)
	if in.n > in.limit {
		return 0, errTooBig
	}
	in.sum.Write(p[:n])
	return n, err
}

// Bytes is how many bytes were read.
func (in *Input) Bytes() int64 { return in.n }

// SHA256 is the hash of the bytes that were read, 64 hex digits.
func (in *Input) SHA256() string { return hex.EncodeToString(in.sum.Sum(nil)) }

// Peek returns the first bytes of a file.
func (in *Input) Peek() (raw *bufio.Reader, head []byte, err error) {
	raw = bufio.NewReaderSize(in, headBytes)
	head, err = raw.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, in.Refusal(err)
	}
	return raw, bytes.Clone(head), nil
}

// Refusal turns an error of the stream into one for the person who sent the file.
func (in *Input) Refusal(err error) error {
	var known *refusal.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, errTooBig):
		return refusal.New(refusal.TooBig, 0, "The file is over %s, which is too large: split it, or leave only the column that names the users.", size(in.limit))
	case errors.Is(err, errMixed):
		return refusal.New(refusal.Encoding, 0, "The file's letters can't be read: they're neither UTF-8 nor Windows-1252. Save it as CSV UTF-8.")
	}
	e := refusal.New(refusal.Unreadable, 0, "The file couldn't be read to its end: drop it again.")
	e.Err = err
	return e
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

// sniffBinary refuses what is no text by its first bytes.
func sniffBinary(head []byte, wide bool) error {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return refusal.New(m.code, 0, "This file is %s, not a text file: %s.", m.what, saveAsCSV)
		}
	}
	if wide {
		return nil
	}
	controls := 0
	for _, b := range head {
		if b == 0 {
			return refusal.New(refusal.NotText, 0, "This file isn't text: %s.", saveAsCSV)
		}
		if b < ' ' && !strings.ContainsRune("\t\n\r\f\v", rune(b)) {
			controls++
		}
	}
	if controls*10 > len(head) {
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
