package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"factorbot/cmd/internal/webhook"
)

const hookKey = "0123456789abcdef-hook-key"

// delivery is what a receiver got in one try.
type delivery struct {
	id   string
	body map[string]any
}

// receiver is what alerts.webhook names: it verifies as the page tells to.
type receiver struct {
	*httptest.Server
	tb testing.TB

	mu     sync.Mutex
	down   bool
	tries  []delivery // all, those refused too
	taken  []delivery
	change chan struct{}
}

func mustReceive(tb testing.TB) *receiver {
	tb.Helper()
	r := &receiver{tb: tb, change: make(chan struct{}, 1)}
	r.Server = httptest.NewServer(r)
	tb.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	at := req.Header.Get("X-Factorbot-Request-Timestamp")
	mac := hmac.New(sha256.New, []byte(hookKey))
	fmt.Fprintf(mac, "v0:%s:%s", at, body)
	if want := "v0=" + hex.EncodeToString(mac.Sum(nil)); err != nil || req.Header.Get("X-Factorbot-Signature") != want || req.Method != http.MethodPost {
		r.tb.Errorf("a delivery with a wrong signature: %v", err)
	}
	d := delivery{id: req.Header.Get("X-Factorbot-Delivery")}
	if err := json.Unmarshal(body, &d.body); err != nil || d.body["delivery"] != d.id {
		r.tb.Errorf("delivery %q: %v\n%s", d.id, err, body)
	}
	r.mu.Lock()
	r.tries = append(r.tries, d)
	if r.down {
		w.WriteHeader(http.StatusBadGateway)
	} else {
		r.taken = append(r.taken, d)
	}
	r.mu.Unlock()
	select {
	case r.change <- struct{}{}:
	default:
	}
}

func (r *receiver) set(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

// await waits until what came is enough; get picks the tries or what was taken.
func (r *receiver) await(what string, get func() []delivery, enough func([]delivery) bool) []delivery {
	r.tb.Helper()
	ctx, cancel := context.WithTimeout(r.tb.Context(), patience)
	defer cancel()
	for {
		r.mu.Lock()
		have := append([]delivery(nil), get()...)
		r.mu.Unlock()
		if enough(have) {
			return have
		}
		select {
		case <-r.change:
		case <-ctx.Done():
			r.tb.Fatalf("%s did not come: %v", what, have)
		}
	}
}

func (r *receiver) awaitEvents(events ...string) []delivery {
	r.tb.Helper()
	all := r.await(strings.Join(events, ", "), func() []delivery { return r.taken }, func(l []delivery) bool { return len(l) >= len(events) })
	for i, want := range events {
		if all[i].body["event"] != want {
			r.tb.Errorf("delivery %d is %v, want %s", i, all[i].body["event"], want)
		}
	}
	return all
}

// The resets are announced before the first of them leaves, the word of an
// affected user comes, and the counts after the run.
func TestWebhook(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000", "--no-bot")
	hook := mustReceive(t)
	var before int // resets that Okta had made when the announcement came
	inner := hook.Config.Handler
	hook.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.Contains(req.Header.Get("X-Factorbot-Delivery"), ".expected-") {
			before += s.reset()
		}
		inner.ServeHTTP(w, req)
	})
	config := mustConfig(t, "notify: {users: true}\nalerts: {webhook: '"+hook.URL+"/in?key=canary-query'}\n")
	logs, stop := s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), config, "FACTORBOT_WEBHOOK_SECRET="+hookKey)
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.awaitResults(1)
	s.pressDirect("U_ANA", s.awaitDirect("U_ANA", "That wasn't me"), "not_me")
	all := hook.awaitEvents("expected", "ended", "not_me")
	stop()
	if before != 0 {
		t.Error("resets were made before they were announced")
	}
	first := all[0].body
	who, _ := first["approvers"].([]any)
	if first["request"] != "FR-1" || first["users"] != 1.0 || first["reason"] != "lost phone" || len(fmt.Sprint(first["plan_digest"])) != 64 ||
		len(who) != 1 || who[0].(map[string]any)["slack"] != "U_APPROVER1" || first["requester"].(map[string]any)["slack"] != "U_REQUESTER" || first["expected"] == nil {
		t.Errorf("announced: %v", first)
	}
	if c, _ := all[1].body["counts"].(map[string]any); c["reset"] != 1.0 || c["failed"] != 0.0 || all[1].body["state"] != "done" {
		t.Errorf("the end: %v", all[1].body)
	}
	if all[2].body["report"].(map[string]any)["slack"] != "U_ANA" {
		t.Errorf("the report: %v", all[2].body)
	}
	for _, secret := range []string{hookKey, "canary-query", hook.URL} {
		if strings.Contains(logs.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// A receiver that is down holds up a start only for so long, and gets everything
// later, in order, with the IDs of the first tries, although the program was restarted.
func TestWebhook_dead_receiver_and_restart(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000", "--no-bot")
	hook := mustReceive(t)
	hook.set(true)
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "alerts: {webhook: '"+hook.URL+"'}\n")
	logs, stop := s.mustRun(db, config, "FACTORBOT_WEBHOOK_SECRET="+hookKey)
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.awaitResults(1)
	if !strings.Contains(logs.String(), "before it could be announced") {
		t.Error("the log does not tell that the announcement was not waited for")
	}
	stop()
	hook.mu.Lock()
	first := hook.tries[0].id
	hook.mu.Unlock()
	hook.set(false)
	_, stop = s.mustRun(db, config, "FACTORBOT_WEBHOOK_SECRET="+hookKey)
	all := hook.awaitEvents("expected", "ended")
	stop()
	if all[0].id != first || all[1].id == first || len(all) != 2 {
		t.Errorf("delivered %v, first tried %s", all, first)
	}
	s.mustRun(db, config, "FACTORBOT_WEBHOOK_SECRET="+hookKey)
	other := ""
	for _, u := range s.okta().Okta.Users {
		if u.Status == "ACTIVE" && len(u.Roles) == 0 && len(u.Factors) > 0 && !isCast(u.Login) {
			other = u.Login
		}
	}
	s.command("U_REQUESTER", "/factor-reset "+other+" because lost phone")
	s.click("U_APPROVER1", s.awaitPending(2), "approve")
	if all := hook.awaitEvents("expected", "ended", "expected"); all[2].body["request"] != "FR-2" {
		t.Errorf("what was delivered is delivered again: %v", all)
	}
}

// The delivery that the page shows has the fields that deliveries have, and its signature is the recipe's.
func TestHelp_webhook(t *testing.T) {
	text := mustPage(t, "webhook")
	shown := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(text)
	if shown == nil {
		t.Fatal("help webhook shows no delivery")
	}
	d := json.NewDecoder(strings.NewReader(shown[1]))
	d.DisallowUnknownFields()
	var b webhook.Body
	if err := d.Decode(&b); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(shown[1])); err != nil || compact.String() != string(again) {
		t.Errorf("help webhook shows (%v)\n%s\nthat is written as\n%s", err, &compact, again)
	}
	for _, named := range []string{webhook.TimestampHeader, webhook.SignatureHeader, webhook.DeliveryHeader, webhook.BreakGlass, webhook.Expected, webhook.NotMe, webhook.Ended, webhook.HeraldTime.String()[:2] + " seconds"} {
		if !strings.Contains(text, named) {
			t.Errorf("help webhook does not tell of %s", named)
		}
	}
}
