package config

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/cmd/internal/cli"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"
)

// canary is in every secret of these tests; no error and no text may hold it.
const canary = "CANARY7f3a"

// goodEnv is the least that the bot starts with, besides the policy.
func goodEnv() map[string]string {
	return map[string]string{
		"SLACK_APP_TOKEN": "xapp-" + canary,
		"SLACK_BOT_TOKEN": "xoxb-" + canary,
		"OKTA_ORG_URL":    "https://example.okta.com",
		"OKTA_API_TOKEN":  "00" + canary,
	}
}

// goodPolicy is the least policy.
const goodPolicy = "channels: [C_FACTORS]\napprovers: {users: [U_APPROVER1, U_APPROVER2]}\n"

// load loads the environment, changed by over ("" takes a variable out), a YAML
// file with the text, and flags.
func load(tb testing.TB, over map[string]string, yaml string, args ...string) (*Config, error) {
	tb.Helper()
	vars := goodEnv()
	maps.Copy(vars, over)
	if yaml != "" {
		vars["FACTORBOT_CONFIG"] = mustWrite(tb, "policy.yaml", yaml)
	}
	var environ []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if vars[name] != "" {
			environ = append(environ, name+"="+vars[name])
		}
	}
	var out bytes.Buffer
	c, err := Load(args, environ, &out)
	if out.Len() > 0 {
		tb.Errorf("Load wrote %q without being asked for help", out.String())
	}
	assertHarmless(tb, err)
	return c, err
}

