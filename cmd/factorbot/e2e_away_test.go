package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// gate stands between the bot and Okta, and shuts in one of several ways.
type gate struct {
	tb    testing.TB
	addr  string
	proxy *httputil.ReverseProxy

	mu       sync.Mutex
	server   *http.Server
	how      string        // "": open
	opened   chan struct{} // closed when it opens again
	inFlight int           // calls that Okta has
}

// awayKinds are the ways in which Okta is away.
func awayKinds() []string { return []string{"refused", "503", "401", "hanging"} }

func mustGate(tb testing.TB, okta string) *gate {
	tb.Helper()
	to, err := url.Parse(okta)
	if err != nil {
		tb.Fatal(err)
	}
	g := &gate{tb: tb, addr: "127.0.0.1:0", opened: make(chan struct{})}
	g.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host // and the Host header stays: Okta's links lead through here
			// What Okta has it carries out, though nobody waits for the answer any more: it counts as in flight until then.
			r.Out = r.Out.WithContext(context.WithoutCancel(r.Out.Context()))
		},
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	g.listen()
	tb.Cleanup(func() { g.shut("refused") })
	return g
}

func (g *gate) listen() {
	l, err := net.Listen("tcp", g.addr)
	if err != nil {
		g.tb.Error(err)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.addr, g.server = l.Addr().String(), &http.Server{Handler: g}
	server := g.server
	go func() { _ = server.Serve(l) }() // until it is closed
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	how, opened := g.how, g.opened
	if how == "" {
		g.inFlight++
	}
	g.mu.Unlock()
	answer := func(status int, body string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
	switch how {
	case "":
		defer func() { // also where the answer finds nobody
			g.mu.Lock()
			defer g.mu.Unlock()
			g.inFlight--
		}()
		g.proxy.ServeHTTP(w, r)
	case "503":
		answer(http.StatusServiceUnavailable, `{"errorCode":"E0000010","errorSummary":"Service is in read only mode","errorId":"x","errorCauses":[]}`)
	case "401":
		answer(http.StatusUnauthorized, `{"errorCode":"E0000011","errorSummary":"Invalid token provided","errorId":"x","errorCauses":[]}`)
	default:
		select {
		case <-opened:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler) // the connection breaks
	}
}

// shut takes Okta away, open brings it back.
func (g *gate) shut(how string) {
	g.mu.Lock()
	if g.how == "" {
		g.opened = make(chan struct{})
	}
	g.how = how
	server := g.server
	g.mu.Unlock()
	if how == "refused" && server != nil {
		_ = server.Close()
	}
}

func (g *gate) open() {
	g.mu.Lock()
	refused := g.how == "refused"
	g.how = ""
	close(g.opened)
	g.mu.Unlock()
	if refused {
		g.listen()
	}
}

// idle reports whether Okta has no call of ours.
func (g *gate) idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inFlight == 0
}

// While Okta is away, under the default policy, people stop what runs and what
// waits, and see what there is; what would start something says that Okta is away.
// Nobody is reset, and when Okta is back everything goes on.
func TestOkta_is_away(t *testing.T) {
	t.Parallel() // it waits for most of its time
	for _, how := range awayKinds() {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			newAwayWalk(t).walk(how)
		})
	}
}

// awayWalk is a bot whose Okta goes away, and what people do meanwhile.
type awayWalk struct {
	*failingJob
	gate  *gate
	names []string // users that nobody has asked for yet
}

func newAwayWalk(t *testing.T) *awayWalk {
	s := mustSandbox(t, "--no-bot", "--users", "120", "--rate-limit", "6000", "--latency", "5ms")
	s.patient("10s")
	w := &awayWalk{gate: mustGate(t, s.url)}
	w.failingJob = &failingJob{sandboxRun: s, db: filepath.Join(t.TempDir(), "factorbot.db"), acts: map[string]int{}, carried: regexp.MustCompile(`^$`)}
	s.mustRun(w.db, mustConfig(t, "large_batch: {over: 1000}\nokta: {settle_after: 1s, log_lag: 5s, concurrency: 2}\nnotify: {users: true}\n"), "OKTA_ORG_URL=http://"+w.gate.addr)
	for _, u := range s.okta().Okta.Users {
		if u.Status == "ACTIVE" && len(u.Roles) == 0 && len(u.Factors) > 0 && !isCast(u.Login) {
			w.names = append(w.names, u.Login)
		}
	}
	return w
}

