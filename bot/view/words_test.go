package view_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// banned is what no message says, with why.
func banned() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"stilted English":   regexp.MustCompile(`(?i)\b(whom|anew|all the same|of theirs|thereof|stands in|nobody else's|needn't)\b`),
		"our own jargon":    regexp.MustCompile(`(?i)\b(roster|target|in doubt|journal|revision)s?\b`),
		"a reason code":     regexp.MustCompile(`\b(not_found|invalid_row|okta_error|already_clear|protected_(admin|user|group)|enrolled_meanwhile|in_other_request|not_run|reset_since_plan|taken_out|settled_after_restart)\b`),
		"an ISO time":       regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d`),
		"what may not be":   regexp.MustCompile(`(?i)\b(may not|cannot|could not|does not|did not|is not|will not)\b`),
		"an emoji too many": regexp.MustCompile(`(?m)^[^\n]*:[a-z_]{3,}:[^\n]*:[a-z_]{3,}:`),
	}
}

// hash is a digest, which only Details and receipts show.
var hash = regexp.MustCompile(`\b[0-9a-f]{16,}\b|SHA-256`)

// said are the texts of a rendered value, by their path; what is folded away is
// under child_blocks.
func said(path string, v any, tell func(path, text string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if k == "value" || k == "action_id" || k == "block_id" || k == "private_metadata" || k == "placeholder" || k == "url" {
				continue // not for people, or an example of what they type
			}
			said(path+"/"+k, x, tell)
		}
	case []any:
		for _, x := range v {
			said(path, x, tell)
		}
	case string:
		tell(path, v)
	}
}

// goldens are the golden files by name.
func goldens(t *testing.T) map[string]map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.json"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d golden files: %v", len(files), err)
	}
	all := map[string]map[string]any{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]any{}
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all[strings.TrimSuffix(filepath.Base(f), ".json")] = m
	}
	return all
}

// TestGoldens_speakAsPeopleDo walks all that was ever rendered for a test.
func TestGoldens_speakAsPeopleDo(t *testing.T) {
	words := banned()
	for name, all := range goldens(t) {
		for message, v := range all {
			said(name+"/"+message, v, func(path, text string) {
				for why, re := range words {
					if found := re.FindString(text); found != "" {
						t.Errorf("%s: %s: %q in %q", path, why, found, text)
					}
				}
				folded := strings.Contains(path, "child_blocks") || strings.Contains(path, "_older/") && strings.Contains(path, "/elements") || strings.HasPrefix(message, "receipt")
				if found := hash.FindString(text); found != "" && !folded {
					t.Errorf("%s: %q is for Details, in %q", path, found, text)
				}
				if n := utf8.RuneCountInString(text); n > 1500 && !folded {
					t.Errorf("%s: %d characters are not read by anybody: %.80q", path, n, text)
				}
			})
		}
	}
}

// TestGoldens_beginWithWhatMatters: the first ten words of a fallback text,
// which a notification shows, name the request.
func TestGoldens_beginWithWhatMatters(t *testing.T) {
	id := regexp.MustCompile(`FR-\d+`)
	for name, all := range goldens(t) {
		for message, v := range all {
			m, _ := v.(map[string]any)
			text, _ := m["text"].(string)
			if text == "" || name == "answers" || name == "notices" || !id.MatchString(text) {
				continue
			}
			words := strings.Fields(text)
			if first := strings.Join(words[:min(len(words), 10)], " "); !id.MatchString(first) {
				t.Errorf("%s/%s begins with %q", name, message, first)
			}
		}
	}
}
