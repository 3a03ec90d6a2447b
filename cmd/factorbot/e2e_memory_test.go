package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/slacksim"
	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/sandbox"
	"factorbot/okta/oktasim"
)

const (
	// measuredEnv makes this test's binary play a bot that writes its live heap to
	// standard error at each SIGUSR1.
	measuredEnv = "FACTORBOT_TEST_MEASURED"
	// settledEnv is how many requests settle in the memory's test; a fifth of them,
	// and 60 at least, come before the first measurement.
	settledEnv = "FACTORBOT_TEST_SETTLED"
)

// roundTime is how long a round of requests may take on a machine that is busy.
const roundTime = 5 * time.Minute

func playMeasured() int {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() { // as long as the process
		for n := 1; ; n++ {
			<-asked
			runtime.GC()
			runtime.GC() // what finalizers and pools held
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fmt.Fprintf(os.Stderr, "\nlive heap %d: %d\n", n, m.HeapAlloc)
		}
	}()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return run(ctx, []string{"run"}, cli.Env{Vars: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr})
}

// Requests that are settled cost the bot no memory: the live heap of the whole
// program after all of them is that after the first of them, and a bit. The simulators
// live in this process, the bot in one of its own. Four of five requests reset their
// one user, the fifth is cancelled while it waits for its approval; all that is told
// of them is delivered before it is measured.
//
// The bound: 1 KiB for each request, for what is remembered of it for a time (an answer
// that may be asked for again, a name), which is less than its log or one of its messages
// takes; and 768 KiB for what differs between two moments at rest, such as the buffers
// of connections and the database's pages in use.
func TestRun_memory_of_settled_requests(t *testing.T) {
	t.Parallel() // it waits for most of its time
	total := 120
	if n, err := strconv.Atoi(os.Getenv(settledEnv)); err == nil {
		total = n
	}
	m := newMeasuredBot(t, total)
	early := max(total/5, 60) // until the caches are full
	m.settle(early)
	before := m.heap()
	m.settle(total - early)
	after := m.heap()
	if grown, bound := after-before, 768<<10+(total-early)<<10; grown > bound {
		t.Errorf("%d KiB more are in use after %d more requests, bound %d KiB", grown>>10, total-early, bound>>10)
	}
	if n := m.reset(); n != total/5*4 {
		t.Errorf("%d of %d users were reset", n, total/5*4)
	}
	t.Logf("figures: memory: live heap %d KiB after %d settled requests, %d KiB after %d", before>>10, early, after>>10, total)
}

// measuredBot is a bot in a process of its own, and the simulators in this one.
type measuredBot struct {
	*failingJob
	work     *slacksim.Workspace
	process  *exec.Cmd
	logs     *buffer
	names    []string // users that nobody has asked for yet
	settled  int
	measured int
	before   int // messages in the channel before this round
	acting   sync.WaitGroup
}

func newMeasuredBot(t *testing.T, requests int) *measuredBot {
	org := must(oktasim.New(oktasim.Options{Users: requests*3/2 + 100, Given: sandbox.Cast(), RateLimit: 1_000_000, Token: sandbox.Token, Seed: 1}))
	t.Cleanup(org.Close)
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	url := "http://" + listener.Addr().String()
	work := must(slacksim.New(slacksim.Options{URL: url, Org: sandbox.OrgPane{Org: org}}))
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: sandbox.Handler(org, work, &app.Health{})}}
	server.Start()
	t.Cleanup(func() { work.Close(); server.Close() })
	m := &measuredBot{work: work, logs: &buffer{}}
	m.failingJob = &failingJob{sandboxRun: &sandboxRun{tb: t, url: url, logs: m.logs}, db: filepath.Join(t.TempDir(), "factorbot.db")}
	m.set(map[string]any{"slack_no_limits": true, "slack_share_delay": "1ms", "slack_patience": "5m"})
	for _, u := range m.okta().Okta.Users {
		if u.Status == "ACTIVE" && len(u.Roles) == 0 && len(u.Factors) > 0 && !isCast(u.Login) {
			m.names = append(m.names, u.Login)
		}
	}
	if len(m.names) < requests {
		t.Fatalf("the org has only %d users for %d requests", len(m.names), requests)
	}
	m.process = exec.Command(must(os.Executable()), "-test.run=^$")
	m.process.Env = append(m.settings(m.db), measuredEnv+"=1",
		"FACTORBOT_CONFIG="+mustConfig(t, "large_batch: {over: 1000000}\nokta: {settle_after: 1s, log_lag: 1s, concurrency: 20}\n"))
	m.process.Stderr = m.logs
	if err := m.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = m.process.Process.Kill()
		_ = m.process.Wait()
		m.acting.Wait()
		if t.Failed() {
			t.Logf("log of the bot:\n%s", tail(m.logs.String(), 5000))
		}
	})
	m.await("the bot to listen", func() bool { return strings.Contains(m.logs.String(), "the socket is open") })
	return m
}

