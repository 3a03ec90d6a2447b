package slackapi_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestDoc_assumptions: each test that the package comment names for an assumption exists,
// in the package that it names, and each assumption has one.
func TestDoc_assumptions(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	folders := map[string]string{"": ".", "bot": "..", "handler": "../handler", "slacksim": "../slacksim", "people": "../../cmd/internal/people"}
	declared := func(folder, name string) bool {
		files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no tests in %s: %v", folder, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if regexp.MustCompile(`func ` + name + `\(`).Match(text) {
				return true
			}
		}
		return false
	}
	test := regexp.MustCompile(`(?:(\w+)'s[\s/]+)?(Test\w+)`)
	items := regexp.MustCompile(`(?s)//   - (.*?)(?:\n//   - |\npackage )`)
	rest, n := string(doc), 0
	for {
		at := items.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		item := rest[at[2]:at[3]]
		named := test.FindAllStringSubmatch(item, -1)
		if len(named) == 0 {
			t.Errorf("no test is named for: %s", item)
		}
		for _, m := range named {
			if folder, ok := folders[m[1]]; !ok || !declared(folder, m[2]) {
				t.Errorf("there is no %s of %q", m[2], m[1])
			}
		}
		rest, n = rest[at[3]:], n+1
	}
	if n < 10 {
		t.Errorf("only %d assumptions are listed", n)
	}
}
