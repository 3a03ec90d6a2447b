package main

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"factorbot/cmd/internal/cli"
)

const repository = "../.."

func mustReadme(tb testing.TB) string {
	tb.Helper()
	b, err := os.ReadFile(repository + "/README.md")
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// mustSection is the README from one heading to the next of the same rank or a higher one.
func mustSection(tb testing.TB, heading string) string {
	tb.Helper()
	_, text, ok := strings.Cut(mustReadme(tb), "\n"+heading+"\n")
	if !ok {
		tb.Fatalf("README.md has no heading %q", heading)
	}
	rank := strings.Index(heading, " ")
	fenced := false
	var kept []string
	for line := range strings.Lines(text) {
		fenced = fenced != strings.HasPrefix(line, "```")
		if n := strings.Index(line, " "); !fenced && n > 0 && n <= rank && strings.Trim(line[:n], "#") == "" {
			break
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "")
}

// tableRows are the cells of the lines of all tables in a text, the heads left out.
func tableRows(text string) (all [][]string) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|-") || i+1 < len(lines) && strings.HasPrefix(lines[i+1], "|-") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		all = append(all, cells)
	}
	return all
}

// backticked is what stands in backticks.
func backticked(text string) (all []string) {
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// constants are the values of a package's string constants, by the name of their type.
func constants(tb testing.TB, file, typ string) (values []string) {
	tb.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		tb.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && len(spec.Values) == 1 {
			named, isNamed := spec.Type.(*ast.Ident)
			value, isText := spec.Values[0].(*ast.BasicLit)
			if isNamed && isText && named.Name == typ {
				values = append(values, strings.Trim(value.Value, `"`))
			}
		}
		return true
	})
	if len(values) == 0 {
		tb.Fatalf("%s has no constants of type %s", file, typ)
	}
	return values
}

// A fresh machine with only Go needs two commands, each a line of its own.
func TestReadme_twoCommands(t *testing.T) {
	readme := mustReadme(t)
	for _, line := range []string{"go run ./cmd/factorbot sandbox", "go test ./..."} {
		if strings.Count(readme, "\n```\n"+line+"\n```\n") != 1 {
			t.Errorf("README.md must show %q once, as a block of its own", line)
		}
	}
}

// Every command of the program that the README shows is one that there is, with
// flags that it takes.
func TestReadme_commandsExist(t *testing.T) {
	readme := mustReadme(t)
	var known []string
	for _, c := range program().Commands {
		known = append(known, c.Name)
	}
	seen := 0
	for _, m := range regexp.MustCompile("(?m)(?:^|`|/)factorbot ([a-z-]+)([^`\n>#]*)").FindAllStringSubmatch(readme, -1) {
		if m[1] == "help" || m[1] == "resets" || strings.HasPrefix(m[1], "-") { // prose, and a folder of the same name
			continue
		}
		if !slices.Contains(known, m[1]) {
			t.Errorf("README.md shows factorbot %s, which does not exist", m[1])
			continue
		}
		seen++
		help := &buffer{}
		if code := run(context.Background(), []string{m[1], "--help"}, cli.Env{Stdout: help, Stderr: help}); code != 0 {
			t.Errorf("factorbot %s --help: exit code %d: %s", m[1], code, help)
		}
		for _, flag := range regexp.MustCompile(`--[a-z][a-z.-]*`).FindAllString(m[2], -1) {
			if flag != "--help" && !strings.Contains(help.String(), flag) {
				t.Errorf("README.md shows factorbot %s %s; its help has no %s", m[1], m[2], flag)
			}
		}
	}
	for _, name := range known {
		if !strings.Contains(readme, "factorbot "+name) {
			t.Errorf("README.md does not tell of factorbot %s", name)
		}
	}
	if seen < 10 {
		t.Errorf("only %d commands were found", seen)
	}
}

// Links lead to headings, and tests and files that are named are there.
func TestReadme_pointsToWhatIsThere(t *testing.T) {
	readme := mustReadme(t)
	anchors := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(readme, -1) {
		kept := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		anchors[strings.ReplaceAll(kept, " ", "-")] = true
	}
	links := regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(readme, -1)
	for _, m := range links {
		if !anchors[m[1]] {
			t.Errorf("README.md links to #%s, which is no heading", m[1])
		}
	}
	code := mustSources(t, func(path string) bool { return strings.HasSuffix(path, "_test.go") })
	tests := regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`).FindAllString(readme, -1)
	for _, name := range tests {
		if !strings.Contains(code, "func "+name+"(") {
			t.Errorf("README.md names %s, which is no test", name)
		}
	}
	files := regexp.MustCompile("(?:`|\\.github/|\\./)((?:bot|cmd|okta|store|\\.ci|\\.github)(?:/[a-z0-9_*.-]+)*)").FindAllStringSubmatch(readme, -1)
	for _, m := range files {
		if found, err := filepath.Glob(filepath.Join(repository, strings.TrimRight(m[1], "."))); err != nil || len(found) == 0 {
			t.Errorf("README.md names %s, which is not there: %v", m[1], err)
		}
	}
	if len(links) < 20 || len(tests) < 10 || len(files) < 20 {
		t.Errorf("only %d links, %d tests and %d files were found", len(links), len(tests), len(files))
	}
}

// sources are the paths of the repository's files that fit.
func sources(tb testing.TB, fits func(path string) bool) (paths []string) {
	tb.Helper()
	err := filepath.WalkDir(repository, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && fits(filepath.ToSlash(path)) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) == 0 {
		tb.Fatalf("%d sources: %v", len(paths), err)
	}
	return paths
}

// mustSources is the text of those files.
func mustSources(tb testing.TB, fits func(path string) bool) string {
	tb.Helper()
	var all strings.Builder
	for _, path := range sources(tb, fits) {
		b, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}
