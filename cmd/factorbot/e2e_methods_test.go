package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"factorbot/cmd/internal/cli"
)

// kindsEnv is set to "all" to let each method fail in every way; otherwise each
// fails in some of them, one after the other.
const kindsEnv = "FACTORBOT_TEST_KINDS"

// failureKinds are the ways in which a method of Slack fails, as the simulator names them.
func failureKinds() []string { return []string{"5xx", "rate_limited", "internal", "hang", "lost"} }

// carries is what cannot be delivered or done while a method fails, as a regular
// expression of the job's steps and messages. A method that is not listed here
// carries nothing that people wait for: without it all must be delivered.
func carries(method string) *regexp.Regexp {
	asking := `^(pending|approved|paused|resumed|whoami|modal|page) step$`
	what := map[string]string{
		"apps.connections.open":        `step$|home$`, // the test closes the sockets: nothing is heard
		"chat.getPermalink":            `reply$|ask|end$`,
		"chat.postMessage":             `^(C|D)_`,
		"chat.update":                  `settled$`,
		"conversations.open":           `^D_`,
		"conversations.members":        asking, // who is a member of the channel may ask
		"download":                     `^pending step$`,
		"files.completeUploadExternal": `file`,
		"files.getUploadURLExternal":   `file`,
		"upload":                       `file`,
		"users.info":                   asking + `|ask|notice|home$`,
		"users.lookupByEmail":          `^(approved|resumed) step$|notice|ask`, // whose an e-mail is decides who may approve
		"usergroups.users.list":        asking + `|ask|home$`,
		"views.open":                   `^(modal|page) step$`,
		"views.update":                 `^page step$`,
		"views.publish":                `home$`,
	}
	pattern, ok := what[method]
	if !ok {
		pattern = `^$`
	}
	return regexp.MustCompile(pattern)
}

// moot is what need not be told any more when it is over.
func moot() *regexp.Regexp { return regexp.MustCompile(`ask|pause`) }

// While one method of Slack fails, all that it does not carry is delivered; what it
// carries comes when it is back; and nothing comes twice. The methods are those that
// the simulator saw in a job in which none failed.
func TestSlack_one_method_fails(t *testing.T) {
	t.Parallel() // it waits for most of its time
	clean := newFailingJob(t, "")
	clean.play()
	want := clean.delivered()
	maps.Copy(want, clean.homes())
	methods := slices.Sorted(maps.Keys(clean.state().Tried))
	if len(methods) < 20 {
		t.Fatalf("only %v were called: the job shows too little", methods)
	}
	for i, method := range methods {
		kinds := failureKinds()
		if os.Getenv(kindsEnv) != "all" {
			kinds = append(kinds[i%5:], kinds[:i%5]...)[:1]
		}
		for _, kind := range kinds {
			if kind == "internal" && !strings.Contains(method, ".") {
				kind = "5xx" // an address of a file or an answer, not a method: it has no error codes
			}
			t.Run(method+"/"+kind, func(t *testing.T) {
				t.Parallel()
				j := newFailingJob(t, method)
				j.kind, j.want = kind, want
				j.play()
			})
		}
	}
}

// failingJob is a whole job during which one method of Slack fails.
type failingJob struct {
	*sandboxRun
	db      string
	method  string // "": none
	kind    string
	carried *regexp.Regexp
	want    map[string]int // what a job without failures delivers
	failing bool
	acts    map[string]int // how often each step was done
}

func newFailingJob(t *testing.T, method string) *failingJob {
	s := mustSandbox(t, "--no-bot", "--users", "60", "--rate-limit", "6000", "--latency", "5ms")
	j := &failingJob{sandboxRun: s, db: filepath.Join(t.TempDir(), "factorbot.db"), method: method, carried: carries(method), acts: map[string]int{}}
	switch {
	case method == "":
	case j.carried.MatchString("modal step"):
		s.patient("3s") // nothing comes while it fails
	default:
		s.patient("10s")
	}
	j.mustRun(j.db, mustConfig(t, "large_batch: {over: 1000}\nokta: {settle_after: 1s, log_lag: 5s}\nnotify: {users: true}\n"))
	return j
}

