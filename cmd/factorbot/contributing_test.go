package main

import (
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "draw the map of CONTRIBUTING.md again")

const contributing = repository + "/.github/CONTRIBUTING.md"

// arrows are the imports between our packages, tests aside: "bot/desk" -> "bot/reset".
func arrows(tb testing.TB) map[string]map[string]bool {
	tb.Helper()
	all := map[string]map[string]bool{}
	for _, file := range sources(tb, func(p string) bool {
		return strings.HasSuffix(p, ".go") && !strings.HasSuffix(p, "_test.go") && !strings.Contains(p, "/.ci/")
	}) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			tb.Fatal(err)
		}
		rel, err := filepath.Rel(repository, filepath.Dir(file))
		if err != nil {
			tb.Fatal(err)
		}
		from := filepath.ToSlash(rel)
		if all[from] == nil {
			all[from] = map[string]bool{}
		}
		for _, i := range parsed.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				tb.Fatal(err)
			}
			if to, ours := strings.CutPrefix(name, "factorbot/"); ours {
				all[from][to] = true
			}
		}
	}
	return all
}

// fewest leaves out each arrow that goes the way of two others.
func fewest(all map[string]map[string]bool) map[string][]string {
	var reaches func(from, to string) bool
	reaches = func(from, to string) bool {
		for next := range all[from] {
			if next == to || reaches(next, to) {
				return true
			}
		}
		return false
	}
	left := map[string][]string{}
	for from, tos := range all {
		left[from] = nil
		for to := range tos {
			byAnother := false
			for other := range tos {
				byAnother = byAnother || other != to && reaches(other, to)
			}
			if !byAnother {
				left[from] = append(left[from], to)
			}
		}
		slices.Sort(left[from])
	}
	return left
}

// drawMap is the map in Mermaid's language.
func drawMap(all map[string][]string) string {
	id := func(p string) string { return strings.ReplaceAll(p, "/", "_") }
	rooms := map[string][]string{}
	for _, p := range slices.Sorted(maps.Keys(all)) {
		top, _, _ := strings.Cut(p, "/")
		rooms[top] = append(rooms[top], p)
	}
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	for _, top := range slices.Sorted(maps.Keys(rooms)) {
		fmt.Fprintf(&b, "  subgraph in_%s [%s]\n", top, top)
		for _, p := range rooms[top] {
			name := strings.TrimPrefix(strings.TrimPrefix(p, top+"/"), "internal/")
			fmt.Fprintf(&b, "    %s[%s]\n", id(p), name)
		}
		b.WriteString("  end\n")
	}
	for _, from := range slices.Sorted(maps.Keys(all)) {
		for _, to := range all[from] {
			fmt.Fprintf(&b, "  %s --> %s\n", id(from), id(to))
		}
	}
	return b.String()
}

// The map shows every package and the imports between them; -update draws it again.
func TestContributing_map(t *testing.T) {
	text, err := os.ReadFile(contributing)
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```mermaid\n(.*?)```")
	shown := block.FindSubmatch(text)
	if shown == nil {
		t.Fatal("CONTRIBUTING.md has no map")
	}
	want := drawMap(fewest(arrows(t)))
	if string(shown[1]) == want {
		return
	}
	if *update {
		if err := os.WriteFile(contributing, block.ReplaceAllLiteral(text, []byte("```mermaid\n"+want+"```")), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("the map is not that of the imports: go test ./cmd/factorbot -run TestContributing_map -update\n%s", want)
}

// Each of the changes that it tells where to make leads to files that are there, and
// each test that it names is one.
func TestContributing_pointsToWhatIsThere(t *testing.T) {
	b, err := os.ReadFile(contributing)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	_, table, ok := strings.Cut(text, "## To change something\n")
	table, _, closed := strings.Cut(table, "\n## ")
	rows := tableRows(table)
	if !ok || !closed || len(rows) < 15 {
		t.Errorf("%d changes are told", len(rows))
	}
	files := regexp.MustCompile("`((?:bot|cmd|okta|store|\\.ci|\\.github)(?:/[A-Za-z0-9_*.-]+)*)/?`").FindAllStringSubmatch(text, -1)
	for _, m := range files {
		if found, err := filepath.Glob(path.Join(repository, m[1])); err != nil || len(found) == 0 {
			t.Errorf("CONTRIBUTING.md names %s, which is not there: %v", m[1], err)
		}
	}
	for _, row := range rows {
		if !strings.Contains(strings.Join(row[1:], " "), "`") {
			t.Errorf("nothing is named for %q", row[0])
		}
	}
	code := mustSources(t, func(p string) bool { return strings.HasSuffix(p, "_test.go") })
	tests := regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`).FindAllString(text, -1)
	for _, name := range tests {
		if !strings.Contains(code, "func "+name+"(") {
			t.Errorf("CONTRIBUTING.md names %s, which is no test", name)
		}
	}
	if len(files) < 25 || len(tests) < 4 {
		t.Errorf("only %d files and %d tests were found", len(files), len(tests))
	}
}
