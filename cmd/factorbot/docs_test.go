package main

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/help"
)

const repository = "../.."

// mustDocument reads a file by its path in the repository.
func mustDocument(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(repository, name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// pagePath is where a page of help is in the repository.
func pagePath(name string) string { return "cmd/internal/help/" + name + ".md" }

// mustPage is the page that "factorbot help NAME" shows.
func mustPage(tb testing.TB, name string) string {
	tb.Helper()
	return mustDocument(tb, pagePath(name))
}

// documents are what people read, by their paths in the repository: the README, the
// pages of help, and what GitHub shows to those who change or report something.
func documents(tb testing.TB) map[string]string {
	tb.Helper()
	all := map[string]string{"README.md": mustDocument(tb, "README.md")}
	for _, pattern := range []string{pagePath("*"), ".github/*.md"} {
		found, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil || len(found) == 0 {
			tb.Fatalf("%s: %d documents, %v", pattern, len(found), err)
		}
		for _, path := range found {
			name, err := filepath.Rel(repository, path)
			if err != nil {
				tb.Fatal(err)
			}
			all[filepath.ToSlash(name)] = mustDocument(tb, name)
		}
	}
	return all
}

// mustSection is a page from one heading to the next of the same rank or a higher one.
func mustSection(tb testing.TB, page, heading string) string {
	tb.Helper()
	_, text, ok := strings.Cut(mustPage(tb, page), "\n"+heading+"\n")
	if !ok {
		tb.Fatalf("help %s has no heading %q", page, heading)
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
	readme := mustDocument(t, "README.md")
	for _, line := range []string{"go run ./cmd/factorbot sandbox", "go test ./..."} {
		if strings.Count(readme, "\n```\n"+line+"\n```\n") != 1 {
			t.Errorf("README.md must show %q once, as a block of its own", line)
		}
	}
	if n := strings.Count(readme, "\n"); n > 270 {
		t.Errorf("README.md has %d lines: what is read when it is needed belongs in the pages of help", n)
	}
}

// Each page of help is listed, in the program and in the README, and there is no other.
func TestHelp_topics(t *testing.T) {
	listed, readme := string(printed(t, "help")), mustDocument(t, "README.md")
	var names []string
	for _, topic := range help.Topics() {
		names = append(names, topic.Name)
		if !strings.Contains(listed, "  "+topic.Name+" ") || !strings.Contains(listed, topic.About) {
			t.Errorf("factorbot help does not list %s", topic.Name)
		}
		if shown := string(printed(t, "help", topic.Name)); shown != mustPage(t, topic.Name) {
			t.Errorf("on a pipe help %s is not its page:\n%s", topic.Name, shown)
		}
		if !strings.Contains(readme, "("+pagePath(topic.Name)+")") {
			t.Errorf("README.md does not link to the page %s", topic.Name)
		}
	}
	for name := range documents(t) {
		if page, ok := strings.CutPrefix(strings.TrimSuffix(name, ".md"), "cmd/internal/help/"); ok && !slices.Contains(names, page) {
			t.Errorf("%s is not listed", name)
		}
	}
	for _, name := range []string{"settings", "recipes", "slack", "okta", "files", "messages", "limits", "faq", "webhook", "audit", "backup", "outage", "metrics", "deploy"} {
		if !slices.Contains(names, name) {
			t.Errorf("there is no page %s", name)
		}
	}
}

// Every command of the program that a document shows is one that there is, with
// flags that it takes, and each is shown somewhere.
func TestDocs_commandsExist(t *testing.T) {
	var known, topics []string
	for _, c := range program().Commands {
		known = append(known, c.Name)
	}
	for _, c := range program().Topics {
		topics = append(topics, c.Name)
	}
	seen := map[string]bool{}
	n := 0
	for name, text := range documents(t) {
		for _, m := range regexp.MustCompile("(?m)(?:^|`|/|docker run .* )factorbot ([a-z-]+)([^`\n>#]*)").FindAllStringSubmatch(text, -1) {
			rest := strings.Fields(m[2])
			switch {
			case m[1] == "resets" || m[1] == "is" || strings.HasPrefix(m[1], "-"): // prose
				continue
			case m[1] == "help":
				if len(rest) > 0 && rest[0] != "TOPIC" && !slices.Contains(topics, rest[0]) && !slices.Contains(known, rest[0]) {
					t.Errorf("%s shows factorbot help %s, which does not exist", name, rest[0])
				}
				continue
			case !slices.Contains(known, m[1]):
				t.Errorf("%s shows factorbot %s, which does not exist", name, m[1])
				continue
			}
			n++
			seen[m[1]] = true
			shown := &buffer{}
			if code := run(context.Background(), []string{m[1], "--help"}, cli.Env{Stdout: shown, Stderr: shown}); code != 0 {
				t.Errorf("factorbot %s --help: exit code %d: %s", m[1], code, shown)
			}
			for _, flag := range regexp.MustCompile(`--[a-z][a-z.-]*`).FindAllString(m[2], -1) {
				if flag != "--help" && !strings.Contains(shown.String(), flag) {
					t.Errorf("%s shows factorbot %s %s; its help has no %s", name, m[1], m[2], flag)
				}
			}
		}
	}
	for _, name := range known {
		if !seen[name] {
			t.Errorf("no document tells of factorbot %s", name)
		}
	}
	if n < 20 {
		t.Errorf("only %d commands were found", n)
	}
}

// anchors are the headings of a document as GitHub links to them.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		kept := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all[strings.ReplaceAll(kept, " ", "-")] = true
	}
	return all
}

// Links inside the repository lead to files and headings that are there.
func TestDocs_linksResolve(t *testing.T) {
	all, n := documents(t), 0
	for name, text := range all {
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)|src="([^"]+)"`).FindAllStringSubmatch(text, -1) {
			to := m[1] + m[2]
			if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
				continue
			}
			n++
			file, anchor, _ := strings.Cut(to, "#")
			target := name
			if file != "" {
				target = path.Join(path.Dir(name), file)
			}
			if _, err := os.Stat(filepath.Join(repository, target)); err != nil {
				t.Errorf("%s links to %s: %v", name, to, err)
			}
			if anchor != "" && !anchors(all[target])[anchor] {
				t.Errorf("%s links to %s, and there is no such heading", name, to)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d links were found", n)
	}
}