// assertHarmless checks what holds for every error: a line for each setting, no secret.
func assertHarmless(tb testing.TB, err error) {
	tb.Helper()
	if err == nil {
		return
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if ok {
		for _, e := range joined.Unwrap() {
			if strings.ContainsAny(e.Error(), "\r\n") {
				tb.Errorf("the error has several lines: %q", e)
			}
		}
	}
	if strings.Contains(err.Error(), canary) {
		tb.Errorf("the error holds a secret: %v", err)
	}
}

func mustWrite(tb testing.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func TestLoad_defaults(t *testing.T) {
	got, err := load(t, nil, goodPolicy)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Slack: SlackConfig{AppToken: NewSecret("xapp-" + canary), BotToken: NewSecret("xoxb-" + canary), APIURL: "https://slack.com/api/"},
		Okta: OktaConfig{
			OrgURL: "https://example.okta.com", APIToken: NewSecret("00" + canary),
			Reserve: 20, Concurrency: 8, SettleAfter: 10 * time.Second, LogLag: 2 * time.Minute,
		},
		DB: "factorbot.db", HTTPAddr: "127.0.0.1:8090",
		Policy: Policy{
			Rules: policy.Rules{
				Channels: []reset.Channel{"C_FACTORS"}, Approvers: policy.Group{Users: []reset.Person{"U_APPROVER1", "U_APPROVER2"}},
				Approvals: 1, LargeBatch: policy.LargeBatch{Over: 100, Approvals: 2, Confirm: true},
				ExpiresAfter: 24 * time.Hour, ExecuteWithin: 24 * time.Hour, MaxTargets: 10000, RequireReason: true,
				Protect: policy.Protect{Admins: "list"}, Verify: "log", Inspect: "few", PauseAfter: 10, StepUp: "off",
			},
			OnErrors: OnErrors{PauseAfter: 10},
			Notify:   Notify{Max: 200}, Backup: Backup{Every: 24 * time.Hour, Keep: 7}, Retain: 400 * 24 * time.Hour,
		},
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(sameSecret)); d != "" {
		t.Errorf("Load (-want +got):\n%s", d)
	}
}

func sameSecret(a, b Secret) bool { return a.Reveal() == b.Reveal() }

// documented is the policy as the documentation shows it, every key at its default.
const documented = `
channels: [C0123456]
requesters: {users: [], usergroups: [], okta_groups: []}
approvers:  {users: [U0123456], usergroups: [], okta_groups: []}
approvals: 1
approvals_from: []
large_batch: {over: 100, approvals: 2, confirm: true}
expires_after: 24h
execute_within: 24h
max_targets: 10000
require_reason: true
reason_pattern: ""
protect: {admins: list, users: [], okta_groups: [], approvers: []}
verify: log
inspect: few
on_errors: {pause_after: 10}
velocity: {per_requester_per_day: 0, org_per_hour: 0}
ramp: []
okta: {reserve: 20, concurrency: 8, settle_after: 10s, log_lag: 2m}
revoke_sessions: false
forget_phones: false
dry_run: false
notify: {users: false, max: 200}
step_up: off
alerts: {channel: "", webhook: ""}
backup: {dir: "", every: 24h, keep: 7}
retain: 400d
`

func TestLoad_documentedDefaultsAreTheDefaults(t *testing.T) {
	written, err := load(t, nil, documented)
	if err != nil {
		t.Fatal(err)
	}
	unwritten, err := load(t, nil, "channels: [C0123456]\napprovers: {users: [U0123456]}\n")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(unwritten, written, cmpopts.EquateEmpty(), cmp.Comparer(sameSecret)); d != "" {
		t.Errorf("the file with every default differs from the one without (-without +with):\n%s", d)
	}
}

func TestLoad_precedence(t *testing.T) {
	for name, c := range map[string]struct {
		over   map[string]string
		policy string
		args   []string
		got    func(*Config) any
		want   any
	}{
		"file over default":        {policy: "max_targets: 5\n", got: func(c *Config) any { return c.Policy.MaxTargets }, want: 5},
		"zero in the file counts":  {policy: "large_batch: {over: 0}\n", got: func(c *Config) any { return c.Policy.LargeBatch }, want: policy.LargeBatch{Over: 0, Approvals: 2, Confirm: true}},
		"false in the file counts": {policy: "require_reason: false\n", got: func(c *Config) any { return c.Policy.RequireReason }, want: false},
		"an alias":                 {policy: "execute_within: &long 2d\nexpires_after: *long\n", got: func(c *Config) any { return c.Policy.ExpiresAfter }, want: 48 * time.Hour},
		"flag over file":           {policy: "http_addr: 127.0.0.1:1\n", args: []string{"--http-addr=127.0.0.1:2"}, got: func(c *Config) any { return c.HTTPAddr }, want: "127.0.0.1:2"},
		"file in days":             {policy: "expires_after: 1d12h\n", got: func(c *Config) any { return c.Policy.ExpiresAfter }, want: 36 * time.Hour},
		"fraction of an hour":      {policy: "expires_after: 1.5h\n", got: func(c *Config) any { return c.Policy.ExpiresAfter }, want: 90 * time.Minute},
		"pace":                     {policy: "okta: {reserve: 0, log_lag: 100ms}\n", got: func(c *Config) any { return c.Okta.Reserve + int(c.Okta.LogLag/time.Millisecond) }, want: 100},
		"environment over default": {over: map[string]string{"FACTORBOT_DB": "a.db"}, got: func(c *Config) any { return c.DB }, want: "a.db"},
		"environment over file":    {over: map[string]string{"FACTORBOT_DB": "a.db"}, policy: "db: f.db\n", got: func(c *Config) any { return c.DB }, want: "a.db"},
		"flag over environment":    {over: map[string]string{"FACTORBOT_DB": "a.db"}, args: []string{"--db=b.db"}, got: func(c *Config) any { return c.DB }, want: "b.db"},
		"flag is given its default": {
			over: map[string]string{"FACTORBOT_DB": "a.db"}, args: []string{"--db=factorbot.db"},
			got: func(c *Config) any { return c.DB }, want: "factorbot.db",
		},
		"slash is added":         {over: map[string]string{"SLACK_API_URL": "http://127.0.0.1:8025/api"}, got: func(c *Config) any { return c.Slack.APIURL }, want: "http://127.0.0.1:8025/api/"},
		"slash is taken away":    {over: map[string]string{"OKTA_ORG_URL": "http://[::1]:8025/"}, got: func(c *Config) any { return c.Okta.OrgURL }, want: "http://[::1]:8025"},
		"host in lower case":     {over: map[string]string{"OKTA_ORG_URL": "https://Example.Okta.com"}, got: func(c *Config) any { return c.Okta.OrgURL }, want: "https://example.okta.com"},
		"blanks around a value":  {over: map[string]string{"OKTA_API_TOKEN": " " + canary + "\n"}, got: func(c *Config) any { return c.Okta.APIToken.Reveal() }, want: canary},
		"port chosen by the OS":  {over: map[string]string{"FACTORBOT_HTTP_ADDR": "127.0.0.1:0"}, got: func(c *Config) any { return c.HTTPAddr }, want: "127.0.0.1:0"},
		"protected by ID, login": {policy: "protect: {users: [00u1a2b3c4d5e6f7g8h9, ceo@example.com]}\n", got: func(c *Config) any { return len(c.Policy.Protect.Users) }, want: 2},
		"what a reset implies": {
			policy: "revoke_sessions: true\nforget_phones: true\n",
			got:    func(c *Config) any { r := c.Policy.Rules; return []bool{r.RevokeSessions, r.ForgetPhones, r.DryRun} }, want: []bool{true, true, false},
		},
		"whose failures pause, who is told": {
			policy: "on_errors: {pause_after: 3}\nnotify: {users: true}\n",
			got:    func(c *Config) any { r := c.Policy.Rules; return []any{r.PauseAfter, r.TellUsers} }, want: []any{3, true},
		},
		"what a reason matches": {policy: "reason_pattern: '^INC-[0-9]+'\n", got: func(c *Config) any { return c.Policy.ReasonPattern.String() }, want: "^INC-[0-9]+"},
		"each is asked for": {
			policy: "protect: {admins: each}\nverify: each\ninspect: each\n",
			got:    func(c *Config) any { r := c.Policy.Rules; return r.Protect.Admins + r.Verify + r.Inspect }, want: "eacheacheach",
		},
		"words that are booleans elsewhere": {
			policy: "protect: {admins: off}\nverify: off\n", got: func(c *Config) any { return c.Policy.Protect.Admins + c.Policy.Verify }, want: "offoff",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := load(t, c.over, goodPolicy+c.policy, c.args...)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.got(cfg); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestLoad_fileFlagAndVariable(t *testing.T) {
	path := mustWrite(t, "other.yaml", goodPolicy+"max_targets: 3\n")
	for _, args := range [][]string{{"--config", path}, {"--config=" + path}} {
		c, err := load(t, map[string]string{"FACTORBOT_CONFIG": "/no/such/file"}, "", args...)
		if err != nil {
			t.Fatal(err)
		}
		if c.Policy.MaxTargets != 3 {
			t.Errorf("%v: max_targets %d, want the file's 3", args, c.Policy.MaxTargets)
		}
	}
}

func TestLoad_secretsFromFiles(t *testing.T) {
	c, err := load(t, map[string]string{
		"SLACK_APP_TOKEN": "", "SLACK_APP_TOKEN_FILE": mustWrite(t, "app", "xapp-file\n"),
		"SLACK_BOT_TOKEN": "", "SLACK_BOT_TOKEN_FILE": mustWrite(t, "bot", "xoxb-file\r\n"),
		"OKTA_API_TOKEN": "", "OKTA_API_TOKEN_FILE": mustWrite(t, "okta", "  token-file"),
		"FACTORBOT_WEBHOOK_SECRET_FILE": mustWrite(t, "hook", "hook-file"),
	}, goodPolicy)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Slack.AppToken.Reveal(), c.Slack.BotToken.Reveal(), c.Okta.APIToken.Reveal(), c.WebhookSecret.Reveal()}
	if want := []string{"xapp-file", "xoxb-file", "token-file", "hook-file"}; !slices.Equal(got, want) {
		t.Errorf("secrets %q, want %q", got, want)
	}
}

func TestLoad_privateKey(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)}))
	der, err := x509.MarshalPKCS8PrivateKey(rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8 := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	app := func(key string) map[string]string {
		return map[string]string{"OKTA_API_TOKEN": "", "OKTA_CLIENT_ID": "0oa1", "OKTA_PRIVATE_KEY": key, "OKTA_PRIVATE_KEY_ID": "kid"}
	}
	for name, key := range map[string]string{"pkcs1": pkcs1, "pkcs8": pkcs8, "one line": strings.ReplaceAll(pkcs8, "\n", `\n`)} {
		c, err := load(t, app(key), goodPolicy)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if block, _ := pem.Decode([]byte(c.Okta.PrivateKey.Reveal())); block == nil || c.Okta.PrivateKeyID != "kid" {
			t.Errorf("%s: the key did not arrive whole", name)
		}
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edDER, err := x509.MarshalPKCS8PrivateKey(edKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]string{
		"no PEM":   canary,
		"no key":   string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte(canary)})),
		"not RSA":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: edDER})),
		"cut off":  pkcs1[:200],
		"password": "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + canary + "\n-----END ENCRYPTED PRIVATE KEY-----",
	} {
		_, err := load(t, app(key), goodPolicy)
		assertSetting(t, err, "OKTA_PRIVATE_KEY", "must be")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// assertSetting checks which setting an error names and a part of what it says.
func assertSetting(tb testing.TB, err error, name, problem string) {
	tb.Helper()
	var setting *cli.SettingError
	if !errors.As(err, &setting) {
		tb.Errorf("error %v, want one about %s", err, name)
		return
	}
	if setting.Name != name || !strings.Contains(setting.Problem, problem) {
		tb.Errorf("error %q, want one about %q that says %q", err, name, problem)
	}
	assertHarmless(tb, err)
}

func TestLoad_help(t *testing.T) {
	var out bytes.Buffer
	if _, err := Load([]string{"--help"}, nil, &out); !errors.Is(err, pflag.ErrHelp) {
		t.Errorf("error %v, want pflag.ErrHelp", err)
	}
	for _, v := range Variables() {
		if !strings.Contains(out.String(), v.Name) {
			t.Errorf("the help does not tell of %s", v.Name)
		}
	}
	for key := range leaves("", reflect.TypeFor[Config]()) {
		if last := key[strings.LastIndex(key, ".")+1:]; settingName(key) == key && !strings.Contains(out.String(), last+":") {
			t.Errorf("the help does not tell of %s", key)
		}
	}
	for _, text := range []string{"default factorbot.db", "expires_after: 24h", "retain: 400d", "NAME_FILE", "--config", "--http-addr"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("the help does not say %s", text)
		}
	}
}

