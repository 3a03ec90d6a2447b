package okta_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestDoc_assumptions: each test that the package comment names for an assumption exists.
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
	named := regexp.MustCompile(`Test\w+`).FindAllString(string(doc), -1)
	if len(named) < 10 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, name := range named {
		if !regexp.MustCompile(`func ` + name + `\(`).Match(tests) {
			t.Errorf("there is no %s", name)
		}
	}
}
