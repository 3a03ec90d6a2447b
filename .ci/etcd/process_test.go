package etcdtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// waitTime is how long something may take that is waited for, on a busy machine.
const waitTime = 3 * time.Minute

// awaited waits until it is so.
func awaited(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTime)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-ctx.Done():
			t.Fatalf("it does not come that %s", what)
		case <-tick.C:
		}
	}
}

// mustProgram builds the program as the image holds it.
func mustProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "factorbot")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "nethttpomithttp2", "-trimpath", "-buildvcs=false", "-o", program, "./cmd/factorbot")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), "go", "version", "-m", program).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "-tags=nethttpomithttp2") {
		t.Fatalf("the program is not built as the image's: %v\n%s", err, out)
	}
	return program
}

// installation is the program with a simulated Slack and Okta.
type installation struct {
	*testing.T
	program, dir string
	url          string // of the simulators
	policy       string // path
	db           string // address of the record
}

// mustInstall starts the simulators.
func mustInstall(t *testing.T, program, db string) *installation {
	t.Helper()
	in := &installation{T: t, program: program, dir: t.TempDir(), db: db}
	in.policy = filepath.Join(in.dir, "factorbot.yaml")
	policy := "channels: [C_FACTORS]\napprovers: {users: [U_APPROVER1, U_APPROVER2]}\nokta: {settle_after: 1s, log_lag: 3s}\n"
	if err := os.WriteFile(in.policy, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := in.command("sandbox", "--no-bot", "--addr", "127.0.0.1:0", "--users", "40", "--latency", "5ms")
	lines, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in.start(cmd)
	for reading := bufio.NewReader(lines); in.url == ""; {
		line, err := reading.ReadString('\n')
		if err != nil {
			t.Fatalf("the simulators: %v", err)
		}
		if at, ok := strings.CutPrefix(line, "okta URL "); ok {
			in.url = strings.TrimSpace(at)
		}
	}
	return in
}

// command is the program with the settings of a bot.
func (in *installation) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.WithoutCancel(in.Context()), in.program, args...)
	cmd.Dir = in.dir
	cmd.Env = []string{
		"HOME=" + in.dir, "TMPDIR=" + in.dir, "FACTORBOT_DB=" + in.db, "FACTORBOT_CONFIG=" + in.policy,
		"SLACK_APP_TOKEN=xapp-sandbox", "SLACK_BOT_TOKEN=xoxb-sandbox", "SLACK_API_URL=" + in.url + "/api/",
		"OKTA_ORG_URL=" + in.url, "OKTA_API_TOKEN=sandbox-token",
	}
	return cmd
}

// start starts a process that ends with the test.
func (in *installation) start(cmd *exec.Cmd) {
	in.Helper()
	if err := cmd.Start(); err != nil {
		in.Fatal(err)
	}
	in.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
}

// says runs a command and returns what it says, whatever it ends with.
func (in *installation) says(args ...string) string {
	in.Helper()
	out, _ := in.command(args...).CombinedOutput() // what it ends with is in it
	return string(out)
}

// bot is one process that serves the workspace.
type bot struct {
	*exec.Cmd
	in   *installation
	addr string // of health and metrics
	log  string // path
}

func (in *installation) mustBot() *bot {
	in.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		in.Fatal(err)
	}
	b := &bot{in: in, addr: l.Addr().String(), Cmd: in.command("run")}
	if err := l.Close(); err != nil {
		in.Fatal(err)
	}
	b.Env = append(b.Env, "FACTORBOT_HTTP_ADDR="+b.addr)
	file, err := os.CreateTemp(in.dir, "bot-*.log")
	if err != nil {
		in.Fatal(err)
	}
	defer file.Close()
	b.Stderr, b.log = file, file.Name()
	in.start(b.Cmd)
	in.Cleanup(func() {
		if in.Failed() {
			in.Logf("%s\n%s", b.log, b.logged())
		}
	})
	return b
}