// leaves yields the key of every value in a Config.
func leaves(prefix string, typ reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for name, field := range fields(reflect.New(typ).Elem()) {
		key := strings.TrimPrefix(prefix+"."+name, ".")
		if field.Kind() == reflect.Struct && field.Type() != reflect.TypeFor[Secret]() {
			maps.Copy(all, leaves(key, field.Type()))
			continue
		}
		all[key] = field.Type()
	}
	return all
}

// The file with the defaults is what the program starts from and what its help shows.
func TestDefault_fileNamesEveryKey(t *testing.T) {
	r := newPolicyReader(&Config{})
	r.read(defaultPolicy)
	if err := r.problems.err(); err != nil {
		t.Error(err)
	}
	known := leaves("", reflect.TypeFor[Config]())
	for key, typ := range known {
		if _, told := r.problems.lines[key]; !told && settingName(key) == key {
			t.Errorf("defaults.yaml does not tell of %s, a %v", key, typ)
		}
	}
	for _, v := range Variables() {
		if typ, ok := known[v.Key]; !ok || (typ == reflect.TypeFor[Secret]()) != v.secret {
			t.Errorf("%s: key %s is of type %v, secret %t", v.Name, v.Key, typ, v.secret)
		}
		c := Default()
		before := *c
		if v.set(c, "something else"); cmp.Equal(before, *c, cmp.Comparer(sameSecret)) {
			t.Errorf("%s sets nothing", v.Name)
		}
		if v.Default != "" {
			if v.set(c, v.Default); !cmp.Equal(before, *c, cmp.Comparer(sameSecret)) {
				t.Errorf("%s has another default than %s", v.Name, v.Default)
			}
		}
	}
}

// Whoever has made several mistakes is told of all of them at once, each with its line.
func TestLoad_tellsOfEveryMistake(t *testing.T) {
	_, err := load(t, only("SLACK_BOT_TOKEN", "xoxp-1"), "channels: [general]\napprovers:\n  users:\n    - U_APPROVER1\n    - ana\napprovalls: 2\nmax_targets: many\nverify: maybe\nokta: {reserve: 99}\n")
	if err == nil {
		t.Fatal("nothing was refused")
	}
	got := strings.Split(err.Error(), "\n")
	want := []string{
		"approvalls: is not a key of the policy file; did you mean approvals? (line 6)",
		"max_targets: must be a whole number (line 7)",
		"SLACK_BOT_TOKEN: must start with xoxb-: it is the bot token from the app's OAuth & Permissions",
		"channels: entry 1 is not a channel ID such as C0123456 (line 1)",
		"approvers.users: entry 2 is not a Slack user ID such as U0123456 (line 5)",
		"verify: must be one of log, each, off (line 8)",
		"okta.reserve: must be a percentage from 0 to 90 (line 9)",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("mistakes (-want +got):\n%s", d)
	}
}
