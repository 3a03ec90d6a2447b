package table

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"factorbot/bot/roster/internal/refusal"
)

var (
	bomUTF8    = []byte("\xef\xbb\xbf")
	bomUTF16LE = []byte("\xff\xfe")
	bomUTF16BE = []byte("\xfe\xff")
)

// decode reads a file's bytes as text, and names its encoding for people.
func decode(content []byte) (text, name string, err error) {
	head := content[:min(len(content), headBytes)]
	wide := sniffUTF16(head)
	if err := sniffBinary(head, wide != nil); err != nil {
		return "", "", err
	}
	if wide == nil {
		return decodeNarrow(content)
	}
	decoded, _ := wide.NewDecoder().Bytes(content) // what is no UTF-16 becomes U+FFFD
	return string(decoded), "UTF-16", nil
}

// sniffUTF16 finds UTF-16 by its mark, or without one: names of users are ASCII for
// the most part, so every other byte is zero, and the bytes between are not. It is
// nil for other encodings.
func sniffUTF16(head []byte) encoding.Encoding {
	if bytes.HasPrefix(head, bomUTF16LE) || bytes.HasPrefix(head, bomUTF16BE) {
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	}
	if bytes.HasPrefix(head, bomUTF8) {
		return nil
	}
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	pairs := len(head) / 2
	few := func(n int) bool { return n*20 <= pairs }
	many := func(n int) bool { return n > 0 && n*5 >= pairs*2 }
	switch {
	case many(zeros[1]) && few(zeros[0]):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case many(zeros[0]) && few(zeros[1]):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return nil
}

// decodeNarrow reads UTF-8 or Windows-1252. A file that has letters of both is
// refused: which of them are right cannot be known.
func decodeNarrow(content []byte) (text, name string, err error) {
	content, marked := bytes.CutPrefix(content, bomUTF8)
	if utf8.Valid(content) {
		return string(content), "UTF-8", nil
	}
	first := bytes.IndexFunc(content, func(r rune) bool { return r >= utf8.RuneSelf })
	_, size := utf8.DecodeRune(content[first:])
	if marked || size > 1 || slices.ContainsFunc(content, isUnused) {
		return "", "", refusal.New(refusal.Encoding, 0, "The file's letters can't be read: they're neither UTF-8 nor Windows-1252. Save it as CSV UTF-8.")
	}
	latin, _ := charmap.Windows1252.NewDecoder().Bytes(content)
	return string(latin), "Windows-1252", nil
}

// isUnused reports whether a byte is one of the five that Windows-1252 leaves free.
func isUnused(b byte) bool { return strings.IndexByte("\x81\x8d\x8f\x90\x9d", b) >= 0 }
