package table

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

var (
	bomUTF8    = []byte("\xef\xbb\xbf")
	bomUTF16LE = []byte("\xff\xfe")
	bomUTF16BE = []byte("\xfe\xff")
)

var errMixed = errors.New("neither UTF-8 nor Windows-1252 throughout")

// charset is the encoding of a file as its first bytes show it. Without UTF-16
// it is UTF-8 until a byte shows Windows-1252, which may be the last one.
type charset struct {
	wide   encoding.Encoding // UTF-16, or nil
	narrow *narrow
}

// sniffCharset tells UTF-16, with or without a byte order mark, from the rest.
func sniffCharset(head []byte) charset {
	switch {
	case bytes.HasPrefix(head, bomUTF16LE), bytes.HasPrefix(head, bomUTF16BE):
		return charset{wide: unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)}
	case bytes.HasPrefix(head, bomUTF8):
		return charset{narrow: &narrow{marked: true}}
	}
	if order, ok := sniffUTF16(head); ok {
		return charset{wide: unicode.UTF16(order, unicode.IgnoreBOM)}
	}
	return charset{narrow: &narrow{}}
}

// sniffUTF16 finds UTF-16 without a mark: names of users are ASCII for the most
// part, so every other byte is zero, and the bytes between are not.
func sniffUTF16(head []byte) (unicode.Endianness, bool) {
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
		return unicode.LittleEndian, true
	case many(zeros[0]) && few(zeros[1]):
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, false
}

// decoder returns what turns the file's bytes into UTF-8.
func (c charset) decoder() transform.Transformer {
	if c.wide != nil {
		return c.wide.NewDecoder()
	}
	return c.narrow
}

// String names the encoding for people, once the file is read.
func (c charset) String() string {
	switch {
	case c.wide != nil:
		return "UTF-16"
	case c.narrow.latin:
		return "Windows-1252"
	}
	return "UTF-8"
}

// narrow decodes UTF-8 and, from the first byte that is not UTF-8 on,
// Windows-1252. A file that has characters of both is refused: which of its
// letters are right cannot be known.
type narrow struct {
	marked bool // began with UTF-8's mark
	begun  bool // the mark is passed
	multi  bool // a UTF-8 sequence of several bytes was read
	latin  bool // Windows-1252 from here on
}

func (d *narrow) Reset() { d.begun, d.multi, d.latin = false, false, false }

// Transform implements transform.Transformer.
func (d *narrow) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	if d.marked && !d.begun {
		if len(src) < len(bomUTF8) {
			return 0, 0, transform.ErrShortSrc
		}
		nSrc = len(bomUTF8)
	}
	d.begun = true
	for nSrc < len(src) {
		r, size := rune(src[nSrc]), 1
		if r >= utf8.RuneSelf {
			if !d.latin && !atEOF && !utf8.FullRune(src[nSrc:]) {
				return nDst, nSrc, transform.ErrShortSrc
			}
			if r, size, err = d.decode(src[nSrc:]); err != nil {
				return nDst, nSrc, err
			}
		}
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += size
	}
	return nDst, nSrc, nil
}

// decode reads one rune that is not ASCII.
func (d *narrow) decode(src []byte) (rune, int, error) {
	if !d.latin {
		r, size := utf8.DecodeRune(src)
		if size > 1 {
			d.multi = true
			return r, size, nil
		}
		if d.multi || d.marked {
			return 0, 0, errMixed
		}
		d.latin = true
	}
	r := charmap.Windows1252.DecodeByte(src[0])
	if r == utf8.RuneError || (r >= 0x80 && r < 0xa0) { // the five bytes that Windows-1252 leaves free
		return 0, 0, errMixed
	}
	return r, 1, nil
}