// ask asks for the next n users and waits for the n-th request to be pending.
func (w *awayWalk) ask(request, users int) message {
	w.tb.Helper()
	w.command("U_REQUESTER", "/factor-reset "+strings.Join(w.names[:users], " ")+" because lost phones")
	w.names = w.names[users:]
	return w.awaitPending(request)
}

// is waits for a request to be in one of the states.
func (w *awayWalk) is(id string, states ...string) {
	w.tb.Helper()
	w.within(fmt.Sprintf("%s to be %q, while Okta is %q", id, states, w.gate.how), patience, func() bool { return slices.Contains(states, w.stateOf(id)) })
}

// answers waits until a person was told privately as often as said what the pattern says.
func (w *awayWalk) answers(user string, times int, pattern string) {
	w.tb.Helper()
	words := regexp.MustCompile(pattern)
	w.within(fmt.Sprintf("%s to be told %d times %s, while Okta is %q; told was %q", user, times, pattern, w.gate.how, w.whispers(user)), patience, func() bool {
		n := 0
		for _, said := range w.whispers(user) {
			if words.MatchString(said) {
				n++
			}
		}
		return n >= times
	})
}

// whispers are what a person was told privately.
func (w *awayWalk) whispers(user string) (all []string) {
	for _, m := range w.messages(user) {
		if m.Ephemeral {
			all = append(all, m.Text)
		}
	}
	for _, m := range w.direct(user) {
		if m.Ephemeral {
			all = append(all, m.Text)
		}
	}
	return all
}

// withButton returns a message with a button whose value begins so, an empty one if
// there is none.
func (w *awayWalk) withButton(action, value string) message {
	for _, m := range w.messages("") {
		if strings.HasPrefix(m.value(action), value) {
			return m
		}
	}
	return message{}
}

// pressHome uses a home tab's button whose value begins so.
func (w *awayWalk) pressHome(user string, home map[string]any, action, value string) map[string]any {
	w.tb.Helper()
	whole := valueIn(home, action, value)
	if whole == "" {
		w.tb.Errorf("the home tab of %s has no %s for %s", user, action, value)
	}
	return w.post("/sandbox/action", map[string]any{"user": user, "view_id": home["id"], "action_id": action, "value": whole})
}

// valueIn is the value of a button of the action that begins so, "" if there is none.
func valueIn(v any, action, begins string) string {
	switch v := v.(type) {
	case map[string]any:
		if value, _ := v["value"].(string); v["action_id"] == action && strings.HasPrefix(value, begins) {
			return value
		}
		for _, inner := range v {
			if found := valueIn(inner, action, begins); found != "" {
				return found
			}
		}
	case []any:
		for _, inner := range v {
			if found := valueIn(inner, action, begins); found != "" {
				return found
			}
		}
	}
	return ""
}

