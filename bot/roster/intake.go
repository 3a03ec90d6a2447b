package roster

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"strings"

	"factorbot/bot/reset"
)

var errTooBig = errors.New("over the limit of bytes")

// intake counts and hashes the bytes of a file as they are read, and stops at the limit.
type intake struct {
	from  io.Reader
	limit int64
	bytes int64
	sum   hash.Hash
}

func newIntake(r io.Reader, limit int64) *intake {
	return &intake{from: r, limit: limit, sum: sha256.New()}
}

func (in *intake) Read(p []byte) (int, error) {
	n, err := in.from.Read(p)
	in.bytes += int64(n)
	if in.bytes > in.limit {
		return 0, errTooBig
	}
	in.sum.Write(p[:n])
	return n, err
}

func (in *intake) digest() reset.Digest {
	return reset.Digest(hex.EncodeToString(in.sum.Sum(nil)))
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
	{"PK\x05\x06", CodeSpreadsheet, "an empty zip archive"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", CodeSpreadsheet, "an old Excel workbook (.xls), or one with a password"},
	{"\x1f\x8b", CodeSpreadsheet, "a gzip archive"},
	{"7z\xbc\xaf\x27\x1c", CodeSpreadsheet, "a 7-Zip archive"},
	{"Rar!\x1a\x07", CodeSpreadsheet, "a RAR archive"},
	{"%PDF-", CodeNotText, "a PDF"},
	{`{\rtf`, CodeNotText, "a Rich Text document"},
	{"\x89PNG", CodeNotText, "a picture"},
	{"\xff\xd8\xff", CodeNotText, "a picture"},
	{"GIF8", CodeNotText, "a picture"},
}

const saveAsCSV = `open it in a spreadsheet, save it as .xlsx without a password or as "CSV UTF-8", and drop that file here`

// sniffBinary refuses what is no text by its first bytes.
func sniffBinary(head []byte, wide bool) error {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return refuse(m.code, 0, "This file is %s, not a text file: %s.", m.what, saveAsCSV)
		}
	}
	if wide {
		return nil
	}
	controls := 0
	for _, b := range head {
		if b == 0 {
			return refuse(CodeNotText, 0, "This file isn't text: %s.", saveAsCSV)
		}
		if b < ' ' && !strings.ContainsRune("\t\n\r\f\v", rune(b)) {
			controls++
		}
	}
	if controls*10 > len(head) {
		return refuse(CodeNotText, 0, "This file isn't text: %s.", saveAsCSV)
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
	start := strings.ToLower(trim(text[:min(len(text), 512)]))
	for _, m := range markups {
		if m.begins.MatchString(start) {
			return refuse(CodeMarkup, 0, "This file is %s, not a list of users: export it as CSV, and drop that file here.", m.what)
		}
	}
	return nil
}
