package view_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestTexts_speakAsPeopleDo walks the string literals of all packages whose words
// reach people, so that a new text falls under it by itself: refusals, questions
// and explanations that no golden message shows too. Left out are what only the
// log and the program read, see [silent].
func TestTexts_speakAsPeopleDo(t *testing.T) {
	texts := spokenIn(t, filepath.Join("..", "."), filepath.Join("..", "..", "okta"))
	if len(texts) < 900 {
		t.Fatalf("only %d texts are found in the code", len(texts))
	}
	words := banned()
	words["what may not be"] = regexp.MustCompile(`(?i)\b(may|can|could|does|do|did|is|are|was|were|has|have|had|will|would|should|must) not\b|\bcannot\b`)
	words["no contraction"] = regexp.MustCompile(`(?i)\b(that|it|there|what) is [a-z]|\b(you|they) are [a-z]`)
	words["a number without its commas"] = regexp.MustCompile(`(^|.{0,9})%d.{0,5}`)
	words["a row that is no line of a file"] = regexp.MustCompile(`(?i)\b(rows?|cells?)\b`)
	for _, text := range texts {
		for why, re := range words {
			for _, found := range re.FindAllString(text.words, -1) {
				if !text.excused(why, found) {
					t.Errorf("%s: %s: %q in %q", text.at, why, found, text.words)
				}
			}
		}
		for _, s := range regexp.MustCompile(`[.!?:;]\s+`).Split(text.words, -1) {
			if n := len(strings.Fields(s)); n > 30 {
				t.Errorf("%s: %d words in a sentence are too many: %q", text.at, n, s)
			}
		}
		if n := utf8.RuneCountInString(text.words); n > 300 {
			t.Errorf("%s: %d characters are not read by anybody: %q", text.at, n, text.words)
		}
	}
}

// spoken is a literal that may reach people.
type spoken struct {
	at    string // "../desk/open.go:77"
	words string
}

// excused are uses of a word that are right where they are.
func (s spoken) excused(why, found string) bool {
	switch why {
	case "a number without its commas": // the number of a thing, and what is never large
		return strings.Contains(s.at, "/okta/") || strings.HasPrefix(s.words, "approve %s revision") || regexp.MustCompile(`(?i)\b(row|line|column|http|wave|plan|type) %d|\(%d\)|\*%d\*|%d( [hd]| min| s| [KM]iB| KB| byte| %|:)|\^%d\^`).MatchString(found)
	case "a row that is no line of a file":
		return strings.Contains(s.at, "/roster/") || strings.Contains(s.at, "/planner/") || strings.Contains(s.words, found+".") || strings.Contains(s.words, "in a "+found)
	case "our own jargon": // what the recorded tokens of step-up are made of
		return strings.HasPrefix(s.words, "approve %s revision")
	case "an ISO time": // an example of what people write
		return strings.Contains(s.words, `at:"`+found)
	}
	return false
}

// spokenIn are the literals with at least two words in the Go files below some
// directories, without tests, simulators, and what is said to nobody.
func spokenIn(t *testing.T, roots ...string) (all []spoken) {
	t.Helper()
	set := token.NewFileSet()
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && slices.Contains([]string{"testdata", "slacksim", "oktasim", "pacer"}, d.Name()):
				return fs.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if silent(n) {
					return false
				}
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				words, err := strconv.Unquote(lit.Value)
				if err == nil && !vocabulary(lit.Value) && regexp.MustCompile(`\pL{2}`).MatchString(words) && strings.Contains(strings.TrimSpace(words), " ") {
					all = append(all, spoken{at: path + ":" + strconv.Itoa(set.Position(lit.Pos()).Line), words: words})
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// vocabulary reports whether a literal is a list of words that are looked for in files.
func vocabulary(literal string) bool {
	return literal[0] == '`' && len(strings.Fields(literal)) > 12 && !strings.ContainsAny(literal, ".,:;!?%")
}

// silent reports whether a node's literals are for the log or the program:
// imports, tags, errors that are wrapped or compared, log messages, patterns and
// word lists that are matched with what people write.
func silent(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ImportSpec:
		return true
	case *ast.FuncDecl: // what an error says to the log
		return n.Name.Name == "Error"
	case *ast.CallExpr:
		sel, ok := n.Fun.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		if pkg, ok := sel.X.(*ast.Ident); ok {
			switch pkg.Name + "." + sel.Sel.Name {
			case "fmt.Errorf", "errors.New", "regexp.MustCompile", "strings.Fields", "strings.Contains", "strings.HasPrefix", "strings.Cut":
				return true
			}
		}
		return slices.Contains([]string{"Debug", "Info", "Warn", "Error", "Log"}, sel.Sel.Name)
	}
	return false
}
