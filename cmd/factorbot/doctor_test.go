package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/doctor"
	"factorbot/cmd/internal/setup"
)

// examined runs factorbot doctor against a sandbox.
func (s *sandboxRun) examined(db, config string, more ...string) (code int, found map[string]doctor.Finding, text string) {
	s.tb.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), []string{"doctor", "--json", "--config", config}, cli.Env{Vars: s.settings(db, more...), Stdout: &out, Stderr: &errs})
	var list []doctor.Finding
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		s.tb.Fatalf("%v: %s%s", err, out.String(), errs.String())
	}
	found = map[string]doctor.Finding{}
	for _, f := range list {
		found[f.Check] = f
		if f.Verdict != doctor.OK && f.Mend == "" {
			s.tb.Errorf("%s: nothing says how to mend %q", f.Check, f.Found)
		}
	}
	return code, found, out.String() + errs.String()
}

func TestDoctor_findsNothing(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20")
	s.post("/sandbox/set", map[string]any{"slack_scopes": setup.ScopeNames()})
	code, found, text := s.examined(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, ""))
	if code != 0 {
		t.Errorf("exit code %d:\n%s", code, text)
	}
	for _, check := range []string{
		"configuration", "SLACK_APP_TOKEN", "SLACK_BOT_TOKEN", "scope chat:write", "channel C_FACTORS", "approver U_APPROVER1", "who may approve", "OKTA_ORG_URL",
		"Okta identity", "Okta users", "Okta administrators", "Okta System Log", "rate limit of /api/v1/users", "clock", "FACTORBOT_DB",
	} {
		if f, ok := found[check]; !ok || f.Verdict != doctor.OK {
			t.Errorf("%s: %+v", check, f)
		}
	}
	if !strings.Contains(found["approver U_APPROVER1"].Found, "Avery Stone") {
		t.Errorf("the approver is %q, want a name", found["approver U_APPROVER1"].Found)
	}
	for _, secret := range []string{"xapp-sandbox", "xoxb-sandbox", "sandbox-token", "ws://"} {
		if strings.Contains(text, secret) {
			t.Errorf("it shows %s", secret)
		}
	}
	plain := &bytes.Buffer{}
	if err := doctor.WriteFindings(plain, false, slices.Collect(maps.Values(found))); err != nil || strings.Count(plain.String(), "\n") != len(found) {
		t.Errorf("not one line for each check, %v:\n%s", err, plain)
	}
}

