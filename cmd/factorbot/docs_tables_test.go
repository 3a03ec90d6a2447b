package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/cmd/internal/config"
)

// Each policy that a document shows is a whole one that the program takes.
func TestDocs_recipesLoad(t *testing.T) {
	var policies [][]string
	for _, text := range documents(t) {
		policies = append(policies, regexp.MustCompile("(?s)```yaml\n(# policy.yaml\n.*?)```").FindAllStringSubmatch(text, -1)...)
	}
	if len(policies) < 4 {
		t.Errorf("only %d policies were found", len(policies))
	}
	for i, m := range policies {
		path := filepath.Join(t.TempDir(), "policy.yaml")
		if err := os.WriteFile(path, []byte(m[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := config.Load([]string{"--config", path}, []string{
			"SLACK_APP_TOKEN=xapp-sandbox", "SLACK_BOT_TOKEN=xoxb-sandbox", "OKTA_ORG_URL=https://example.okta.com", "OKTA_API_TOKEN=sandbox-token",
		}, io.Discard)
		if err != nil {
			t.Errorf("policy %d: %v\n%s", i+1, err, m[1])
		}
	}
}

// settingsTold are the settings of the page's tables, each with its default; "" where none is told.
func settingsTold(tb testing.TB) map[string]string {
	tb.Helper()
	told := map[string]string{}
	for _, row := range tableRows(mustPage(tb, "settings")) {
		keys, defaults := backticked(row[0]), backticked(row[1])
		for i, key := range keys {
			if strings.HasPrefix(key, ".") {
				key = keys[0][:strings.LastIndex(keys[0], ".")] + key
			}
			switch {
			case len(defaults) == 0:
				told[key] = ""
			case len(defaults) == len(keys):
				told[key] = strings.Trim(defaults[i], `"`)
			default:
				told[key] = strings.Trim(defaults[0], `"`)
			}
		}
	}
	return told
}

// The page names every setting, with its default, and no other.
func TestHelp_settings(t *testing.T) {
	told := settingsTold(t)
	known := map[string]bool{config.FileVariable: true}
	check := func(name, value string) {
		known[name] = true
		if got := strings.Trim(told[name], "[]"); got != value {
			t.Errorf("help settings says that %s is %q by default, it is %q", name, got, value)
		}
	}
	byKey := map[string]bool{}
	for _, v := range config.Variables() {
		byKey[v.Key] = true
		check(v.Name, v.Default)
	}
	for key, value := range policyDefaults(t) {
		if !byKey[key] {
			check(key, value)
		}
	}
	for name := range known {
		if _, ok := told[name]; !ok {
			t.Errorf("help settings does not tell of %s", name)
		}
	}
	for name := range told {
		if !known[name] {
			t.Errorf("help settings tells of %s, which does not exist", name)
		}
	}
}

// Every outcome, reason and proof that a file may have is explained; so are the
// states of a request and the causes of a pause.
func TestHelp_words(t *testing.T) {
	outcome, told := "", map[string]string{}
	for _, row := range tableRows(mustSection(t, "files", "## Reason codes")) {
		if row[0] != "" {
			outcome = strings.Trim(row[0], "`")
		}
		told[strings.Trim(row[1], "`")] = outcome
		if len(row) != 4 || row[2] == "" || row[3] == "" {
			t.Errorf("help files does not say what to do: %q", row)
		}
	}
	for _, r := range constants(t, repository+"/bot/reset/outcome.go", "Reason") {
		if told[r] != string(reset.Reason(r).Outcome()) {
			t.Errorf("help files gives the reason %s to the outcome %q, it is of %q", r, told[r], reset.Reason(r).Outcome())
		}
	}
	files, deciding := backticked(mustSection(t, "files", "## The files it posts")), backticked(mustSection(t, "commands", "## Deciding"))
	for _, p := range constants(t, repository+"/bot/reset/outcome.go", "Proof") {
		if !slices.Contains(files, p) {
			t.Errorf("help files does not explain the proof %s", p)
		}
	}
	for _, s := range reset.States() {
		if s != reset.Stopping && !slices.Contains(deciding, string(s)) {
			t.Errorf("help commands does not tell of the state %s", s)
		}
	}
	for _, c := range constants(t, repository+"/bot/reset/pause.go", "Cause") {
		if !slices.Contains(deciding, c) {
			t.Errorf("help commands does not explain the cause %s", c)
		}
	}
}

// Every command of Slack's that a document shows is understood, and the page shows each verb.
func TestHelp_slashCommands(t *testing.T) {
	shown := map[roster.Verb]bool{roster.VerbReset: true}
	n := 0
	for _, text := range append(backticked(mustSection(t, "commands", "## Asking")), backticked(mustDocument(t, "README.md"))...) {
		before, words, ok := strings.Cut(text, "/factor-reset")
		if !ok || before != "" {
			words = text
		}
		if ok && words == " USERS because REASON" || words == " export" { // a pattern, and what opens a form
			continue
		}
		words = strings.ReplaceAll(strings.TrimSpace(words), "@ana", "<@U_ANA|ana>")
		c, err := roster.ParseCommand(words)
		switch {
		case err == nil && len(c.Users) == 0 || ok && err == nil:
			shown[c.Verb] = true
			n++
		case ok:
			t.Errorf("a document shows %q, which is not understood: %v", text, err)
		}
	}
	for _, v := range roster.Verbs() {
		if !shown[v] {
			t.Errorf("help commands does not show %s", v)
		}
	}
	if n < 15 {
		t.Errorf("only %d commands were found", n)
	}
}

// What the page quotes of messages is what the bot says: in a text of its sources
// or in the golden files of its messages. Numbers may differ.
func TestHelp_messages(t *testing.T) {
	said := alike(mustSources(t, func(path string) bool { return strings.Contains(path, "/bot/view/testdata/golden/") }))
	for _, path := range sources(t, func(path string) bool {
		return strings.Contains(path, "/bot/") && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "/slacksim/")
	}) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					said += "\n" + alike(text)
				}
			}
			return true
		})
	}
	quotes := regexp.MustCompile(`"([^"]+)"`)
	all := tableRows(mustPage(t, "messages"))
	if len(all) < 30 {
		t.Errorf("only %d messages were found", len(all))
	}
	for _, row := range all {
		m := quotes.FindStringSubmatch(row[1])
		if m == nil || !strings.Contains(said, alike(m[1])) {
			t.Errorf("help messages quotes %q, which the bot does not say", row[1])
		}
	}
}

