package roster

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
)

// table is an opened file: what it is written in is known, and its records can be read.
type table struct {
	*records
	intake  *intake
	charset charset
	dialect dialect
}

// openTable looks at the start of a file, and refuses what is no table.
func openTable(r io.Reader, limits Limits) (*table, error) {
	limit := limits.Bytes
	if limit <= 0 {
		limit = MaxBytes
	}
	t := &table{intake: newIntake(r, limit)}
	raw := bufio.NewReaderSize(t.intake, headBytes)
	head, err := raw.Peek(headBytes)
	if err != nil && err != io.EOF {
		return nil, t.reading(err)
	}
	t.charset = sniffCharset(head)
	if err := sniffBinary(head, t.charset.wide != nil); err != nil {
		return nil, err
	}
	text := bufio.NewReaderSize(transform.NewReader(raw, t.charset.decoder()), headBytes)
	start, err := text.Peek(headBytes)
	if err != nil && err != io.EOF {
		return nil, t.reading(err)
	}
	if err := sniffMarkup(start); err != nil {
		return nil, err
	}
	if bytes.IndexByte(start, '\n') < 0 && bytes.IndexByte(start, '\r') >= 0 { // "CSV (Macintosh)"
		text = bufio.NewReaderSize(transform.NewReader(text, runes.Map(lineFeed)), headBytes)
	}
	t.dialect = sniffDialect(text)
	t.records = newRecords(text, t.dialect.comma, t.dialect.above)
	return t, nil
}

func lineFeed(r rune) rune {
	if r == '\r' {
		return '\n'
	}
	return r
}

// reading turns an error of the stream into one for the person who sent the file.
func (t *table) reading(err error) error {
	var known *Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, errTooBig):
		return refuse(CodeTooBig, 0, "The file is over %s, which is the most that is read: split it, or leave only the column that names the users.", size(t.intake.limit))
	case errors.Is(err, errMixed):
		return refuse(CodeEncoding, 0, "The letters of the file cannot be read: they are neither UTF-8 nor Windows-1252 throughout. Save it as CSV UTF-8.")
	}
	e := refuse(CodeUnreadable, 0, "The file could not be read to its end: drop it again.")
	e.Err = err
	return e
}