func TestDoctor_findsEachTrouble(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set         map[string]any
		policy      string
		vars        []string
		check, mend string
	}{
		"a wrong app token":         {vars: []string{"SLACK_APP_TOKEN=xapp-other"}, check: "SLACK_APP_TOKEN", mend: "connections:write"},
		"a wrong bot token":         {vars: []string{"SLACK_BOT_TOKEN=xoxb-other"}, check: "SLACK_BOT_TOKEN", mend: "OAuth & Permissions"},
		"a scope that is missing":   {set: map[string]any{"slack_scopes": without(setup.ScopeNames(), "usergroups:read")}, check: "scope usergroups:read", mend: "install the app again"},
		"an archived channel":       {set: map[string]any{"slack_channels": map[string]any{"C_FACTORS": map[string]any{"is_archived": true}}}, check: "channel C_FACTORS", mend: "unarchive"},
		"a channel without the bot": {set: map[string]any{"slack_channels": map[string]any{"C_FACTORS": map[string]any{"members": []string{"U_REQUESTER"}}}}, check: "channel C_FACTORS", mend: "/invite"},
		"a channel that is not":     {policy: "channels: [C_NOWHERE]\napprovers: {users: [U_APPROVER1]}\n", check: "channel C_NOWHERE", mend: "/invite"},
		"an approver who left":      {policy: "channels: [C_FACTORS]\napprovers: {users: [U_GONE]}\n", check: "approver U_GONE", mend: "approvers.users"},
		"an approver who is guest":  {policy: "channels: [C_FACTORS]\napprovers: {users: [U_GUEST]}\n", check: "approver U_GUEST", mend: "approvers.users"},
		"an approver of elsewhere":  {policy: "channels: [C_FACTORS]\napprovers: {users: [U_STRANGER]}\n", check: "approver U_STRANGER", mend: "approvers.users"},
		"an approver unheard of":    {policy: "channels: [C_FACTORS]\napprovers: {users: [U_WHO]}\n", check: "approver U_WHO", mend: "approvers.users"},
		"nobody who may approve":    {policy: "channels: [C_FACTORS]\napprovers: {users: [U_GONE, U_GUEST]}\n", check: "who may approve", mend: "approvers"},
		"an Okta group of nobody":   {policy: "channels: [C_FACTORS]\napprovers: {okta_groups: [00g00000000000000000]}\n", check: "who may approve", mend: "okta_groups"},
		"a user group of nobody":    {policy: "channels: [C_FACTORS]\napprovers: {usergroups: [S_NONE]}\n", check: "who may approve", mend: "approvers"},
		"too few approvers":         {policy: "channels: [C_FACTORS]\napprovers: {usergroups: [S_SECURITY]}\napprovals: 3\n", check: "who may approve", mend: "lower approvals"},
		"a quorum of nobody":        {policy: "channels: [C_FACTORS]\napprovers: {users: [U_APPROVER1]}\napprovals_from: [[S_HELPDESK]]\n", check: "approvals_from entry 1", mend: "add an approver"},
		"alerts where it is not":    {policy: "channels: [C_FACTORS]\napprovers: {users: [U_APPROVER1]}\nalerts: {channel: C_GENERAL}\n", check: "alerts.channel C_GENERAL", mend: "/invite"},
		"a breaker who left":        {policy: "channels: [C_FACTORS]\napprovers: {users: [U_APPROVER1]}\nprotect: {approvers: [U_GONE]}\n", check: "approver of break-glass U_GONE", mend: "protect.approvers"},
		"a protected nobody":        {policy: "channels: [C_FACTORS]\napprovers: {users: [U_APPROVER1]}\nprotect: {users: [ceo@example.org]}\n", check: "protected user ceo@example.org", mend: "protect.users"},
		"a protected group of none": {policy: "channels: [C_FACTORS]\napprovers: {users: [U_APPROVER1]}\nprotect: {okta_groups: [00g00000000000000000]}\n", check: "protected Okta group 00g00000000000000000", mend: "protect.okta_groups"},
		"a revoked Okta token":      {set: map[string]any{"token_revoked": true}, check: "OKTA_ORG_URL and token", mend: "Create a new one"},
		"a malformed setting":       {vars: []string{"FACTORBOT_HTTP_ADDR=8090"}, check: "configuration", mend: "run --help"},
	} {
		t.Run(name, func(t *testing.T) {
			s := mustSandbox(t, "--no-bot", "--users", "10")
			if c.set != nil {
				s.post("/sandbox/set", c.set)
			}
			policy := mustConfig(t, "")
			if c.policy != "" {
				policy = mustWrite(t, "policy.yaml", c.policy)
			}
			code, found, text := s.examined(filepath.Join(t.TempDir(), "factorbot.db"), policy, c.vars...)
			f := found[c.check]
			if code != 1 || f.Verdict != doctor.Failure || !strings.Contains(f.Mend, c.mend) {
				t.Errorf("exit code %d, %+v:\n%s", code, f, text)
			}
		})
	}
}

func without(list []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == name })
}

func TestDoctor_looksAtTheDatabase(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "10")
	config, dir := mustConfig(t, ""), t.TempDir()
	db := filepath.Join(dir, "factorbot.db")
	_, stop := s.mustRun(db, config)
	if _, found, _ := s.examined(db, config); !strings.Contains(found["FACTORBOT_DB"].Found, "works with it") || found["FACTORBOT_DB"].Verdict != doctor.OK {
		t.Errorf("of a running bot: %+v", found["FACTORBOT_DB"])
	}
	stop()
	before, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	if _, found, _ := s.examined(db, config); found["FACTORBOT_DB"].Verdict != doctor.OK {
		t.Errorf("of a stopped bot: %+v", found["FACTORBOT_DB"])
	}
	if after, err := os.ReadFile(db); err != nil || !bytes.Equal(before, after) {
		t.Errorf("looking at the database changed it, %v", err)
	}
	if err := os.WriteFile(db, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, found, _ := s.examined(db, config); code != 1 || !found["FACTORBOT_DB"].Fatal {
		t.Errorf("of a damaged one: %+v", found["FACTORBOT_DB"])
	}
	if code, found, _ := s.examined(filepath.Join(dir, "no", "such", "folder.db"), config); code != 1 || !found["FACTORBOT_DB"].Fatal {
		t.Errorf("of a folder that is not there: %+v", found["FACTORBOT_DB"])
	}
}