// fail begins the failure, mend ends it.
func (j *failingJob) fail() {
	if j.method == "" || j.failing {
		return
	}
	j.failing = true
	j.set(map[string]any{"slack_fail_next": []map[string]any{{"method": j.method, "kind": j.kind, "times": 1_000_000}}})
	if j.method == "apps.connections.open" {
		j.set(map[string]any{"slack_drop_sockets": true})
	}
}

func (j *failingJob) mend() {
	if j.failing {
		j.failing = false
		j.set(map[string]any{"slack_fail_next": []any{}})
		j.await("the sockets to be open", func() bool { return j.state().Sockets == 2 })
	}
}

// play plays the whole job and checks what came of it.
func (j *failingJob) play() {
	j.tb.Helper()
	j.openHome("U_APPROVER1")
	j.openHome("U_REQUESTER")
	j.fail()
	j.step("pending", "U_REQUESTER", func() { j.upload("U_REQUESTER", "lost phones", "all.csv", j.get("/sample.csv")) }, j.isIn("pending"))
	j.expect("the plan", "C_FACTORS approval", "C_FACTORS reply", "C_FACTORS file FR-1-plan.csv", "D_APPROVER1 ask-1-U_APPROVER1", "D_APPROVER2 ask-1-U_APPROVER2", "U_APPROVER1 home")
	j.step("whoami", "U_ANA", func() { j.command("U_ANA", "/factor-reset whoami") }, func() bool { return len(j.told("U_ANA")) > 0 })
	var review map[string]any
	j.step("modal", "U_APPROVER1", func() { review = j.pressAny("U_APPROVER1", "review") }, func() bool { return review != nil })
	j.step("page", "U_APPROVER1", func() {
		before := review["hash"]
		answer := j.post("/sandbox/action", map[string]any{"user": "U_APPROVER1", "view_id": review["id"], "action_id": "review_show", "value": "reset", "values": map[string]any{}})
		if view, _ := answer["view"].(map[string]any); view != nil && view["hash"] != before {
			review = nil
		}
	}, func() bool { return review == nil })
	j.set(map[string]any{"latency": "1s"}) // the run is to be met in its middle
	j.step("approved", "U_APPROVER1", func() { j.pressAny("U_APPROVER1", "approve") }, func() bool { return j.reset() > 0 || j.isIn("running")() })
	j.within("some resets", patience, func() bool { return j.reset() > 0 })
	j.set(map[string]any{"latency": "3s"})
	j.step("paused", "U_APPROVER2", func() { j.command("U_APPROVER2", "/factor-reset pause FR-1 because of a call") }, j.isIn("paused"))
	j.set(map[string]any{"latency": "5ms"})
	j.expect("the pause", "C_FACTORS decision", "C_FACTORS progress", "C_FACTORS pause")
	j.step("resumed", "U_APPROVER1", func() { j.command("U_APPROVER1", "/factor-reset resume FR-1") }, func() bool { return !j.isIn("paused")() })
	j.await("the end", j.isIn("done"))
	if j.method == "" {
		j.await("the direct message of the end", func() bool { return j.delivered()["D_REQUESTER end"] > 0 })
		j.await("the messages to be settled", j.isSettled)
		return
	}
	j.expect("the end", slices.Sorted(maps.Keys(j.want))...)
	if !j.carried.MatchString("settled") {
		j.await("the messages to be settled while "+j.method+" fails", j.isSettled)
	}
	j.mend()
	j.expect("after it is back", slices.DeleteFunc(slices.Sorted(maps.Keys(j.want)), func(key string) bool {
		return j.carried.MatchString(key) && moot().MatchString(key)
	})...)
	j.await("the messages to be settled", j.isSettled)
	for key, n := range j.delivered() {
		if strings.HasSuffix(key, " pause") {
			n = min(n, max(1, n-j.acts["paused"]+1)) // each that was asked for has a message
		}
		if n != 1 {
			j.tb.Errorf("%s was delivered %d times", key, n)
		}
	}
	_, _, rows := outcomes(j.tb, j.awaitResults(1))
	checkResets(j.tb, j.sandboxRun, rows)
}

