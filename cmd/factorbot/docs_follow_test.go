package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"factorbot/cmd/internal/cli"
)

// mustChapter is the README from a heading of the second rank to the next one.
func mustChapter(tb testing.TB, heading string) string {
	tb.Helper()
	_, text, ok := strings.Cut(mustDocument(tb, "README.md"), "\n## "+heading+"\n")
	if !ok {
		tb.Fatalf("README.md has no chapter %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// said returns the only text in backticks that begins so.
func said(tb testing.TB, text, begins string) string {
	tb.Helper()
	found := ""
	text = regexp.MustCompile("(?ms)^ *```.*?^ *```$").ReplaceAllString(text, "")
	for _, s := range backticked(text) {
		if strings.HasPrefix(s, begins) {
			if found != "" {
				tb.Fatalf("both %q and %q begin with %q", found, s, begins)
			}
			found = s
		}
	}
	if found == "" {
		tb.Fatalf("nothing in backticks begins with %q", begins)
	}
	return found
}

// The first five minutes go as the README says: one user, refused to the requester and
// approved by another; then the sample, which takes two approvals and the number typed.
func TestReadme_firstFiveMinutes(t *testing.T) {
	t.Parallel() // it waits for most of its time
	chapter := mustChapter(t, "The first five minutes")
	s := mustSandbox(t, "--users", "150", "--rate-limit", "6000")
	ana := func() (factors, resets int) {
		for _, u := range s.okta().Okta.Users {
			if u.Login == "ana@example.com" {
				return len(u.Factors), u.Resets
			}
		}
		t.Fatal("there is no Ana")
		return 0, 0
	}
	if factors, _ := ana(); factors == 0 {
		t.Error("the first user to reset has no factors")
	}
	s.command("U_REQUESTER", said(t, chapter, "/factor-reset ana@example.com"))
	one := s.awaitPending(1)
	s.refused("U_REQUESTER", one, "approve", "your own request")
	s.click("U_APPROVER1", one, "approve")
	if got, _, _ := outcomes(t, s.awaitResults(1)); got["reset"] != 1 {
		t.Errorf("FR-1 ends with %v", got)
	}
	if factors, resets := ana(); factors != 0 || resets != 1 {
		t.Errorf("Ana has %d factors and was reset %d times", factors, resets)
	}

	sample := s.get("/sample.csv")
	s.upload("U_REQUESTER", "Phones replaced", "sample.csv", sample)
	s.approveLarge(s.awaitPending(2)) // both type the number
	results := s.awaitResults(2)
	if file := said(t, chapter, "FR-2-results.csv"); s.filesNamed(file) != 1 {
		t.Errorf("there is no file %s", file)
	}
	if rows, want := bytes.Count(results, []byte("\n")), bytes.Count(sample, []byte("\n")); rows != want {
		t.Errorf("the result file has %d lines, the sample %d", rows, want)
	}
	for _, person := range []string{"Rosa", "Avery Stone", "Alex Moreno"} {
		if !strings.Contains(chapter, person) || !bytes.Contains(s.get("/sandbox/state"), []byte(person)) {
			t.Errorf("the README or the sandbox has no %s", person)
		}
	}
}

// Whoever follows "Go live" step by step, against the sandbox as Slack and Okta, passes
// the check that ends each step.
func TestReadme_goLive(t *testing.T) {
	t.Parallel() // it waits for most of its time
	chapter := mustChapter(t, "Go live")
	s := mustSandbox(t, "--no-bot", "--users", "20", "--rate-limit", "6000")
	dir := t.TempDir()

	// 1. Slack: an app with the scopes of the manifest, and no others.
	var manifest struct {
		OAuth struct {
			Scopes struct{ Bot []string }
		} `yaml:"oauth_config"`
	}
	if err := yaml.Unmarshal(printed(t, "manifest"), &manifest); err != nil {
		t.Fatal(err)
	}
	s.post("/sandbox/set", map[string]any{"slack_scopes": manifest.OAuth.Scopes.Bot})

	// 2. Okta: what the identity needs. The sandbox's has it.
	if role := printed(t, "okta-role", "--json"); !json.Valid(role) {
		t.Errorf("okta-role: %s", role)
	}

	// 3. The settings that the README shows, with the sandbox's IDs and tokens in files.
	policy := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(chapter)
	if policy == nil {
		t.Fatal("README.md shows no policy")
	}
	ours := strings.NewReplacer("C0123456", "C_FACTORS", "U0123456", "U_APPROVER1", "U0234567", "U_APPROVER2")
	paths := map[string]string{
		"/etc/factorbot/policy.yaml": ours.Replace(policy[1]), "/run/secrets/slack-app-token": "xapp-sandbox\n",
		"/run/secrets/slack-bot-token": "xoxb-sandbox\n", "/run/secrets/okta-token": "sandbox-token\n",
	}
	vars := []string{"SLACK_API_URL=" + s.url + "/api/", "FACTORBOT_HTTP_ADDR=127.0.0.1:0"}
	shown := regexp.MustCompile(`(?m)^([A-Z_]+)=(.*)$`).FindAllStringSubmatch(chapter, -1)
	for _, m := range shown {
		value := m[2]
		if text, ok := paths[value]; ok {
			value = filepath.Join(dir, filepath.Base(value))
			if err := os.WriteFile(value, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		switch m[1] {
		case "OKTA_ORG_URL":
			value = s.url
		case "FACTORBOT_DB":
			value = filepath.Join(dir, "factorbot.db")
		}
		vars = append(vars, m[1]+"="+value)
	}
	if len(shown) != 6 {
		t.Errorf("README.md shows %d settings", len(shown))
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"doctor"}, cli.Env{Vars: vars, Stdout: &out, Stderr: &out}); code != 0 {
		t.Errorf("doctor ends with %d", code)
	}
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "ok ") {
			t.Errorf("the doctor says %s", line)
		}
	}

	// 4. The bot, and the rehearsal.
	logs, _ := s.mustStart(vars)
	said(t, chapter, "the socket is open")
	s.await("two sockets", func() bool { return strings.Count(logs.String(), "the socket is open") == 2 })
	s.command("U_REQUESTER", said(t, chapter, "/factor-reset whoami"))
	s.await("an answer", func() bool { return s.privately("U_REQUESTER", "") > 0 })
	s.command("U_REQUESTER", said(t, chapter, "/factor-reset dry-run"))
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	if _, reasons, rows := outcomes(t, s.awaitResults(1)); len(rows) != 1 || reasons["dry_run"] != 1 {
		t.Errorf("the rehearsal ends with %v", rows)
	}
}
