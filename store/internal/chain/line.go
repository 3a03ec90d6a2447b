package chain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"factorbot/bot/reset"
)

// Line is an entry on its way into a log, encoded but for its number and its mark.
type Line struct {
	tail []byte // of the JSON, what follows the number
	sum  Hash
}

// lineHead is what an entry's JSON begins with, up to its number: Seq is its first field.
const lineHead = `{"seq":`

// markLen is how many bytes a mark adds to a line.
const markLen = len(`,"mark":""}`) + 16

// Encode encodes an entry, and returns it as a reader of the log will find it.
func Encode(e reset.Entry) (Line, reset.Entry, error) {
	e.Seq = 0
	c := Entry{Entry: e, Salt: NewSalt()}
	b, err := json.Marshal(c)
	if err == nil && bytes.Contains(b, []byte(`\ufffd`)) { // it was no UTF-8: what is kept is what counts
		c = Entry{}
		if err = json.Unmarshal(b, &c); err == nil {
			b, err = json.Marshal(c)
		}
	}
	if err != nil {
		return Line{}, e, err
	}
	sum, err := c.Sum()
	if err != nil {
		return Line{}, e, err
	}
	tail, ok := bytes.CutPrefix(b, []byte(lineHead+"0"))
	if !ok {
		return Line{}, e, fmt.Errorf("an entry that does not begin with its number: %.20s", b)
	}
	return Line{tail: tail[:len(tail)-1], sum: sum}, c.Entry, nil
}

// Size is about how many bytes the line has.
func (l Line) Size() int { return len(lineHead) + len(l.tail) + markLen }

// AppendTo adds the line, with its number and its mark, to others, and returns the hash of
// the chain up to it.
func (l Line) AppendTo(lines []byte, seq int64, before Hash) ([]byte, Hash) {
	at := before.Next(seq, l.sum)
	lines = strconv.AppendInt(append(lines, lineHead...), seq, 10)
	lines = append(append(lines, l.tail...), `,"mark":"`...)
	return append(append(lines, at.Short()...), "\"}\n"...), at
}

// FormatTail writes where a log ends: its last number and the hash up to there.
func FormatTail(last int64, at Hash) string { return fmt.Sprintf("%d %s", last, at) }

// ParseTail reads what FormatTail writes, or the bare number of schema version 1.
func ParseTail(s string) (last int64, at Hash, err error) {
	number, hash, chained := strings.Cut(s, " ")
	if last, err = strconv.ParseInt(number, 10, 64); err == nil && chained {
		at, err = Parse(hash)
	}
	return last, at, err
}

// Head is the end of a chain. A copy kept outside the record shows later that nothing
// before it was changed or left out.
type Head struct {
	Seq  int64  // number of the last entry of the log; 0 if there is none
	Hash string // of the chain up to there, 64 hex digits
}

// HeadAt returns the head of a chain that ends with an entry of this number.
func HeadAt(last int64, at Hash) Head { return Head{Seq: last, Hash: at.String()} }

// String writes "17:9f86d081...".
func (h Head) String() string { return fmt.Sprintf("%d:%s", h.Seq, h.Hash) }

// ParseHead reads what String writes; at least 12 hex digits are enough.
func ParseHead(s string) (Head, error) {
	number, hash, _ := strings.Cut(strings.TrimSpace(s), ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	hash = strings.ToLower(hash)
	if err != nil || seq < 0 || len(hash) < 12 || len(hash) > 64 || strings.Trim(hash, "0123456789abcdef") != "" {
		return Head{}, fmt.Errorf("%.100q is no head: it is a number, a colon, and 12 to 64 hex digits", s)
	}
	return Head{Seq: seq, Hash: hash}, nil
}