// step lets somebody do something. If the failing method carries it, the person may
// have to wait until it is back, and if they were told so, to do it again; otherwise
// it is done the first time.
func (j *failingJob) step(name, user string, act func(), done func() bool) {
	j.tb.Helper()
	told := len(j.told(user))
	do := func() { j.acts[name]++; act() }
	do()
	if !j.failing || !j.carried.MatchString(name+" step") {
		j.within(fmt.Sprintf("%s, while %q fails", name, j.method), patience, func() bool {
			if !done() && (name == "modal" || name == "page") {
				do() // Slack's three seconds may be over before the bot has its turn
			}
			return done()
		})
		return
	}
	answered := func() bool { return done() || len(j.told(user)) > told }
	poll(3*time.Second, answered)
	j.mend()
	for again := 0; again < 5; again++ {
		wait, silent := patience, j.method == "apps.connections.open" && name != "pending" || name == "modal" || name == "page"
		if silent { // the person sees a warning of Slack's; only an upload is an event, which comes again
			wait = time.Second
		}
		if heard := poll(wait, answered); !heard && !silent {
			j.tb.Fatalf("%s: neither done nor refused after %s is back; messages:\n%s", name, j.method, j.dump())
		}
		settle := 5 * time.Second
		if slices.ContainsFunc(j.told(user), func(said string) bool { return strings.Contains(said, ": planning ") }) {
			settle = patience // it was taken: asked again it would be asked twice
		}
		if poll(settle, done) {
			break
		}
		told = len(j.told(user))
		do()
	}
	j.within(fmt.Sprintf("%s after %q is back", name, j.method), patience, done)
	j.fail()
}

// expect waits for what the failing method does not carry.
func (j *failingJob) expect(when string, keys ...string) {
	j.tb.Helper()
	keys = slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return j.failing && j.carried.MatchString(key) })
	var missing []string
	if !poll(patience, func() bool { missing = j.missing(keys); return len(missing) == 0 }) {
		j.tb.Fatalf("%s: %q fails: %v; %q are not delivered; delivered is %v", when, j.method, j.failing, missing, j.delivered())
	}
}

// missing are those of the keys that are not delivered yet; home tabs are looked at when
// all messages are there.
func (j *failingJob) missing(keys []string) []string {
	have := j.delivered()
	missing := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return have[key] > 0 })
	if slices.ContainsFunc(missing, func(key string) bool { return !isHome(key) }) {
		return missing
	}
	have = j.homes()
	return slices.DeleteFunc(missing, func(key string) bool { return have[key] > 0 })
}

func isHome(key string) bool { return strings.HasSuffix(key, " home") }

// within fails the test if something does not become true in time.
func (j *failingJob) within(what string, d time.Duration, ok func() bool) {
	j.tb.Helper()
	if !poll(d, ok) {
		j.tb.Fatalf("waited in vain for %s; messages:\n%s", what, j.dump())
	}
}

// isIn reports whether the newest request is in a state.
func (j *failingJob) isIn(state string) func() bool {
	return func() bool {
		all := j.requests()
		return len(all) > 0 && all[0].State == state
	}
}

// stateOf is the state of a request, "" if there is none.
func (j *failingJob) stateOf(id string) string {
	for _, r := range j.requests() {
		if r.ID == id {
			return r.State
		}
	}
	return ""
}

// listedRequest is what the tests read of the operators' list of requests.
type listedRequest struct{ ID, State string }

