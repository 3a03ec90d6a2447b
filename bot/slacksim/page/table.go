package page

import (
	"html/template"

	"factorbot/bot/slacksim/kit"
)

// tableData is a table's head and rows as its template needs them.
type tableData struct {
	Head []cell
	Rows [][]cell
	Page int // rows shown at once; 0: all
}

// cell is one cell of a table.
type cell struct {
	HTML   template.HTML
	Align  string // "", "center", "right": its class
	Header bool   // names its row
}

// Table lays out a table or data_table block.
func (r *Renderer) Table(block object) tableData {
	var t tableData
	named := -1
	if block["type"] == "data_table" {
		t.Page, named = 5, 0 // Slack's defaults
		if n, ok := kit.IntOf(block["page_size"]); ok {
			t.Page = n
		}
		if n, ok := kit.IntOf(block["row_header_column_index"]); ok {
			named = n
		}
	}
	settings := kit.ListOf(block["column_settings"])
	for i, row := range kit.ListOf(block["rows"]) {
		var cells []cell
		for j, v := range kit.ListOf(row) {
			c := cell{HTML: r.Cell(v), Header: j == named}
			if kit.ObjectAt(v)["type"] == "raw_number" {
				c.Align = "right"
			}
			if j < len(settings) {
				c.Align = kit.Text(kit.ObjectAt(settings[j])["align"])
			}
			cells = append(cells, c)
		}
		if i == 0 {
			t.Head = cells
			continue
		}
		t.Rows = append(t.Rows, cells)
	}
	t.alignHead()
	return t
}

// alignHead puts a head where the cells below it stand.
func (t tableData) alignHead() {
	if len(t.Rows) == 0 {
		return
	}
	for j := range min(len(t.Head), len(t.Rows[0])) {
		t.Head[j].Align = t.Rows[0][j].Align
	}
}

// Cell renders a cell of a table.
func (r *Renderer) Cell(v any) template.HTML {
	o := kit.ObjectAt(v)
	if o["type"] == "rich_text" {
		return r.richText(o)
	}
	return template.HTML(template.HTMLEscapeString(kit.Text(o["text"])))
}