func (w *awayWalk) walk(how string) {
	w.tb.Helper()
	w.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	w.click("U_APPROVER1", w.awaitPending(1), "approve")
	w.awaitResults(1)
	told := w.awaitDirect("U_ANA", "That wasn't me")
	w.set(map[string]any{"forbidden": []string{"POST /api/v1/users/{id}/lifecycle/reset_factors"}})
	failed := w.ask(2, 1)
	w.click("U_APPROVER1", failed, "approve")
	w.awaitResults(2)
	w.set(map[string]any{"forbidden": nil})
	result := w.awaitMessage("the button to try again", func(m message) bool { return m.has("retry_failed") })
	toDeny, _, toApprove, toCancel := w.ask(3, 1), w.ask(4, 1), w.ask(5, 1), w.ask(6, 1)
	w.ask(7, 1) // to be cancelled from the home tab
	w.upload("U_REQUESTER", "", "list.csv", []byte("email\n"+w.names[0]+"\n"))
	noReason := w.whisper("U_REQUESTER", "add_reason")
	w.upload("U_REQUESTER", "lost phones", "columns.csv", []byte("Manager Email,User Email\napprover1@example.com,"+w.names[1]+"\napprover1@example.com,"+w.names[2]+"\n"))
	columns := w.whisper("U_REQUESTER", "choose_column")
	w.names = w.names[3:]
	paused := w.ask(8, 12)
	w.set(map[string]any{"latency": "500ms"})
	w.click("U_APPROVER1", paused, "approve")
	w.await("some resets", func() bool { return w.reset() > 2 })
	w.command("U_APPROVER1", "/factor-reset pause FR-8")
	w.is("FR-8", "paused")
	w.set(map[string]any{"latency": "5ms"})
	running := w.ask(9, 24)
	w.set(map[string]any{"latency": "500ms"})
	w.click("U_APPROVER1", running, "approve")
	before := w.reset()
	w.await("more resets", func() bool { return w.reset() > before })

	w.gate.shut(how)
	w.within("the calls in flight to end", patience, w.gate.idle)
	resets := w.reset()
	w.set(map[string]any{"latency": "5ms"})
	var asking sync.WaitGroup
	for _, a := range []struct{ user, text string }{
		{"U_REQUESTER", "enrolled FR-1"},
		{"U_REQUESTER", "retry FR-2"},
		{"U_REQUESTER", "break-glass " + w.names[2] + " because lost phone"},
		{"U_APPROVER1", "resume FR-8"},
		{"U_REQUESTER", w.names[0] + " because lost phone"},
		{"U_REQUESTER", "dry-run " + w.names[1] + " because lost phone"},
		{"U_APPROVER2", `export search:status eq "ACTIVE" because review`},
	} {
		asking.Go(func() { w.command(a.user, "/factor-reset "+a.text) })
	}
	asking.Go(func() { w.click("U_APPROVER2", toApprove, "approve") })
	asking.Go(func() { w.click("U_REQUESTER", result, "retry_failed") })
	asking.Go(func() { w.choose("U_REQUESTER", columns, "choose_column", "2") })
	asking.Go(func() {
		if m := w.withButton("resume", "FR-8:"); m.TS != "" {
			w.click("U_APPROVER2", m, "resume")
		}
	})

	// What stops and what shows does not wait for any of that.
	stop := w.awaitMessage("the button to pause FR-9", func(m message) bool {
		// A refused token is one reason for the bot to pause by itself, calls that fail in a row are another,
		// perhaps before anybody else does.
		itself := how == "401" || strings.Contains(m.all(), "calls to Okta in a row failed")
		return strings.HasPrefix(m.value("pause"), "FR-9:") || itself && strings.HasPrefix(m.value("resume"), "FR-9:")
	})
	if stop.value("pause") != "" {
		w.click("U_APPROVER1", stop, "pause")
	}
	w.is("FR-9", "paused")
	w.command("U_APPROVER1", "/factor-reset pause FR-9 because of a call")
	w.command("U_REQUESTER", "/factor-reset cancel FR-4 because it is not needed")
	w.is("FR-4", "cancelled")
	var form map[string]any
	w.within("the form to deny, while Okta is "+how, patience, func() bool {
		form, _ = w.click("U_APPROVER1", toDeny, "deny")["view"].(map[string]any)
		return form != nil
	})
	w.submit("U_APPROVER1", form, answers{"reason": "not today"})
	w.is("FR-3", "denied")
	if toCancel.has("cancel") {
		w.click("U_REQUESTER", toCancel, "cancel")
	} else {
		w.post("/sandbox/action", map[string]any{"user": "U_REQUESTER", "channel": "C_FACTORS", "message_ts": toCancel.TS, "action_id": "more", "value": "cancel:FR-6:-"})
	}
	w.is("FR-6", "cancelled")
	mine := w.openHome("U_REQUESTER")
	for action, words := range map[string]string{"new_request": "C_FACTORS", "new_export": ""} {
		w.within("the form of "+action+", while Okta is "+how, patience, func() bool {
			view, _ := w.press("U_REQUESTER", mine, action)["view"].(map[string]any)
			return view != nil && strings.Contains(text(view), words)
		})
	}
	w.pressHome("U_REQUESTER", mine, "cancel", "FR-7:")
	w.is("FR-7", "cancelled")
	theirs := w.openHome("U_APPROVER1")
	for _, action := range []string{"review", "deny"} {
		w.within("to "+action+" from the home tab, while Okta is "+how, patience, func() bool {
			view, _ := w.pressHome("U_APPROVER1", theirs, action, "FR-5:")["view"].(map[string]any)
			return view != nil
		})
	}
	w.within("the form for a reason, while Okta is "+how, patience, func() bool {
		form, _ = w.click("U_REQUESTER", noReason, "add_reason")["view"].(map[string]any)
		return form != nil
	})
	opened := len(w.requests())
	w.submit("U_REQUESTER", form, answers{"reason": "lost phone"})
	w.within("the file with a reason to be asked for, or word of Okta, while Okta is "+how, patience, func() bool {
		return len(w.requests()) > opened || slices.ContainsFunc(w.whispers("U_REQUESTER"), func(said string) bool { return strings.Contains(said, "Okta") })
	})
	w.pressDirect("U_ANA", told, "not_me")
	w.awaitMessage("word of the report, while Okta is "+how, func(m message) bool {
		return !m.Ephemeral && strings.Contains(m.all(), ":rotating_light:") && strings.Contains(m.all(), "<@U_ANA>") && strings.Contains(m.all(), "FR-1")
	})
	for _, a := range []struct{ user, text, want string }{
		{"U_REQUESTER", "help", "whoami"},
		{"U_REQUESTER", "whoami", "You are <@U_REQUESTER>"},
		{"U_APPROVER1", "whoami", "You are <@U_APPROVER1>"},
		{"U_REQUESTER", "status", "FR-5"},
		{"U_APPROVER1", "status FR-9", "paused"},
		{"U_REQUESTER", "history", "FR-1"},
		{"U_APPROVER2", "receipt FR-1", "Plan digest"},
	} {
		w.command(a.user, "/factor-reset "+a.text)
		w.answers(a.user, 1, "(?s)"+regexp.QuoteMeta(a.want))
	}
	w.within("the review, while Okta is "+how, patience, func() bool {
		view, _ := w.click("U_APPROVER1", toApprove, "review")["view"].(map[string]any)
		return view != nil
	})
	if view := w.openHome("U_APPROVER1"); !strings.Contains(text(view), "FR-5") {
		w.tb.Errorf("while Okta is %s the home tab shows %.300s", how, text(view))
	}

	// What asks for resets takes Slack alone, for it starts nothing: it is planned when
	// Okta is back, and its approval takes both services.
	whole := w.wholeForm("U_REQUESTER") // by more_options
	w.submit("U_REQUESTER", whole, answers{"list": strings.Join(w.names[3:6], "\n"), "reason": "lost phones"})

	asking.Wait()
	w.answers("U_REQUESTER", 1, `^FR-\d+: planning 3 users\.`)                  // the form
	w.answers("U_REQUESTER", 1, `^FR-\d+: planning 2 users\.`)                  // choose_column
	w.answers("U_REQUESTER", 1, `Protected users can't be included here`)       // break-glass: the policy knows nobody to approve it
	w.answers("U_REQUESTER", 1, "^:no_entry: Okta isn't answering, so nothing") // enrolled
	w.within("the command and the button to retry FR-2 to open one request, while Okta is "+how, patience, func() bool {
		told, meanwhile := map[string]int{}, 0
		for _, said := range w.whispers("U_REQUESTER") {
			if id, _, opened := strings.Cut(said, ": planning 1 user."); opened {
				told[id]++
				if len(id) > len("FR-9") {
					meanwhile++
				}
			}
		}
		// A refused token ends a plan at once: the later of both then opens one of its own,
		// beside the one for a name.
		return slices.Contains(slices.Collect(maps.Values(told)), 2) || how == "401" && meanwhile >= 3
	})
	w.answers("U_APPROVER1", 1, "^:no_entry: Okta isn't answering, so nothing") // resume
	w.answers("U_APPROVER2", 1, "^:no_entry: Okta isn't answering, so nothing") // approve
	w.command("U_APPROVER2", "/factor-reset freeze because of a call")
	w.awaitMessage("word of the freeze, while Okta is "+how, func(m message) bool { return !m.Ephemeral && strings.Contains(m.all(), "Everything is frozen") })
	w.command("U_APPROVER1", "/factor-reset thaw")
	w.answers("U_APPROVER1", 2, "^:no_entry: Okta isn't answering, so nothing")
	w.command("U_APPROVER1", "/factor-reset cancel FR-9")
	w.is("FR-9", "stopping", "cancelled")
	for _, user := range []string{"U_REQUESTER", "U_APPROVER1", "U_APPROVER2", "U_ANA"} {
		for _, said := range w.whispers(user) {
			if strings.Contains(said, "Something went wrong") {
				w.tb.Errorf("while Okta is %s, %s was told %s", how, user, said)
			}
		}
	}
	if n := w.reset(); n != resets {
		w.tb.Errorf("%d users were reset while Okta was %s", n-resets, how)
	}
	w.back(how, toApprove)
}