// requests are those of the record, the newest first, read as an operator does
// when Slack is down.
func (j *failingJob) requests() (all []listedRequest) {
	j.tb.Helper()
	var out buffer
	if code := run(j.tb.Context(), []string{"requests", "list", "--json"}, cli.Env{Vars: []string{"FACTORBOT_DB=" + j.db}, Stdout: &out, Stderr: &out}); code != 0 {
		j.tb.Fatalf("requests list: %d %s", code, out.String())
	}
	lines := json.NewDecoder(strings.NewReader(out.String()))
	for lines.More() {
		var r listedRequest
		if err := lines.Decode(&r); err != nil {
			j.tb.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// told is what a person alone was told: ephemeral messages, and direct ones that belong
// to no request.
func (j *failingJob) told(user string) (all []string) {
	for _, m := range j.messages(user) {
		if m.Ephemeral {
			all = append(all, m.Text)
		}
	}
	for _, m := range j.booked("D" + strings.TrimPrefix(user, "U")) {
		if m.Metadata.Payload.Slot == "" {
			all = append(all, m.Text)
		}
	}
	return all
}

// bookedMessage is a message of the bot's with what it is for.
type bookedMessage struct {
	message
	Metadata struct {
		Payload struct {
			Slot string `json:"slot"`
		} `json:"event_payload"`
	} `json:"metadata"`
}

// booked are the bot's messages in a conversation.
func (j *failingJob) booked(channel string) []bookedMessage {
	resp, err := http.Get(j.url + "/sandbox/messages?channel=" + channel)
	if err != nil {
		j.tb.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Messages []bookedMessage `json:"messages"`
	}
	if resp.StatusCode == http.StatusOK { // otherwise nobody has written to them
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			j.tb.Fatal(err)
		}
	}
	return slices.DeleteFunc(answer.Messages, func(m bookedMessage) bool { return m.BotID == "" })
}

// delivered counts what has been delivered, by place and what it is.
func (j *failingJob) delivered() map[string]int {
	n := map[string]int{}
	for _, channel := range []string{"C_FACTORS", "D_REQUESTER", "D_APPROVER1", "D_APPROVER2", "D_ANA"} {
		for _, m := range j.booked(channel) {
			slot := m.Metadata.Payload.Slot
			if strings.HasPrefix(slot, "pause-") {
				slot = "pause"
			}
			if slot != "" && slot != "notices" { // their count comes a minute later
				n[channel+" "+slot]++
			}
			for _, f := range m.Files {
				n[channel+" file "+f.Name]++
			}
		}
	}
	return n
}

// homes counts the people whose home tab shows the request: a page, which costs more to
// read than messages.
func (j *failingJob) homes() map[string]int {
	n := map[string]int{}
	for _, user := range []string{"U_APPROVER1", "U_REQUESTER"} {
		if strings.Contains(string(j.get("/?channel=home&user="+user)), "FR-1") {
			n[user+" home"]++
		}
	}
	return n
}

// isSettled reports whether the approval message and the approvers' direct
// messages show what came of the request.
func (j *failingJob) isSettled() bool {
	for _, channel := range []string{"C_FACTORS", "D_APPROVER1", "D_APPROVER2"} {
		for _, m := range j.booked(channel) {
			slot := m.Metadata.Payload.Slot
			if m.has("approve") || slot == "approval" && !strings.Contains(m.all(), "Done") {
				return false
			}
		}
	}
	return true
}

// openHome opens a person's home tab, whatever comes of it.
func (j *failingJob) openHome(user string) map[string]any {
	var answer map[string]any
	resp, err := http.Get(j.url + "/sandbox/home?user=" + user)
	if err != nil {
		j.tb.Fatal(err)
	}
	defer resp.Body.Close()
	_ = json.NewDecoder(resp.Body).Decode(&answer)
	view, _ := answer["view"].(map[string]any)
	return view
}

// pressAny uses the first button with this action that a person finds: in the channel,
// in a direct message, on the home tab, in the review that the home tab opens. It
// returns the modal that opens, if any.
func (j *failingJob) pressAny(user, action string) map[string]any {
	press := map[string]any{"user": user, "action_id": action}
	for _, channel := range []string{"C_FACTORS", "D" + strings.TrimPrefix(user, "U")} {
		for _, m := range j.booked(channel) {
			if press["value"] == nil && m.has(action) {
				press["channel"], press["message_ts"], press["value"] = channel, m.TS, m.value(action)
			}
		}
	}
	if press["value"] == nil {
		home := j.openHome(user)
		b, _ := json.Marshal(home["blocks"])
		press["view_id"], press["value"] = home["id"], message{Blocks: b}.value(action)
	}
	if press["value"] == "" && action != "review" {
		review := j.pressAny(user, "review")
		b, _ := json.Marshal(review["blocks"])
		press["view_id"], press["value"] = review["id"], message{Blocks: b}.value(action)
	}
	view, _ := j.post("/sandbox/action", press)["view"].(map[string]any)
	return view
}

// workspaceState is what the sandbox tells of its Slack.
type workspaceState struct {
	Tried   map[string]int `json:"tried"` // how often each method was called
	Sockets int            `json:"sockets"`
}

func (j *failingJob) state() (st workspaceState) {
	j.tb.Helper()
	if err := json.Unmarshal(j.get("/sandbox/state"), &st); err != nil {
		j.tb.Fatal(err)
	}
	return st
}
