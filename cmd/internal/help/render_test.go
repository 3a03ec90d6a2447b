package help

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"factorbot/cmd/internal/cli"
)

// words are what a reader reads: letters and digits.
func words(s string) []string {
	return regexp.MustCompile(`[\p{L}\p{N}]+`).FindAllString(ansi.Strip(s), -1)
}

// A page on a terminal has every word that it has as a file, in its order: nothing is
// dropped by a block that is not known.
func TestRender_keepsEveryWord(t *testing.T) {
	t.Parallel()
	for _, topic := range Topics() {
		page, err := pages.ReadFile(topic.Name + ".md")
		if err != nil {
			t.Fatal(err)
		}
		source := regexp.MustCompile(`\]\([^)]*\)`).ReplaceAllString(string(page), "]") // links are shown in another form
		source = regexp.MustCompile("(?m)^ *```[a-z]+$").ReplaceAllString(source, "")
		rest := words(render(page, 4000))
		for _, word := range words(source) {
			i := slices.Index(rest, word)
			if i < 0 {
				t.Errorf("help %s on a terminal lacks %q", topic.Name, word)
				break
			}
			rest = rest[i+1:]
		}
	}
}

// No line is wider than the terminal, but for code, which is copied.
func TestRender_fitsTheTerminal(t *testing.T) {
	t.Parallel()
	for _, topic := range Topics() {
		page, err := pages.ReadFile(topic.Name + ".md")
		if err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{narrowest, usual, widest} {
			for line := range strings.Lines(render(page, width)) {
				line = strings.TrimRight(line, "\n")
				if ansi.StringWidth(line) > width && !strings.HasPrefix(line, "    ") && !strings.Contains(line, "://") {
					t.Errorf("help %s at %d columns: %d are needed for %q", topic.Name, width, ansi.StringWidth(line), ansi.Strip(line))
				}
			}
		}
	}
}

// A page has styles only where they are wanted.
func TestShow_styles(t *testing.T) {
	t.Parallel()
	page, err := pages.ReadFile("audit.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		vars   []string
		styled bool
	}{
		{nil, false},
		{[]string{"TERM=xterm-256color"}, false}, // a file is no terminal
		{[]string{"TERM=xterm-256color", "CLICOLOR_FORCE=1"}, true},
		{[]string{"TERM=xterm-256color", "CLICOLOR_FORCE=1", "NO_COLOR=1"}, false},
	} {
		path := filepath.Join(t.TempDir(), "page")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := show("audit", cli.Env{Stdout: f, Vars: c.vars}); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := render(page, usual); c.styled && string(got) != want || !c.styled && !bytes.Equal(got, page) {
			t.Errorf("%q: styled should be %v\n%s", c.vars, c.styled, got)
		}
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	const page = "# Title\n\nText with `code`, *stress* and [limits](limits.md#pace), <https://example.com>.\n\n" +
		"1. one\n2. two\n\n```\n./factorbot help\n```\n\n| a | b |\n|---|---|\n| `x` | y |\n\n> quoted\n"
	got := render([]byte(page), 40)
	for _, want := range []string{"\x1b[", "Title", "limits", "factorbot help limits", "https://example.com", "1. one", "2. two", "    ./factorbot help", "│ quoted"} {
		if !strings.Contains(got, want) && !strings.Contains(ansi.Strip(got), want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}
