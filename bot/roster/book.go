package roster

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"factorbot/bot/reset"
)

const (
	// mostUnpacked bounds what a workbook unpacks to, in bytes.
	mostUnpacked = 200 << 20
	// mostInMemory is the largest part of a workbook that is unpacked in memory; a larger one goes to a temporary file.
	mostInMemory = 8 << 20
	// mostParts bounds the files in a workbook.
	mostParts = 5000
)

// book is an Excel workbook.
type book struct {
	zip    *zip.Reader
	file   *excelize.File
	sheets []sheet
}

// sheet is one worksheet.
type sheet struct {
	name   string
	part   string // its file in the archive
	hidden bool
}

// unseen counts the users that a workbook hides.
type unseen struct{ rows, columns, sheets int }

// readBook reads the first visible worksheet in which users are found. What is hidden
// or filtered out is not taken, and told.
func (ros *Roster) readBook(in *intake, raw io.Reader, limits Limits) (err error) {
	defer func() { // a hostile file must not end the process: the library trusts what it parses
		if p := recover(); p != nil {
			err = damaged(fmt.Errorf("panic: %v", p))
		}
	}()
	content, err := io.ReadAll(raw)
	if err != nil {
		return in.reading(err)
	}
	b, err := openBook(content)
	if err != nil {
		return err
	}
	defer func() { _ = b.file.Close() }() // removes its temporary files
	return ros.readSheets(b, limits)
}

func damaged(err error) *Error {
	e := refuse(CodeSpreadsheet, 0, "This workbook can't be read: it's damaged, or of a kind that I don't know. Open it in Excel, save it as .xlsx or CSV UTF-8, and drop that file here.")
	e.Err = err
	return e
}

// openBook opens a workbook within the limits, and refuses archives of other kinds.
func openBook(content []byte) (*book, error) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, damaged(err)
	}
	if err := checkParts(archive); err != nil {
		return nil, err
	}
	b := &book{zip: archive}
	if b.sheets, err = readSheetNames(archive); err != nil {
		return nil, damaged(err)
	}
	b.file, err = excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: mostUnpacked, UnzipXMLSizeLimit: mostInMemory})
	if err != nil {
		return nil, damaged(err)
	}
	return b, nil
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
			return refuse(CodeTooBig, 0, "This workbook unpacks to over %d MiB, which is too much. Leave only the sheet and the column that name the users.", mostUnpacked>>20)
		case name == "xl/workbook.xml":
			workbook = true
		case name == "xl/workbook.bin":
			return refuse(CodeSpreadsheet, 0, "This is a binary Excel workbook (.xlsb): save it as .xlsx or CSV UTF-8, and drop that file here.")
		case strings.HasSuffix(name, ".iwa"):
			return refuse(CodeSpreadsheet, 0, "This is a Numbers or Pages document: in Numbers choose File > Export To > CSV, and drop that file here.")
		case name == "content.xml":
			return refuse(CodeSpreadsheet, 0, "This is an OpenDocument file: save it as .xlsx or CSV UTF-8, and drop that file here.")
		case name == "word/document.xml", name == "ppt/presentation.xml":
			return refuse(CodeNotText, 0, "This is a Word or PowerPoint document, not a list: put the users in a sheet, one on each line, and drop that file here.")
		}
	}
	if !workbook {
		return refuse(CodeSpreadsheet, 0, "This is a zip archive: unpack it, and drop the list in it.")
	}
	return nil
}

