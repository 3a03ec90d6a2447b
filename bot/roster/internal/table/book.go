package table

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"factorbot/bot/reset"
	"factorbot/bot/roster/internal/refusal"
)

const (
	// mostUnpacked bounds what a workbook unpacks to, in bytes.
	mostUnpacked = 200 << 20
	// mostInMemory is the largest part of a workbook that is unpacked in memory; a larger one goes to a temporary file.
	mostInMemory = 8 << 20
	// mostParts bounds the files in a workbook.
	mostParts = 5000
)

// Book is an Excel workbook.
type Book struct {
	zip    *zip.Reader
	file   *excelize.File
	Sheets []Sheet
}

// Sheet is one worksheet.
type Sheet struct {
	Name   string
	Hidden bool
	part   string // its file in the archive
}

// Unseen counts the users that a workbook hides.
type Unseen struct{ Rows, Columns int }

// Damaged refuses a workbook that cannot be read.
func Damaged(err error) *refusal.Error {
	e := refusal.New(refusal.Spreadsheet, 0, "This workbook can't be read: it's damaged, or of a kind that I don't know. Open it in Excel, save it as .xlsx or CSV UTF-8, and drop that file here.")
	e.Err = err
	return e
}

// OpenBook opens a workbook within the limits, and refuses archives of other kinds.
func OpenBook(content []byte) (*Book, error) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, Damaged(err)
	}
	if err := checkParts(archive); err != nil {
		return nil, err
	}
	parts, err := relatedParts(archive)
	if err != nil {
		return nil, Damaged(err)
	}
	file, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: mostUnpacked, UnzipXMLSizeLimit: mostInMemory})
	if err != nil {
		return nil, Damaged(err)
	}
	b := &Book{zip: archive, file: file}
	for _, s := range file.WorkBook.Sheets.Sheet {
		b.Sheets = append(b.Sheets, Sheet{Name: s.Name, Hidden: s.State != "" && s.State != "visible", part: parts[s.ID]})
	}
	return b, nil
}

// Close removes the temporary files of a workbook.
func (b *Book) Close() error { return b.file.Close() }

// IsTable reports whether the sheet has cells, and is not a chart.
func (s Sheet) IsTable() bool {
	return strings.Contains(strings.ToLower(s.part), "worksheets/")
}

// checkParts refuses an archive that is no workbook, or unpacks to too much.
func checkParts(archive *zip.Reader) error {
	var unpacked uint64
	workbook := false
	for _, f := range archive.File {
		unpacked += min(f.UncompressedSize64, mostUnpacked+1)
		name := strings.ToLower(f.Name)
		switch {
		case unpacked > mostUnpacked || len(archive.File) > mostParts:
			return refusal.New(refusal.TooBig, 0, "This workbook unpacks to over %d MiB, which is too much. Leave only the sheet and the column that name the users.", mostUnpacked>>20)
		case name == "xl/workbook.xml":
			workbook = true
		case name == "xl/workbook.bin":
			return refusal.New(refusal.Spreadsheet, 0, "This is a binary Excel workbook (.xlsb): save it as .xlsx or CSV UTF-8, and drop that file here.")
		case strings.HasSuffix(name, ".iwa"):
			return refusal.New(refusal.Spreadsheet, 0, "This is a Numbers or Pages document: in Numbers choose File > Export To > CSV, and drop that file here.")
		case name == "content.xml":
			return refusal.New(refusal.Spreadsheet, 0, "This is an OpenDocument file: save it as .xlsx or CSV UTF-8, and drop that file here.")
		case name == "word/document.xml", name == "ppt/presentation.xml":
			return refusal.New(refusal.NotText, 0, "This is a Word or PowerPoint document, not a list: put the users in a sheet, one on each line, and drop that file here.")
		}
	}
	if !workbook {
		return refusal.New(refusal.Spreadsheet, 0, "This is a zip archive: unpack it, and drop the list in it.")
	}
	return nil
}

