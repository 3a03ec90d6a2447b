package slacksim

import (
	"fmt"
	"maps"
	"unicode/utf8"

	"factorbot/bot/slacksim/kit"
)

// checkContent finds what the schema cannot say of a block: what it lacks, and
// lengths over several of its parts.
func checkContent(b any, at string) []problem {
	o := kit.ObjectAt(b)
	var wrong []problem
	switch o["type"] {
	case "section":
		if o["text"] == nil && o["fields"] == nil {
			wrong = append(wrong, problem{at, "missing required field: text or fields"})
		}
	case "actions":
		if len(kit.ListOf(o["elements"])) == 0 {
			wrong = append(wrong, problem{at + "/elements", "no fewer than 1 items allowed"})
		}
	case "alert":
		if text := kit.Text(kit.ObjectAt(o, "text")["text"]); utf8.RuneCountInString(text) > 200 {
			wrong = append(wrong, problem{at + "/text/text", "must be less than 201 characters"})
		}
	case "card":
		if o["hero_image"] == nil && o["title"] == nil && o["actions"] == nil && o["body"] == nil {
			wrong = append(wrong, problem{at, "missing required field: hero_image, title, actions or body"})
		}
		if len(kit.ListOf(o["actions"])) > 3 {
			wrong = append(wrong, problem{at + "/actions", "no more than 3 items allowed"})
		}
	case "container":
		if o["title"] == nil && o["rich_text_title"] == nil {
			wrong = append(wrong, problem{at, "missing required field: title or rich_text_title"})
		}
	case "data_table":
		wrong = append(wrong, checkDataTable(o, at)...)
	case "data_visualization":
		wrong = append(wrong, checkChart(o, at)...)
	case "table":
		wrong = append(wrong, checkWidth(o, at)...)
		if cells(o) > 10000 {
			wrong = append(wrong, problem{at + "/rows", "must be less than 10001 characters"})
		}
	}
	for _, p := range parts(o) {
		if p.isBlock {
			wrong = append(wrong, checkContent(p.body, at+p.pointer)...)
		}
	}
	return wrong
}

// checkDataTable wants a head of plain cells and rows of the same width
// (docs.slack.dev, data table block).
func checkDataTable(o object, at string) []problem {
	wrong := checkWidth(o, at)
	rows := kit.ListOf(o["rows"])
	if len(rows) == 0 {
		return wrong
	}
	for i, cell := range kit.ListOf(rows[0]) {
		if kind := kit.ObjectAt(cell)["type"]; kind != "raw_text" {
			wrong = append(wrong, problem{fmt.Sprintf("%s/rows/0/%d/type", at, i), fmt.Sprintf("unsupported type: %v", kind)})
		}
	}
	return wrong
}

// Limits over all blocks of a message (docs.slack.dev, data table block and data
// visualization block).
const (
	mostCells  = 20000 // characters in the cells of all data tables
	mostCharts = 2
)

// checkSums finds what only all blocks together have too much of.
func checkSums(blocks []any) []problem {
	chars, charts := 0, 0
	var wrong []problem
	for i, b := range blocks {
		o := kit.ObjectAt(b)
		switch o["type"] {
		case "data_table":
			if chars += cells(o["rows"]); chars > mostCells {
				wrong = append(wrong, problem{fmt.Sprintf("/blocks/%d/rows", i), "must be less than 20001 characters"})
			}
		case "data_visualization":
			if charts++; charts > mostCharts {
				wrong = append(wrong, problem{fmt.Sprintf("/blocks/%d", i), "no more than 2 data_visualization blocks allowed"})
			}
		}
	}
	return wrong
}

// checkChart wants one point for each category in every series, and no name twice.
func checkChart(o object, at string) []problem {
	categories := map[any]bool{}
	for i, c := range kit.ListOf(kit.ObjectAt(o, "chart", "axis_config")["categories"]) {
		if categories[c] {
			return []problem{{fmt.Sprintf("%s/chart/axis_config/categories/%d", at, i), "must be unique"}}
		}
		categories[c] = true
	}
	names := map[any]bool{}
	for i, s := range kit.ListOf(kit.ObjectAt(o, "chart")["series"]) {
		series := kit.ObjectAt(s)
		where := fmt.Sprintf("%s/chart/series/%d", at, i)
		if names[series["name"]] {
			return []problem{{where + "/name", "must be unique"}}
		}
		names[series["name"]] = true
		points := map[any]bool{}
		for _, point := range kit.Objects(series["data"]) {
			points[point["label"]] = true
		}
		if !maps.Equal(points, categories) || len(kit.ListOf(series["data"])) != len(categories) {
			return []problem{{where + "/data", "must have exactly one point for every category"}}
		}
	}
	return nil
}

// checkWidth wants the same number of cells in every row, 1 to 20.
func checkWidth(o object, at string) []problem {
	rows := kit.ListOf(o["rows"])
	for i, row := range rows {
		n := len(kit.ListOf(row))
		if n < 1 || n > 20 || n != len(kit.ListOf(rows[0])) {
			return []problem{{fmt.Sprintf("%s/rows/%d", at, i), "must have as many cells as the others, 1 to 20"}}
		}
	}
	return nil
}

// cells counts the characters of a table.
func cells(v any) int {
	n := 0
	switch v := v.(type) {
	case object:
		for k, x := range v {
			if s, ok := x.(string); ok && k == "text" {
				n += utf8.RuneCountInString(s)
				continue
			}
			n += cells(x)
		}
	case []any:
		for _, x := range v {
			n += cells(x)
		}
	}
	return n
}
