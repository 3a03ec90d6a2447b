package help

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// Columns of a terminal.
const (
	narrowest = 40 // below, the width is taken for a mistake
	usual     = 80
	widest    = 110 // longer lines are hard to read
)

// renderer writes a page for a terminal. It uses only attributes and the terminal's
// own colors, so that it is readable on a light background and on a dark one.
type renderer struct {
	src                       []byte
	title, heading, code, dim lipgloss.Style
}

// render returns a page of Markdown with styles, wrapped at width columns. Code is
// never wrapped, so that it can be copied.
func render(page []byte, width int) string {
	bold := lipgloss.NewStyle().Bold(true)
	r := &renderer{
		src: page, title: bold, heading: bold.Foreground(lipgloss.Cyan),
		code: lipgloss.NewStyle().Foreground(lipgloss.Cyan), dim: lipgloss.NewStyle().Faint(true),
	}
	parser := goldmark.New(goldmark.WithExtensions(extension.Table)).Parser()
	return strings.Join(r.blocks(parser.Parse(text.NewReader(page)), width), "\n\n") + "\n"
}

// blocks returns the texts of the blocks in a node.
func (r *renderer) blocks(parent ast.Node, width int) (all []string) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if s := r.block(n, width); s != "" {
			all = append(all, s)
		}
	}
	return all
}

func (r *renderer) block(n ast.Node, width int) string {
	switch n := n.(type) {
	case *ast.Heading:
		if n.Level == 1 {
			return r.title.Render(r.inline(n))
		}
		return r.heading.Render(wrap(r.inline(n), width))
	case *ast.List:
		return r.list(n, width)
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		return r.codeBlock(n)
	case *east.Table:
		return r.table(n, width)
	case *ast.Blockquote:
		return indent(strings.Join(r.blocks(n, width-2), "\n\n"), r.dim.Render("│ "), r.dim.Render("│ "))
	case *ast.ThematicBreak:
		return r.dim.Render(strings.Repeat("─", width))
	case *ast.HTMLBlock:
		return ""
	default:
		return wrap(r.inline(n), width)
	}
}

func (r *renderer) list(list *ast.List, width int) string {
	between := "\n"
	if !list.IsTight {
		between = "\n\n"
	}
	var items []string
	number := list.Start
	for n := list.FirstChild(); n != nil; n = n.NextSibling() {
		mark := "• "
		if list.IsOrdered() {
			mark = fmt.Sprintf("%d. ", number)
			number++
		}
		margin := strings.Repeat(" ", lipgloss.Width(mark))
		items = append(items, indent(strings.Join(r.blocks(n, width-len(margin)), between), mark, margin))
	}
	return strings.Join(items, between)
}

func (r *renderer) codeBlock(n ast.Node) string {
	var lines []string
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		lines = append(lines, "    "+r.code.Render(strings.TrimRight(string(line.Value(r.src)), "\n")))
	}
	return strings.Join(lines, "\n")
}

func (r *renderer) table(n *east.Table, width int) string {
	t := table.New().Width(width).Wrap(true).BorderStyle(r.dim).BorderRow(true).
		StyleFunc(func(row, _ int) lipgloss.Style {
			style := lipgloss.NewStyle().Padding(0, 1)
			if row == table.HeaderRow {
				return style.Bold(true)
			}
			return style
		})
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, r.inline(cell))
		}
		if _, ok := row.(*east.TableHeader); ok {
			t.Headers(cells...)
			continue
		}
		t.Row(cells...)
	}
	return t.Render()
}

// inline returns the text of a block with its styles.
func (r *renderer) inline(parent ast.Node) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			b.Write(n.Segment.Value(r.src))
			if n.HardLineBreak() {
				b.WriteString("\n")
			} else if n.SoftLineBreak() {
				b.WriteString(" ")
			}
		case *ast.String:
			b.Write(n.Value)
		case *ast.CodeSpan:
			b.WriteString(r.code.Render(r.inline(n)))
		case *ast.Emphasis:
			b.WriteString(lipgloss.NewStyle().Bold(n.Level == 2).Italic(n.Level == 1).Render(r.inline(n)))
		case *ast.Link:
			b.WriteString(r.link(n))
		case *ast.AutoLink:
			b.Write(n.URL(r.src))
		case *ast.RawHTML:
		default:
			b.WriteString(r.inline(n))
		}
	}
	return b.String()
}

// link returns a link to another page as the command that shows it, and one to
// elsewhere with its address.
func (r *renderer) link(n *ast.Link) string {
	label, to := r.inline(n), string(n.Destination)
	page, _, _ := strings.Cut(to, "#")
	switch name, isPage := strings.CutSuffix(page, ".md"); {
	case page == "":
		return label
	case isPage && !strings.Contains(name, "/"):
		return label + r.dim.Render(" (factorbot help "+name+")")
	default:
		return label + r.dim.Render(" ("+to+")")
	}
}

// wrap breaks a text into lines of at most width columns, without blanks at their ends.
func wrap(s string, width int) string {
	lines := strings.Split(lipgloss.Wrap(s, width, ""), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// indent begins the first line of a text with one prefix, every other line with another.
func indent(s, first, others string) string {
	return first + strings.ReplaceAll(s, "\n", "\n"+others)
}