// relatedParts leads from the IDs that a workbook uses to the names of its parts in the archive.
func relatedParts(archive *zip.Reader) (map[string]string, error) {
	f, err := openPart(archive, "xl/_rels/workbook.xml.rels")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var rels struct {
		All []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	err = xml.NewDecoder(io.LimitReader(f, mostUnpacked)).Decode(&rels)
	parts := map[string]string{}
	for _, r := range rels.All {
		parts[r.ID] = partName(r.Target)
	}
	return parts, err
}

// partName makes a target of the workbook's relationships a name in the archive.
func partName(target string) string {
	if rest, ok := strings.CutPrefix(target, "/"); ok {
		return rest
	}
	return path.Join("xl", target)
}

func openPart(archive *zip.Reader, name string) (io.ReadCloser, error) {
	for _, f := range archive.File {
		if strings.EqualFold(strings.ReplaceAll(f.Name, `\`, "/"), name) {
			return f.Open()
		}
	}
	return nil, fmt.Errorf("no part %s", name)
}

// columns are some columns of a worksheet, one beside the other.
type columns struct {
	Min    int      `xml:"min,attr"` // from 1
	Max    int      `xml:"max,attr"`
	Hidden bool     `xml:"hidden,attr"`
	Width  *float64 `xml:"width,attr"`
}

// hiddenColumns lists the ranges of columns that a worksheet hides, from 1. They
// come before its rows.
func (b *Book) hiddenColumns(s Sheet) ([]columns, error) {
	f, err := openPart(b.zip, s.part)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var hidden []columns
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		start, ok := token.(xml.StartElement)
		switch {
		case err != nil, ok && start.Name.Local == "sheetData":
			return hidden, nil // the rows tell whether the part is damaged
		case ok && start.Name.Local == "col":
			var col columns
			if err := d.DecodeElement(&col, &start); err != nil {
				return nil, err
			}
			if col.Hidden || col.Width != nil && *col.Width == 0 {
				hidden = append(hidden, col)
			}
		}
	}
}

// Read reads the visible cells of a worksheet, and counts the users in the others.
func (b *Book) Read(s Sheet, isUser func(cell string) bool) (*Grid, Unseen, error) {
	var found Unseen
	hidden, err := b.hiddenColumns(s)
	if err != nil {
		return nil, found, Damaged(err)
	}
	rows, err := b.file.Rows(s.Name)
	if err != nil {
		return nil, found, Damaged(err)
	}
	defer func() { _ = rows.Close() }()
	g := &Grid{Fixed: true}
	line := 0
	for rows.Next() {
		line++
		cells, err := rows.Columns()
		if err != nil {
			return nil, found, Damaged(err)
		}
		for i, c := range cells {
			cells[i] = Trim(c)
		}
		if IsBlank(cells) {
			continue
		}
		if rows.GetRowOpts().Hidden {
			found.Rows += Count(cells, isUser)
			continue
		}
		for i := range cells {
			if isHidden(hidden, i+1) {
				found.Columns += Count(cells[i:i+1], isUser)
				cells[i] = ""
			}
		}
		if IsBlank(cells) {
			continue
		}
		if g.Len() == MostRows {
			return nil, found, refusal.New(refusal.TooMany, line, "The sheet %s has more than %s lines: split it.", refusal.Quote(s.Name), reset.Count(MostRows))
		}
		if err := g.Add(cells[:Filled(cells)], line); err != nil {
			return nil, found, err
		}
	}
	if err := rows.Error(); err != nil {
		return nil, found, Damaged(err)
	}
	return g, found, nil
}

// Count counts the cells that something holds for.
func Count(cells []string, is func(string) bool) (n int) {
	for _, c := range cells {
		if is(c) {
			n++
		}
	}
	return n
}

func isHidden(hidden []columns, column int) bool {
	return slices.ContainsFunc(hidden, func(c columns) bool { return c.Min <= column && column <= c.Max })
}