// back brings Okta back: everything goes on where it was.
func (w *awayWalk) back(how string, toApprove message) {
	w.tb.Helper()
	w.gate.open()
	w.within("word of the thaw after Okta was "+how, patience, func() bool {
		for _, user := range []string{"U_APPROVER1", "U_APPROVER2"} { // again where a lookup took too long, as the bot says to
			w.command(user, "/factor-reset thaw")
		}
		return slices.ContainsFunc(w.messages("U_REQUESTER"), func(m message) bool { return strings.Contains(m.all(), "The freeze is lifted") })
	})
	w.command("U_APPROVER1", "/factor-reset resume FR-8")
	w.click("U_APPROVER2", toApprove, "approve")
	var rows [][]string
	for _, n := range []int{1, 5, 8, 9} {
		_, _, more := outcomes(w.tb, w.awaitResults(n))
		rows = append(rows, more...)
		for _, row := range more {
			if n != 9 && row[4] != "reset" {
				w.tb.Errorf("FR-%d, after Okta was %s: %v", n, how, row)
			}
		}
	}
	checkResets(w.tb, w.sandboxRun, rows)
	w.within("the requests that were asked for meanwhile to be planned, after Okta was "+how, patience, func() bool {
		for _, r := range w.requests() {
			if r.State == "planning" {
				return false
			}
		}
		return true
	})
}

