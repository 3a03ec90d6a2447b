package slacksim

import (
	"fmt"
	"unicode/utf8"
)

// checkContent finds what the schema cannot say of a block: what it lacks, and
// lengths over several of its parts.
func checkContent(b any, at string) []complaint {
	o, _ := b.(object)
	var wrong []complaint
	switch o["type"] {
	case "section":
		if o["text"] == nil && o["fields"] == nil {
			wrong = append(wrong, complaint{at, "missing required field: text or fields"})
		}
	case "actions":
		if len(listOf(o["elements"])) == 0 {
			wrong = append(wrong, complaint{at + "/elements", "no fewer than 1 items allowed"})
		}
	case "alert":
		if text, _ := o["text"].(object); longer(text["text"], 200) {
			wrong = append(wrong, complaint{at + "/text/text", "must be less than 201 characters"})
		}
	case "card":
		if o["hero_image"] == nil && o["title"] == nil && o["actions"] == nil && o["body"] == nil {
			wrong = append(wrong, complaint{at, "missing required field: hero_image, title, actions or body"})
		}
		if len(listOf(o["actions"])) > 3 {
			wrong = append(wrong, complaint{at + "/actions", "no more than 3 items allowed"})
		}
	case "container":
		if o["title"] == nil && o["rich_text_title"] == nil {
			wrong = append(wrong, complaint{at, "missing required field: title or rich_text_title"})
		}
	case "data_table":
		wrong = append(wrong, checkDataTable(o, at)...)
	case "table":
		wrong = append(wrong, checkWidth(o, at)...)
		if cells(o) > 10000 {
			wrong = append(wrong, complaint{at + "/rows", "must be less than 10001 characters"})
		}
	}
	for _, p := range parts(o) {
		if p.isBlock {
			wrong = append(wrong, checkContent(p.body, at+p.pointer)...)
		}
	}
	return wrong
}

// checkDataTable holds a data table to its page of docs.slack.dev and the
// comments of @slack/types: a head of plain cells, 1 to 200 rows, 20 columns,
// 20,000 characters, pages of 1 to 100.
func checkDataTable(o object, at string) []complaint {
	wrong := checkWidth(o, at)
	rows := listOf(o["rows"])
	if len(rows) < 2 || len(rows) > 201 {
		wrong = append(wrong, complaint{at + "/rows", "must have 2 to 201 items"})
	}
	if len(rows) > 0 {
		for i, cell := range listOf(rows[0]) {
			if c, _ := cell.(object); c["type"] == "rich_text" {
				wrong = append(wrong, complaint{fmt.Sprintf("%s/rows/0/%d/type", at, i), "unsupported type: rich_text"})
			}
		}
	}
	if n, given := intOf(o["page_size"]); given && (n < 1 || n > 100) {
		wrong = append(wrong, complaint{at + "/page_size", "must be 1 to 100"})
	}
	if cells(o) > 20000 {
		wrong = append(wrong, complaint{at + "/rows", "must be less than 20001 characters"})
	}
	return wrong
}

// checkWidth wants the same number of cells in every row, 1 to 20.
func checkWidth(o object, at string) []complaint {
	rows := listOf(o["rows"])
	for i, row := range rows {
		n := len(listOf(row))
		if n < 1 || n > 20 || n != len(listOf(rows[0])) {
			return []complaint{{fmt.Sprintf("%s/rows/%d", at, i), "must have as many cells as the others, 1 to 20"}}
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

func longer(v any, most int) bool {
	s, _ := v.(string)
	return utf8.RuneCountInString(s) > most
}