// settle asks for n more requests, some at a time, and waits until all of them are
// over and told.
func (m *measuredBot) settle(n int) {
	m.tb.Helper()
	const atOnce = 40
	for end := m.settled + n; m.settled < end; {
		round := min(atOnce, end-m.settled)
		m.before = len(must(m.work.Messages("C_FACTORS", "")))
		for _, name := range m.names[:round] {
			m.types("/factor-reset " + name + " because lost phone")
		}
		m.names = m.names[round:]
		decided := map[string]bool{}
		m.within("a round of requests to be pending", roundTime, func() bool {
			for _, pending := range m.pending(decided) {
				id, _, _ := strings.Cut(pending.value("approve"), ":")
				decided[id] = true
				if reset.ID(id).Number()%5 == 0 {
					m.types("/factor-reset cancel " + id)
					continue
				}
				m.acting.Go(func() {
					if _, err := m.work.Click(context.Background(), slacksim.Click{User: "U_APPROVER1", Channel: "C_FACTORS", Message: pending.TS, ActionID: "approve"}); err != nil {
						m.tb.Error(err)
					}
				})
			}
			return len(decided) == round
		})
		m.settled += round
		m.within(fmt.Sprintf("%d requests to be settled and told", m.settled), roundTime, m.told)
	}
}

// types enters a command of the requester's, and waits for no answer.
func (m *measuredBot) types(command string) {
	m.acting.Go(func() {
		if _, err := m.work.Command(context.Background(), "U_REQUESTER", "C_FACTORS", command); err != nil {
			m.tb.Error(err)
		}
	})
}

// pending are the approval messages of the requests that nobody has decided.
func (m *measuredBot) pending(decided map[string]bool) (waiting []message) {
	m.tb.Helper()
	all := must(m.work.Messages("C_FACTORS", ""))
	for _, said := range all[min(m.before, len(all)):] {
		if said.ThreadTS != "" && said.ThreadTS != said.TS {
			continue
		}
		var one message
		if err := json.Unmarshal(must(json.Marshal(said)), &one); err != nil {
			m.tb.Fatal(err)
		}
		if id, _, ok := strings.Cut(one.value("approve"), ":"); ok && !decided[id] {
			waiting = append(waiting, one)
		}
	}
	return waiting
}

// told reports whether every request is over, and Slack shows all that is told of them.
func (m *measuredBot) told() bool {
	m.tb.Helper()
	got := scrape(m.tb, healthURL(m.logs))
	over := 0.0
	for _, state := range []reset.State{reset.Done, reset.Cancelled} {
		over += value(got, "factorbot_requests", "state", string(state))
	}
	return int(over) == m.settled && value(got, "factorbot_messages_waiting") == 0 && value(got, "factorbot_inbox_waiting") == 0
}

// heap is how many bytes are live in the bot.
func (m *measuredBot) heap() int {
	m.tb.Helper()
	m.measured++
	if err := m.process.Process.Signal(syscall.SIGUSR1); err != nil {
		m.tb.Fatal(err)
	}
	line := regexp.MustCompile(fmt.Sprintf(`(?m)^live heap %d: (\d+)$`, m.measured))
	var found []string
	m.within("the live heap", patience, func() bool {
		found = line.FindStringSubmatch(m.logs.String())
		return found != nil
	})
	return must(strconv.Atoi(found[1]))
}
