package page

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestEmoji_complete: every emoji in a message of the bot has a picture.
func TestEmoji_complete(t *testing.T) {
	files, err := filepath.Glob("../../view/testdata/golden/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d golden files: %v", len(files), err)
	}
	typed := regexp.MustCompile(`(?:[\s"]|\\n):([a-z][a-z0-9_]+):[\s"]`) // not "token:software:totp"
	named := regexp.MustCompile(`"type": "emoji",\s*"name": "([^"]+)"|"name": "([^"]+)",\s*"type": "emoji"`)
	found := map[string]bool{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range []*regexp.Regexp{typed, named} {
			for _, m := range in.FindAllStringSubmatch(string(raw), -1) {
				for _, name := range m[1:] {
					found[name] = found[name] || name != ""
				}
			}
		}
	}
	delete(found, "")
	for name := range found {
		if emojiPictures[name] == "" {
			t.Errorf("there is no picture of :%s:", name)
		}
	}
	if len(found) < 5 {
		t.Errorf("only %d emoji are used", len(found))
	}
	t.Logf("%d emoji", len(found))
}