func (b *bot) logged() string {
	said, _ := os.ReadFile(b.log) // none says nothing
	return string(said)
}

// get returns what the bot answers, "" if it does not.
func (b *bot) get(path string) string {
	ctx, cancel := context.WithTimeout(b.in.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.addr+path, nil)
	if err != nil {
		b.in.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

// leads reports whether the bot leads by its metrics.
func (b *bot) leads() bool { return strings.Contains(b.get("/metrics"), "\nfactorbot_leader 1\n") }

// name is how the bot is called by those who say who leads.
func (b *bot) name() string {
	host, err := os.Hostname()
	if err != nil {
		b.in.Fatal(err)
	}
	return fmt.Sprintf("%s-%d", host, b.Process.Pid)
}

// stop tells the bot to end, and waits for that.
func (b *bot) stop() {
	b.in.Helper()
	if err := b.Process.Signal(syscall.SIGTERM); err != nil {
		b.in.Error(err)
	}
	if err := b.Wait(); err != nil {
		b.in.Errorf("told to stop, the bot ended with %v", err)
	}
}

// post sends the page's JSON, and returns the answer.
func (in *installation) post(path string, body map[string]any) map[string]any {
	in.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		in.Fatal(err)
	}
	return in.posted(path, "application/json", bytes.NewReader(raw))
}

func (in *installation) posted(path, kind string, body io.Reader) (answer map[string]any) {
	in.Helper()
	req, err := http.NewRequestWithContext(in.Context(), http.MethodPost, in.url+path, body)
	if err != nil {
		in.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		in.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		in.Fatalf("%s: %s: %v", path, resp.Status, err)
	}
	return answer
}

// upload shares a roster in the channel.
func (in *installation) upload(name, content string) {
	in.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for field, value := range map[string]string{"user": "U_REQUESTER", "channel": "C_FACTORS", "comment": "lost phones"} {
		if err := form.WriteField(field, value); err != nil {
			in.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = io.WriteString(part, content)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		in.Fatal(err)
	}
	if answer := in.posted("/sandbox/upload", form.FormDataContentType(), &body); answer["ok"] != true {
		in.Fatalf("upload: %v", answer)
	}
}

// fetch reads JSON of the simulators.
func (in *installation) fetch(path string, into any) {
	in.Helper()
	req, err := http.NewRequestWithContext(in.Context(), http.MethodGet, in.url+path, nil)
	if err != nil {
		in.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		in.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		in.Fatal(err)
	}
}

// press presses a button with this action on the newest message that has one.
func (in *installation) press(user, action string) bool {
	in.Helper()
	var answer struct {
		Messages []map[string]any `json:"messages"`
	}
	in.fetch("/sandbox/messages?channel=C_FACTORS", &answer)
	for i := len(answer.Messages) - 1; i >= 0; i-- {
		m := answer.Messages[i]
		if value := valueOf(m["blocks"], action); value != "" {
			got := in.post("/sandbox/action", map[string]any{"user": user, "channel": "C_FACTORS", "message_ts": m["ts"], "action_id": action, "value": value})
			return got["ok"] == true
		}
	}
	return false
}

// valueOf is the value of the button with this action, "" if there is none.
func valueOf(v any, action string) string {
	switch v := v.(type) {
	case map[string]any:
		if v["action_id"] == action {
			return fmt.Sprint(v["value"])
		}
		for _, inner := range v {
			if found := valueOf(inner, action); found != "" {
				return found
			}
		}
	case []any:
		for _, inner := range v {
			if found := valueOf(inner, action); found != "" {
				return found
			}
		}
	}
	return ""
}

// resets are how often each user was reset, by login.
func (in *installation) resets() map[string]int {
	in.Helper()
	var state struct {
		Okta struct {
			Users []struct {
				Login  string `json:"login"`
				Resets int    `json:"resets"`
			} `json:"users"`
		} `json:"okta"`
	}
	in.fetch("/sandbox/state", &state)
	n := map[string]int{}
	for _, u := range state.Okta.Users {
		n[u.Login] = u.Resets
	}
	return n
}

// total is how many resets there were.
func (in *installation) total() (n int) {
	in.Helper()
	for _, times := range in.resets() {
		n += times
	}
	return n
}

// some are logins of so many users who were not reset yet, and who neither ask nor approve.
func (in *installation) some(n int) []string {
	in.Helper()
	var logins []string
	for login, times := range in.resets() {
		if name, _, _ := strings.Cut(login, "@"); times == 0 && strings.Contains(name, ".") && !strings.HasPrefix(name, "factorbot") {
			logins = append(logins, login)
		}
	}
	slices.Sort(logins)
	return logins[:n]
}

// finish asks for some users' reset, approves it, and waits until it is done.
func (in *installation) finish(id string) {
	in.Helper()
	in.ask(id)
	in.approve(id)
}

// ask asks for some users' reset, and waits until it can be approved.
func (in *installation) ask(id string) {
	in.Helper()
	logins := strings.Join(in.some(5), " ")
	in.post("/sandbox/command", map[string]any{"user": "U_REQUESTER", "channel": "C_FACTORS", "text": "/factor-reset " + logins + " because lost phones"})
	awaited(in.T, id+" waits for approval", func() bool { return strings.Contains(in.says("requests", "show", id), "pending") })
}

// approve presses the newest button to approve, and waits until the request is done.
func (in *installation) approve(id string) {
	in.Helper()
	awaited(in.T, id+" can be approved", func() bool { return in.press("U_APPROVER1", "approve") })
	in.Cleanup(func() { // the bots are still there
		if in.Failed() {
			in.Log(in.says("requests", "show", id))
		}
	})
	awaited(in.T, id+" is done", func() bool { return strings.Contains(in.says("requests", "show", id), "done") })
}

// pairs are those of the record, read from a member.
func (in *installation) pairs(at string) []*mvccpb.KeyValue {
	in.Helper()
	direct, err := clientv3.New(clientv3.Config{Endpoints: []string{at}})
	if err != nil {
		in.Fatal(err)
	}
	defer direct.Close()
	_, prefix, _ := strings.Cut(in.db, at+"/")
	got, err := direct.Get(in.Context(), prefix+"/pairs/", clientv3.WithPrefix())
	if err != nil {
		in.Fatal(err)
	}
	return got.Kvs
}

// holds reports whether the record has a pair whose key ends so.
func (in *installation) holds(at, ending string) bool {
	in.Helper()
	return slices.ContainsFunc(in.pairs(at), func(p *mvccpb.KeyValue) bool { return strings.HasSuffix(string(p.Key), ending) })
}

// Two processes of the program as the image holds it, whose net/http has no HTTP/2, on a
// real etcd: both are ready and know who leads, as operators' commands do; a request is
// served, the lead is handed over, and the record moves into a file and back.
func TestProcesses(t *testing.T) {
	t.Parallel()
	at := addr(mustCluster(t, 1)[0])
	in := mustInstall(t, mustProgram(t), "etcd://"+at+"/factorbot")
	first, second := in.mustBot(), in.mustBot()
	awaited(t, "one of two leads", func() bool { return first.leads() != second.leads() })
	if second.leads() {
		first, second = second, first
	}
	for _, b := range []*bot{first, second} {
		awaited(t, b.name()+" is ready and knows who leads", func() bool { return b.get("/readyz") == "ready; "+first.name()+" leads\n" })
	}
	if said := second.get("/metrics"); !strings.Contains(said, "\nfactorbot_leader 0\n") {
		t.Error("who follows has no metric that says so")
	}
	in.finish("FR-1")
	if in.total() == 0 {
		t.Error("nobody was reset")
	}
	for _, command := range [][]string{{"requests", "list"}, {"doctor"}} {
		if said := in.says(command...); !strings.Contains(said, first.name()) {
			t.Errorf("%s does not say that %s leads:\n%s", command, first.name(), said)
		}
	}

	began := time.Now()
	if err := first.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	awaited(t, "the other process leads", second.leads)
	t.Logf("figures: etcd: the lead is handed over %.1f s after SIGTERM, as metrics have it", time.Since(began).Seconds())
	if err := first.Wait(); err != nil {
		t.Errorf("told to stop, the bot ended with %v", err)
	}
	if said := in.says("requests", "list"); !strings.Contains(said, second.name()+" leads") {
		t.Errorf("who leads is told as %s", said)
	}
	in.finish("FR-2")
	second.stop()
	if said := in.says("requests", "list"); !strings.Contains(said, "nobody leads") {
		t.Errorf("after all have ended: %s", said)
	}

	in.moves(at)
}

// moves copies the record into a file and into another prefix, by the command line.
func (in *installation) moves(at string) {
	in.Helper()
	file, there := filepath.Join(in.dir, "moved.db"), "etcd://"+at+"/moved"
	if said := in.says("backup", "--to", file); !strings.Contains(said, "and the audit trail holds") {
		in.Fatalf("into a file: %s", said)
	}
	if said := in.says("backup", "--from", file, "--to", there); !strings.Contains(said, "and the audit trail holds") {
		in.Fatalf("into etcd: %s", said)
	}
	if said := in.says("backup", "--from", file, "--to", there); !strings.Contains(said, "there is a record already") {
		in.Errorf("into etcd again: %s", said)
	}
	for _, db := range []string{file, there} {
		verify := in.command("audit", "verify")
		verify.Env = append(verify.Env, "FACTORBOT_DB="+db)
		if out, err := verify.CombinedOutput(); err != nil {
			in.Errorf("the audit trail in %s: %v, %s", db, err, out)
		}
		list := in.command("requests", "list")
		list.Env = append(list.Env, "FACTORBOT_DB="+db)
		if out, err := list.CombinedOutput(); err != nil || !strings.Contains(string(out), "FR-2") {
			in.Errorf("the requests in %s: %v, %s", db, err, out)
		}
	}
	in.db = there
	b := in.mustBot()
	awaited(in.T, "a process leads on the copy", b.leads)
	in.finish("FR-1003") // the numbers that may have been given since the copy are left out
	in.refusesFormats(at, b)
	b.stop()
}

// refusesFormats starts a process on a record of a later format and on one of an earlier,
// while another one leads: it says so and ends, and the one that leads goes on.
func (in *installation) refusesFormats(at string, leads *bot) {
	in.Helper()
	direct, err := clientv3.New(clientv3.Config{Endpoints: []string{at}})
	if err != nil {
		in.Fatal(err)
	}
	defer direct.Close()
	pairs := in.pairs(at)
	i := slices.IndexFunc(pairs, func(p *mvccpb.KeyValue) bool { return strings.HasPrefix(string(p.Value), `{"schema":`) })
	if i < 0 {
		in.Fatal("the record does not say its format")
	}
	sign := string(pairs[i].Value)
	_, rest, _ := strings.Cut(sign, ",")
	for _, c := range []struct{ format, says string }{{"99", "use the newer program"}, {"1", "schema version 1"}} {
		if _, err := direct.Put(in.Context(), string(pairs[i].Key), `{"schema":`+c.format+","+rest); err != nil {
			in.Fatal(err)
		}
		b := in.mustBot()
		if err := b.Wait(); err == nil || !strings.Contains(b.logged(), c.says) {
			in.Errorf("on format %s: %v, %s", c.format, err, b.logged())
		}
		if !leads.leads() {
			in.Errorf("on format %s the process that led does not any more", c.format)
		}
	}
	if _, err := direct.Put(in.Context(), string(pairs[i].Key), sign); err != nil {
		in.Fatal(err)
	}
	in.finish("FR-1004")
}