// While Okta is away, the button that asks for the number of users opens its form, the
// number is answered with word of Okta, and nothing is approved; once Okta is back the
// same button serves.
func TestConfirm_okta_is_away(t *testing.T) {
	t.Parallel() // it waits for most of its time
	for _, how := range awayKinds() {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := &failingJob{sandboxRun: mustSandbox(t, "--no-bot", "--users", "30", "--rate-limit", "6000", "--latency", "5ms"), db: filepath.Join(t.TempDir(), "factorbot.db")}
			s.patient("10s")
			g := mustGate(t, s.url)
			s.mustRun(s.db, mustConfig(t, "large_batch: {over: 1, approvals: 1}\n"), "OKTA_ORG_URL=http://"+g.addr)
			s.command("U_REQUESTER", "ana@example.com guest@example.com because lost phones")
			pending := s.awaitPending(1)
			s.set(map[string]any{"slack_fail_next": []map[string]any{{"method": "views.open", "kind": "internal", "times": 1}}})
			s.click("U_APPROVER1", pending, "approve")
			ask := s.whisper("U_APPROVER1", "Type the number")
			form := func() (view map[string]any) {
				s.within("the form for the number, while Okta is "+how, patience, func() bool {
					view, _ = s.click("U_APPROVER1", ask, "confirm")["view"].(map[string]any)
					return view != nil
				})
				return view
			}
			g.shut(how)
			s.submit("U_APPROVER1", form(), answers{"users": "2"})
			s.whisper("U_APPROVER1", "Okta isn't answering, so nothing was done")
			if state := s.stateOf("FR-1"); state != "pending" || s.reset() > 0 {
				t.Errorf("while Okta was %s it is %s, %d users were reset", how, state, s.reset())
			}
			g.open()
			s.within("the resets, after Okta was "+how, patience, func() bool {
				if s.stateOf("FR-1") == "pending" { // again where a lookup took too long, as the bot says to
					if view, open := s.click("U_APPROVER1", ask, "confirm")["view"].(map[string]any); open { // else approved meanwhile
						s.submit("U_APPROVER1", view, answers{"users": "2"})
					}
				}
				return s.reset() == 2
			})
		})
	}
}

// While Okta is away, an approval whose number was typed and that takes a confirmation in
// Okta Verify says in its modal that Okta is away, as often as it is tried again; and
// trying again after that sends the push.
func TestStepUp_okta_is_away(t *testing.T) {
	t.Parallel() // it waits for most of its time
	for _, how := range awayKinds() {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			const away = "answering, so nothing was done. Try again in a minute." // the page escapes the apostrophe of "Okta isn't"
			s := mustSandbox(t, "--no-bot", "--users", "30", "--rate-limit", "6000", "--latency", "5ms")
			s.set(map[string]any{"push_answer": "phone"})
			g := mustGate(t, s.url)
			s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "step_up: always\nlarge_batch: {over: 1, approvals: 1}\n"), "OKTA_ORG_URL=http://"+g.addr)
			s.command("U_REQUESTER", "ana@example.com guest@example.com because lost phones")
			form := s.numbered("U_APPROVER1", s.awaitPending(1))
			g.shut(how)
			s.submit("U_APPROVER1", form, answers{"users": "2"})
			s.awaitModal("U_APPROVER1", away)
			s.turn("U_APPROVER1", form, "step_up_again", "again", nil)
			s.awaitModal("U_APPROVER1", away)
			if n := len(s.pushes()); n > 0 || s.reset() > 0 {
				t.Errorf("while Okta was %s: %d pushes, %d users reset", how, n, s.reset())
			}
			g.open()
			s.turn("U_APPROVER1", form, "step_up_again", "again", nil)
			s.tap(s.awaitPush("U_APPROVER1", "approver1@example.com"))
			s.awaitModal("U_APPROVER1", "Confirmed with Okta Verify")
			s.await("the resets", func() bool { return s.reset() == 2 })
		})
	}
}
