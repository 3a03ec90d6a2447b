package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"factorbot/bot/reset"
)

// healthURL is where a bot serves health and metrics, by its log.
func healthURL(logs *buffer) string {
	return "http://" + regexp.MustCompile(`"health":"([^"]+)"`).FindStringSubmatch(logs.String())[1]
}

// scrape reads the metrics as Prometheus does.
func scrape(tb testing.TB, url string) map[string]*dto.MetricFamily {
	tb.Helper()
	resp, err := http.Get(url + "/metrics")
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return families
}

// value is a metric with these labels ("name", "value", ...), -1 if there is none.
func value(families map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	f := families[name]
	if f == nil {
		return -1
	}
next:
	for _, m := range f.GetMetric() {
		for i := 0; i < len(labels); i += 2 {
			has := slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == labels[i] && l.GetValue() == labels[i+1] })
			if !has {
				continue next
			}
		}
		return m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	return -1
}

// A job with faults, and what is counted of it.
func TestMetrics_tellWhatHappened(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "60", "--rate-limit", "6000", "--faults", "0.05")
	logs, _ := s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "okta: {settle_after: 1s, log_lag: 3s}\n"))
	url := healthURL(logs)
	before := scrape(t, url)
	if got := value(before, "factorbot_requests", "state", "done"); got != 0 {
		t.Errorf("%v requests are done before any was asked for", got)
	}
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	byOutcome, _, rows := outcomes(t, s.awaitResults(1))
	s.await("the messages to be told", func() bool { return value(scrape(t, url), "factorbot_messages_waiting") == 0 })
	got := scrape(t, url)
	sum := 0
	for _, o := range reset.Outcomes() {
		n := value(got, "factorbot_targets_total", "outcome", string(o))
		if int(n) != byOutcome[string(o)] {
			t.Errorf("factorbot_targets_total{outcome=%q} is %v, the result file has %d", o, n, byOutcome[string(o)])
		}
		sum += int(n)
	}
	if sum != len(rows) || sum == 0 {
		t.Errorf("%d targets were counted, the result file has %d", sum, len(rows))
	}
	throttled := float64(s.okta().Okta.Throttled)
	for name, want := range map[string]float64{
		"factorbot_requests state done": 1, "factorbot_requests state running": 0, "factorbot_targets_in_doubt": 0,
		"factorbot_slack_sockets": 2, "factorbot_inbox_waiting": 0, "factorbot_okta_throttled_total": throttled,
		"factorbot_store_count_failures_total": 0, "factorbot_build_info": 1,
	} {
		parts := strings.Fields(name)
		if v := value(got, parts[0], parts[1:]...); v != want {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
	for _, name := range []string{
		"factorbot_okta_calls_total bucket /api/v1/users", "factorbot_okta_limit bucket /api/v1/users", "factorbot_okta_remaining bucket /api/v1/users",
		"factorbot_okta_wait_seconds_total bucket /api/v1/users", "factorbot_slack_calls_total method chat.postMessage", "factorbot_slack_calls_total method files.completeUploadExternal",
		"factorbot_store_bytes", "go_goroutines", "process_resident_memory_bytes",
	} {
		parts := strings.Fields(name)
		if v := value(got, parts[0], parts[1:]...); v <= 0 {
			t.Errorf("%s is %v, want more than 0", name, v)
		}
	}
}

// After a restart only what happens then is counted as happening; states are as in the record.
func TestMetrics_afterRestart(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "")
	_, stop := s.mustRun(db, config)
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.awaitResults(1)
	stop()
	logs, _ := s.mustRun(db, config)
	url := healthURL(logs)
	got := scrape(t, url)
	if n := value(got, "factorbot_targets_total", "outcome", "reset"); n != 0 {
		t.Errorf("%v resets of before the start are counted again", n)
	}
	if n := value(got, "factorbot_requests", "state", "done"); n != 1 {
		t.Errorf("%v requests are done, want 1", n)
	}
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone again")
	s.click("U_APPROVER1", s.awaitPending(2), "approve")
	s.awaitResults(2)
	if n := value(scrape(t, url), "factorbot_targets_total", "outcome", "reset"); n != 1 {
		t.Errorf("%v resets since the start, want 1", n)
	}
}

// Alerts ask for metrics that there are, and the page explains each.
func TestMetrics_alertsAndPageNameThem(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--users", "10")
	s.set(map[string]any{"slack_fail_next": []map[string]any{{"method": "chat.postMessage", "kind": "internal", "times": 1}}})
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	s.await("the bot to call Okta and Slack to refuse", func() bool {
		return value(scrape(t, s.url), "factorbot_slack_errors_total") > 0 && value(scrape(t, s.url), "factorbot_okta_limit") > 0
	})
	families := scrape(t, s.url)
	used := regexp.MustCompile(`factorbot_[a-z_]+`).FindAllString(string(printed(t, "manifest", "alerts")), -1)
	if len(used) < 10 {
		t.Errorf("the alerts use only %v", used)
	}
	for _, name := range used {
		if families[name] == nil {
			t.Errorf("an alert asks for %s, which is not there", name)
		}
	}
	page := mustPage(t, "metrics")
	for name, f := range families {
		if !strings.HasPrefix(name, "factorbot_") {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, "`"+l.GetName()+"`")
		}
		line := fmt.Sprintf("| `%s` | %s | %s |", name, strings.Join(labels, ", "), f.GetHelp())
		if !strings.Contains(page, strings.ReplaceAll(line, "|  |", "| |")) {
			t.Errorf("help metrics has no line %s", line)
		}
	}
}