// Tests and files that a document names are there.
func TestDocs_pointToWhatIsThere(t *testing.T) {
	code := mustSources(t, func(path string) bool { return strings.HasSuffix(path, "_test.go") })
	nTests, nFiles := 0, 0
	for name, text := range documents(t) {
		for _, test := range regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`).FindAllString(text, -1) {
			nTests++
			if !strings.Contains(code, "func "+test+"(") {
				t.Errorf("%s names %s, which is no test", name, test)
			}
		}
		for _, m := range regexp.MustCompile("(?:`|\\./)((?:bot|cmd|okta|store|\\.ci|\\.github)(?:/[A-Za-z0-9_*.-]+)*)/?(?:`|[ \n])").FindAllStringSubmatch(text, -1) {
			nFiles++
			if found, err := filepath.Glob(filepath.Join(repository, strings.TrimRight(m[1], "."))); err != nil || len(found) == 0 {
				t.Errorf("%s names %s, which is not there: %v", name, m[1], err)
			}
		}
	}
	if nTests < 40 || nFiles < 30 {
		t.Errorf("only %d tests and %d files were found", nTests, nFiles)
	}
}

// Documents are in plain English: none of the words by which one notices the language.
func TestDocs_plainEnglish(t *testing.T) {
	banned := regexp.MustCompile(`(?i)\b(whom|anew|all the same|of theirs|thereof|thereby|herein|stands in|in doubt whether|shall|porch|herald|heed)\b`)
	for name, text := range documents(t) {
		for i, line := range strings.Split(text, "\n") {
			if m := banned.FindString(line); m != "" {
				t.Errorf("%s:%d says %q", name, i+1, m)
			}
		}
	}
}

// Each threat has something that stops it, and a test that shows it.
func TestSecurity_threatsHaveTests(t *testing.T) {
	threats := tableRows(mustDocument(t, ".github/SECURITY.md"))
	for _, row := range threats {
		if len(row) != 4 || row[1] == "" || !regexp.MustCompile("^`Test[A-Z]").MatchString(row[2]) {
			t.Errorf("no test shows what stops this: %q", row)
		}
	}
	if len(threats) < 20 {
		t.Errorf("only %d threats were found", len(threats))
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