// What makes the bot unable to work ends it at the start, with that line.
func TestRun_endsWhenItCannotWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  map[string]any
		vars []string
		want string
	}{
		"wrong bot token":  {nil, []string{"SLACK_BOT_TOKEN=xoxb-other"}, "SLACK_BOT_TOKEN: Slack says invalid_auth"},
		"wrong app token":  {nil, []string{"SLACK_APP_TOKEN=xapp-other"}, "SLACK_APP_TOKEN: Slack says invalid_auth"},
		"no scope to post": {map[string]any{"slack_scopes": without(setup.ScopeNames(), "chat:write")}, nil, "scope chat:write: is missing"},
		"nobody approves":  {map[string]any{"slack_people": map[string]any{"U_APPROVER1": map[string]any{"deleted": true}, "U_APPROVER2": map[string]any{"is_restricted": true}}}, nil, "who may approve: nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			s := mustSandbox(t, "--no-bot", "--users", "10")
			if c.set != nil {
				s.post("/sandbox/set", c.set)
			}
			errs := &buffer{}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			code := run(ctx, []string{"run", "--config", mustConfig(t, "")}, cli.Env{Vars: s.settings(filepath.Join(t.TempDir(), "f.db"), c.vars...), Stdout: errs, Stderr: errs})
			lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
			if last := lines[len(lines)-1]; code != 1 || !strings.HasPrefix(last, "factorbot: ") || !strings.Contains(last, c.want) {
				t.Errorf("exit code %d, %q", code, last)
			}
		})
	}
}

// What may pass, and what others can mend while the bot works, is a warning.
func TestRun_warnsOfTheRest(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "10")
	logs, stop := s.mustRun(filepath.Join(t.TempDir(), "f.db"), mustWrite(t, "policy.yaml", "channels: [C_FACTORS, C_NOWHERE]\napprovers: {users: [U_APPROVER1, U_GONE]}\n"))
	s.await("the warnings", func() bool {
		return strings.Contains(logs.String(), `"check":"channel C_NOWHERE"`) && strings.Contains(logs.String(), `"check":"approver U_GONE"`)
	})
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A check that could not be made is no good news: the exit code says so.
func TestDoctor_whatCouldNotBeChecked(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "10")
	nobody := "http://" + freeAddress(t)
	db := filepath.Join(t.TempDir(), "factorbot.db")
	for name, vars := range map[string][]string{
		"OKTA_ORG_URL and token": {"OKTA_ORG_URL=" + nobody}, "SLACK_BOT_TOKEN": {"SLACK_API_URL=" + nobody + "/api/"},
	} {
		code, found, text := s.examined(db, mustConfig(t, ""), vars...)
		if f := found[name]; code != 1 || f.Verdict != doctor.Unknown || f.Fatal {
			t.Errorf("%s away: exit code %d, %+v\n%s", name, code, f, text)
		}
	}
	out := &buffer{}
	code := run(t.Context(), []string{"doctor", "--offline", "--config", mustConfig(t, "")},
		cli.Env{Vars: s.settings(db, "OKTA_ORG_URL="+nobody, "SLACK_API_URL="+nobody+"/api/"), Stdout: out, Stderr: out})
	if code != 0 || !strings.Contains(out.String(), "FACTORBOT_DB") || strings.Contains(out.String(), "OKTA") {
		t.Errorf("offline: exit code %d\n%s", code, out)
	}
}