// readSheetNames lists the worksheets of a workbook, in the order of its tabs.
func readSheetNames(archive *zip.Reader) ([]sheet, error) {
	var workbook struct {
		Sheets []struct {
			Name  string     `xml:"name,attr"`
			State string     `xml:"state,attr"`
			Rel   string     `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
			Any   []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	var rels struct {
		All []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := decodePart(archive, "xl/workbook.xml", &workbook); err != nil {
		return nil, err
	}
	if err := decodePart(archive, "xl/_rels/workbook.xml.rels", &rels); err != nil {
		return nil, err
	}
	var all []sheet
	for _, s := range workbook.Sheets {
		one := sheet{name: s.Name, hidden: s.State != "" && s.State != "visible"}
		rel := s.Rel
		for _, a := range s.Any { // of strict workbooks, whose namespace is another
			if a.Name.Local == "id" && rel == "" {
				rel = a.Value
			}
		}
		for _, r := range rels.All {
			if r.ID == rel {
				one.part = partName(r.Target)
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// partName makes a target of the workbook's relationships a name in the archive.
func partName(target string) string {
	if rest, ok := strings.CutPrefix(target, "/"); ok {
		return rest
	}
	return path.Join("xl", target)
}

func decodePart(archive *zip.Reader, name string, into any) error {
	f, err := openPart(archive, name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := xml.NewDecoder(io.LimitReader(f, mostUnpacked)).Decode(into); err != nil {
		return fmt.Errorf("decode %s: %w", name, err)
	}
	return nil
}

func openPart(archive *zip.Reader, name string) (io.ReadCloser, error) {
	for _, f := range archive.File {
		if strings.EqualFold(strings.ReplaceAll(f.Name, `\`, "/"), name) {
			return f.Open()
		}
	}
	return nil, fmt.Errorf("no part %s", name)
}

// hiddenColumns lists the ranges of columns that a worksheet hides, from 1. They
// come before its rows.
func (b *book) hiddenColumns(s sheet) ([][2]int, error) {
	f, err := openPart(b.zip, s.part)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var hidden [][2]int
	d := xml.NewDecoder(f)
	for {
		token, err := d.RawToken()
		if err != nil {
			return hidden, nil // the rows tell whether the part is damaged
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case start.Name.Local == "sheetData":
			return hidden, nil
		case start.Name.Local == "col":
			if from, to, hides := hiddenColumn(start.Attr); hides {
				hidden = append(hidden, [2]int{from, to})
			}
		}
	}
}

func hiddenColumn(attrs []xml.Attr) (from, to int, hides bool) {
	for _, a := range attrs {
		switch a.Name.Local {
		case "min":
			from, _ = strconv.Atoi(a.Value)
		case "max":
			to, _ = strconv.Atoi(a.Value)
		case "hidden":
			hides = hides || a.Value == "1" || a.Value == "true"
		case "width":
			width, err := strconv.ParseFloat(a.Value, 64)
			hides = hides || err == nil && width == 0
		}
	}
	return from, to, hides
}

// readSheets takes the first visible worksheet that names users, and tells what was left out.
func (ros *Roster) readSheets(b *book, limits Limits) error {
	var taken, cover *grid // cover: the first that names only such users as an author
	var problem error
	var others []string
	var hides unseen
	for _, s := range b.sheets {
		if s.part == "" || !strings.Contains(strings.ToLower(s.part), "worksheets/") {
			continue // a chart
		}
		g, found, err := b.read(s)
		if err != nil {
			return err
		}
		users, named := usersIn(g)
		switch {
		case s.hidden:
			hides.sheets += named + found.rows + found.columns
		case taken == nil && (users > 0 && !isCover(g) || namesUsers(g)):
			taken = g
			hides.rows, hides.columns = found.rows, found.columns
			ros.Format = fmt.Sprintf("Excel workbook, sheet %s", shown(s.name))
		case named > 0:
			if cover == nil && users > 0 {
				cover = g
			}
			if taken == nil && problem == nil {
				_, problem = readLayout(g, 0)
			}
			others = append(others, fmt.Sprintf("The sheet %s names users, too (%s), and isn't read.", shown(s.name), reset.Count(named)))
		case taken == nil && problem == nil && g.len() > 0:
			_, problem = readLayout(g, 0)
			hides.rows, hides.columns = hides.rows+found.rows, hides.columns+found.columns
		}
	}
	switch {
	case taken != nil:
	case cover != nil:
		ros.Format = "Excel workbook"
		return ros.read(cover, limits)
	default:
		return hides.refusal(problem)
	}
	ros.Notes = append(ros.Notes, others...)
	ros.Notes = append(ros.Notes, hides.notes()...)
	return ros.read(taken, limits)
}

// refusal says why no sheet could be taken.
func (h unseen) refusal(problem error) error {
	switch {
	case h.rows+h.columns+h.sheets > 0:
		return refuse(CodeNoColumn, 0, "The users of this workbook are only in hidden or filtered rows, columns or sheets, which aren't read: show them, and drop the file again.")
	case problem != nil:
		return problem
	}
	return refuse(CodeEmpty, 0, "The workbook's visible sheets are empty: add a line for each user.")
}

func (h unseen) notes() (notes []string) {
	for _, x := range []struct {
		n     int
		where string
	}{{h.rows, "Hidden or filtered rows"}, {h.columns, "Hidden columns"}, {h.sheets, "Hidden sheets"}} {
		if x.n > 0 {
			notes = append(notes, fmt.Sprintf("%s name users, too (%s), and aren't read.", x.where, reset.Count(x.n)))
		}
	}
	return notes
}

// usersIn counts the cells that are an ID or an address, and those that have one in them.
func usersIn(g *grid) (users, named int) {
	var buf []string
	for i := range g.len() {
		rec := g.record(i, buf)
		buf = rec.cells
		for _, c := range rec.cells {
			switch {
			case isUser(c):
				users, named = users+1, named+1
			case mayBeUser(c) && countUsers(c) > 0:
				named++
			}
		}
	}
	return users, named
}

// namesUsers reports whether a table without IDs and addresses has logins under a header that means them.
func namesUsers(g *grid) bool {
	if g.len() == 0 {
		return false
	}
	l, err := readLayout(g, 0)
	if err != nil || l.header < 0 {
		return false
	}
	return slices.ContainsFunc(rowsOf(g, l), func(r reset.Row) bool { return r.Value != "" && r.Odd == "" })
}

// mostCover is how many records the first sheet has where it tells of the others.
const mostCover = 30

// isCover reports whether a sheet names users only as its author or the like.
func isCover(g *grid) bool {
	if g.len() > mostCover {
		return false
	}
	l, err := readLayout(g, 0)
	return err != nil || l.ask == nil && !slices.ContainsFunc(rowsOf(g, l), func(r reset.Row) bool { return r.Value != "" })
}

// read reads the visible cells of a worksheet, and counts the users in the others.
func (b *book) read(s sheet) (*grid, unseen, error) {
	var found unseen
	hidden, err := b.hiddenColumns(s)
	if err != nil {
		return nil, found, damaged(err)
	}
	rows, err := b.file.Rows(s.name)
	if err != nil {
		return nil, found, damaged(err)
	}
	defer func() { _ = rows.Close() }()
	g := &grid{fixed: true}
	line := 0
	for rows.Next() {
		line++
		cells, err := rows.Columns()
		if err != nil {
			return nil, found, damaged(err)
		}
		for i, c := range cells {
			cells[i] = trim(c)
		}
		if isBlank(cells) {
			continue
		}
		if rows.GetRowOpts().Hidden {
			found.rows += countNamed(cells)
			continue
		}
		for i := range cells {
			if isHidden(hidden, i+1) {
				found.columns += countNamed(cells[i : i+1])
				cells[i] = ""
			}
		}
		if isBlank(cells) {
			continue
		}
		if g.len() == mostRows {
			return nil, found, refuse(CodeTooMany, line, "The sheet %s has more than %s lines: split it.", shown(s.name), reset.Count(mostRows))
		}
		if err := g.add(cells[:filled(cells)], line); err != nil {
			return nil, found, err
		}
	}
	if err := rows.Error(); err != nil {
		return nil, found, damaged(err)
	}
	return g, found, nil
}

func countNamed(cells []string) int {
	n := 0
	for _, c := range cells {
		if isUser(c) {
			n++
		}
	}
	return n
}

func isHidden(hidden [][2]int, column int) bool {
	return slices.ContainsFunc(hidden, func(r [2]int) bool { return r[0] <= column && column <= r[1] })
}