// alike makes texts that differ in numbers, marks of emphasis and case the same.
func alike(s string) string {
	s = regexp.MustCompile(`[0-9]+|%d|%s`).ReplaceAllString(s, "#")
	return strings.ToLower(strings.NewReplacer("*", "", "`", "").Replace(s))
}

// The times of the page follow from the limits beside them.
func TestHelp_times(t *testing.T) {
	n := 0
	for _, row := range tableRows(mustPage(t, "limits")) {
		limit, err := strconv.ParseFloat(row[0], 64)
		if err != nil {
			continue
		}
		n++
		const reserve, share, margin = 0.2, 0.5, 0.95
		ours := limit * (1 - reserve)
		want := []string{fmt.Sprint(ours), fmt.Sprintf("%.1f min", 1000/ours), fmt.Sprintf("%.1f min", 1000/min(ours, limit*share*margin))}
		if !slices.Equal(row[2:], want) {
			t.Errorf("with %v calls a minute help limits has %q, it is %q", limit, row[2:], want)
		}
	}
	if n < 3 {
		t.Errorf("only %d limits were found", n)
	}
}

// policyDefaults are the defaults of the keys of the policy file, as the file with the
// defaults writes them; "" for empty lists and texts.
func policyDefaults(tb testing.TB) map[string]string {
	tb.Helper()
	b, err := os.ReadFile(repository + "/cmd/internal/config/defaults.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		tb.Fatal(err)
	}
	all := map[string]string{}
	var walk func(prefix string, n *yaml.Node)
	walk = func(prefix string, n *yaml.Node) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := strings.TrimPrefix(prefix+"."+n.Content[i].Value, "."), n.Content[i+1]
			if value.Kind == yaml.MappingNode {
				walk(key, value)
				continue
			}
			all[key] = value.Value
		}
	}
	walk("", doc.Content[0])
	return all
}
