package okta_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDoc_assumptions: each assumption in the package comment names a test, and each test
// that it names exists.
func TestDoc_assumptions(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests []byte
	for _, pattern := range []string{"*_test.go", "pacer/*_test.go", "oktasim/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tests = append(tests, text...)
		}
	}
	items := strings.Split(string(doc), "//   - ")[1:]
	if len(items) < 10 {
		t.Errorf("only %d assumptions are listed", len(items))
	}
	for _, item := range items {
		named := regexp.MustCompile(`Test\w+`).FindAllString(item, -1)
		if len(named) == 0 {
			t.Errorf("no test is named for: %s", item)
		}
		for _, name := range named {
			if !regexp.MustCompile(`func ` + name + `\(`).Match(tests) {
				t.Errorf("there is no %s", name)
			}
		}
	}
}