func TestDoctor_tellsOfEveryBadSetting(t *testing.T) {
	out := &buffer{}
	code := run(t.Context(), []string{"doctor", "--config", mustWrite(t, "policy.yaml", "channels: [general]\napprovals: many\n")}, cli.Env{Stdout: out, Stderr: out})
	for _, want := range []string{"SLACK_APP_TOKEN: is missing", "OKTA_ORG_URL: is missing", "channels: entry 1", "(line 1)", "approvals: must be a whole number (line 2)", "approvers: is missing"} {
		if code != 1 || !strings.Contains(out.String(), want) {
			t.Errorf("exit code %d, nothing says %q:\n%s", code, want, out)
		}
	}
}

// A token that Okta refuses does not make an orchestrator start the bot in a loop:
// it runs, and says so.
func TestRun_goesOnWithARefusedOktaToken(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "10")
	s.post("/sandbox/set", map[string]any{"token_revoked": true})
	addr := freeAddress(t)
	logs, stop := s.mustRun(filepath.Join(t.TempDir(), "f.db"), mustConfig(t, ""), "FACTORBOT_HTTP_ADDR="+addr)
	s.await("the log to say so", func() bool {
		return strings.Contains(logs.String(), `"level":"ERROR"`) && strings.Contains(logs.String(), "E0000011")
	})
	s.await("/readyz to say so", func() bool {
		code, text := probe(t, "http://"+addr+"/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(text, "okta: ")
	})
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A second bot on the same record is told who has it, whatever port it wants; a port
// that another program has may become free.
func TestRun_whoIsInTheWay(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "10")
	db, addr := filepath.Join(t.TempDir(), "f.db"), freeAddress(t)
	s.mustRun(db, mustConfig(t, ""), "FACTORBOT_HTTP_ADDR="+addr)
	for name, c := range map[string]struct {
		db, addr, want string
	}{
		"record and port": {db, addr, fmt.Sprint(os.Getpid())},
		"record":          {db, freeAddress(t), fmt.Sprint(os.Getpid())},
		"port":            {filepath.Join(t.TempDir(), "other.db"), addr, "another program listens on " + addr},
	} {
		errs := &buffer{}
		code := run(t.Context(), []string{"run", "--config", mustConfig(t, "")}, cli.Env{Vars: s.settings(c.db, "FACTORBOT_HTTP_ADDR="+c.addr), Stdout: errs, Stderr: errs})
		if code != 1 || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: exit code %d, %s", name, code, errs)
		}
	}
}

// What doctor writes down of a whole examination names none of the people, and none of the secrets.
func TestDoctor_record(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20")
	s.post("/sandbox/set", map[string]any{"slack_scopes": setup.ScopeNames()})
	dir, out := filepath.Join(t.TempDir(), "answers"), &buffer{}
	args := []string{"doctor", "--record", dir, "--config", mustConfig(t, "")}
	env := cli.Env{Vars: s.settings(filepath.Join(t.TempDir(), "f.db")), Stdout: out, Stderr: out}
	if code := run(t.Context(), args, env); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	personal := []string{"sandbox-token", "xoxb-", "xapp-", "ticket", "Avery", "Stone", "@example", "example.com", "T_SANDBOX", "C_FACTORS", "U_APPROVER1"}
	for _, u := range s.okta().Okta.Users {
		personal = append(personal, u.ID, u.Login)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	names := strings.Join(files, " ")
	for _, kind := range []string{"slack-api-auth-test", "slack-api-users-info", "slack-api-conversations-info", "okta-api-v1-users-id-factors", "okta-api-v1-logs", "okta-api-v1-iam-assignees-users"} {
		if !strings.Contains(names, kind) {
			t.Errorf("nothing of %s in %s", kind, names)
		}
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range personal {
			if p != "" && bytes.Contains(b, []byte(p)) {
				t.Errorf("%s holds %s:\n%s", filepath.Base(file), p, b)
			}
		}
	}
	if code := run(t.Context(), args, env); code != 1 || !strings.Contains(out.String(), "not empty") {
		t.Errorf("into the same folder: exit code %d", code)
	}
}
