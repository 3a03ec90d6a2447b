package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"factorbot/bot/slacksim"
	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/sandbox"
	"factorbot/cmd/internal/setup"
	"factorbot/okta/oktasim"
)

// printed runs the program and returns what it wrote to standard output.
func printed(tb testing.TB, args ...string) []byte {
	tb.Helper()
	var out, errs bytes.Buffer
	if code := run(context.Background(), args, cli.Env{Stdout: &out, Stderr: &errs}); code != 0 {
		tb.Fatalf("factorbot %s: exit code %d: %s", strings.Join(args, " "), code, errs.String())
	}
	return out.Bytes()
}

func TestManifest_fitsSlacksSchema(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	compiler.UseRegexpEngine(withoutLookahead)
	schema, err := compiler.Compile("testdata/slack-manifest.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	fromJSON, err := jsonschema.UnmarshalJSON(bytes.NewReader(printed(t, "manifest", "--json")))
	if err != nil {
		t.Fatal(err)
	}
	var fromYAML any
	if err := yaml.Unmarshal(printed(t, "manifest"), &fromYAML); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(fromJSON); err != nil {
		t.Errorf("%#v", err)
	}
	if d := cmp.Diff(fromJSON, fromYAML); d != "" {
		t.Errorf("the YAML says something else (-json +yaml):\n%s", d)
	}
	fromJSON.(map[string]any)["redirect"] = true
	if schema.Validate(fromJSON) == nil {
		t.Error("the schema takes a key that Slack refuses")
	}
}

// withoutLookahead compiles the schema's patterns; (?! is not Go's, and only
// keeps a domain from beginning with a dot.
func withoutLookahead(pattern string) (jsonschema.Regexp, error) {
	return regexp.Compile(strings.Replace(pattern, `(?![\.\-])`, "", 1))
}

// The scopes are those that the calls in the code need: a new call changes the
// manifest, and so does one that is gone.
func TestManifest_scopesAreThoseOfTheCalls(t *testing.T) {
	want := map[string][]string{"commands": {"the slash command"}, "users:read.email": {"profile.email of users.info"}}
	needed := scopesOfMethods(t)
	for _, method := range methodsInCode(t) {
		for _, scope := range ours(method, needed[method]) {
			want[scope] = append(want[scope], method)
		}
	}
	for _, e := range setup.BotEvents() {
		if scope := scopeOfEvent(e); scope != "" {
			want[scope] = append(want[scope], "event "+e)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !slices.Contains(setup.ScopeNames(), name) {
			t.Errorf("add %s to cmd/internal/setup, scopes.go and deploy/manifest.yaml: it is needed for %s", name, strings.Join(want[name], ", "))
		}
	}
	for _, s := range setup.SlackScopes() {
		if want[s.Name] == nil || s.Why == "" {
			t.Errorf("nothing needs %s (%q)", s.Name, s.Why)
		}
	}
	if !slices.IsSorted(setup.ScopeNames()) {
		t.Error("the scopes are not in order")
	}
}

// The manifest asks for those scopes and events. The home tab is on if the bot publishes
// one, and each event is one that the bot reads.
func TestManifest_saysWhatTheBotHears(t *testing.T) {
	var m struct {
		Features struct {
			AppHome struct {
				HomeTab      bool `yaml:"home_tab_enabled"`
				MessagesRead bool `yaml:"messages_tab_read_only_enabled"`
			} `yaml:"app_home"`
		}
		OAuth struct {
			Scopes struct{ Bot []string }
		} `yaml:"oauth_config"`
		Settings struct {
			Events struct {
				Bot []string `yaml:"bot_events"`
			} `yaml:"event_subscriptions"`
		}
	}
	if err := yaml.Unmarshal(printed(t, "manifest"), &m); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.OAuth.Scopes.Bot, setup.ScopeNames()) || !slices.Equal(m.Settings.Events.Bot, setup.BotEvents()) {
		t.Errorf("the manifest has other scopes or events: %v, %v", m.OAuth.Scopes.Bot, m.Settings.Events.Bot)
	}
	if home := slices.Contains(methodsInCode(t), "views.publish"); home != m.Features.AppHome.HomeTab || home != slices.Contains(setup.BotEvents(), "app_home_opened") {
		t.Errorf("the bot publishes a home tab: %v; the manifest has it on: %v, its event: %v", home, m.Features.AppHome.HomeTab, setup.BotEvents())
	}
	if hears := slices.Contains(setup.BotEvents(), "message.im"); hears == m.Features.AppHome.MessagesRead {
		t.Errorf("the bot hears direct messages: %v; nobody may write them: %v", hears, m.Features.AppHome.MessagesRead)
	}
}

func TestManifest_pageTellsEachScope(t *testing.T) {
	page := mustPage(t, "slack")
	for _, s := range setup.SlackScopes() {
		if !strings.Contains(page, "| `"+s.Name+"` | "+s.Why+" |") {
			t.Errorf("help slack has no line | `%s` | %s |", s.Name, s.Why)
		}
	}
}

// With the manifest's scopes and events and no others, in a public and a
// private channel, Slack refuses nothing for want of a scope.
func TestManifest_sufficesForAJob(t *testing.T) {
	t.Parallel()
	org, err := oktasim.New(oktasim.Options{Users: 8, Given: sandbox.Cast(), Token: sandbox.Token, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(org.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	channels := slacksim.CastChannels()
	for i := range channels {
		channels[i].Private = channels[i].ID == "C_FACTORS"
	}
	work, err := slacksim.New(slacksim.Options{
		URL: "http://" + listener.Addr().String(), Org: sandbox.OrgPane{Org: org}, Channels: channels, Scopes: setup.ScopeNames(), Events: setup.BotEvents(),
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := &httptest.Server{Listener: listener, Config: &http.Server{Handler: sandbox.Handler(org, work, &app.Health{})}}
	srv.Start()
	t.Cleanup(func() { work.Close(); srv.Close() })
	s := &sandboxRun{tb: t, url: "http://" + listener.Addr().String(), logs: &buffer{}}
	s.patient("60s")
	_, stop := s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, ""))
	s.upload("U_REQUESTER", "lost phones", "all.csv", sandbox.SampleRoster(org))
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.awaitResults(1)
	s.upload("U_REQUESTER", "", "again.csv", sandbox.SampleRoster(org))
	s.awaitMessage("the question for a reason", func(m message) bool { return m.has("add_reason") })
	stop()
	books := work.Books()
	for refusal := range books.Refused {
		if strings.Contains(refusal, "missing_scope") {
			t.Error("refused: " + refusal)
		}
	}
	known := append(methodsInCode(t), "files.upload", "files.download") // not methods: where bytes go and come from
	for method, scopes := range books.Scopes {
		for _, scope := range scopes {
			if !slices.Contains(setup.ScopeNames(), scope) {
				t.Errorf("%s used %s", method, scope)
			}
		}
	}
	for method := range books.Calls {
		if !slices.Contains(known, method) {
			t.Errorf("%s was called, and the test of the scopes does not see it in the code", method)
		}
	}
	if len(books.Calls) < 10 {
		t.Errorf("only %v were called: the test shows little", books.Calls)
	}
}

// scopesOfMethods are Slack's own lists of the bot scopes of each method, any of which will do.
func scopesOfMethods(tb testing.TB) map[string][]string {
	tb.Helper()
	raw, err := os.ReadFile("../../bot/slacksim/methods.json")
	if err != nil {
		tb.Fatal(err)
	}
	var file struct {
		Methods map[string]struct {
			Scope struct {
				Bot []string `json:"bot"`
			} `json:"scope"`
		} `json:"methods"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		tb.Fatal(err)
	}
	out := map[string][]string{}
	for name, m := range file.Methods {
		out[name] = m.Scope.Bot
	}
	return out
}

// ours are those of a method's scopes that our conversations ask for: public
// and private channels, and direct messages that the bot opens and finds its own in.
func ours(method string, scopes []string) []string {
	if method == "conversations.open" {
		return []string{"im:write"}
	}
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool {
		direct := strings.HasPrefix(s, "im:") && s != "im:history" && !slices.Contains(setup.BotEvents(), "message.im")
		return direct || strings.HasPrefix(s, "mpim:")
	})
}

// scopeOfEvent is the scope that an event asks for, "" if it asks for none
// (docs.slack.dev, events).
func scopeOfEvent(event string) string {
	switch event {
	case "message.channels":
		return "channels:history"
	case "message.groups":
		return "groups:history"
	case "message.im":
		return "im:history"
	case "user_change":
		return "users:read"
	case "app_home_opened":
		return ""
	}
	return "unknown scope of " + event
}
