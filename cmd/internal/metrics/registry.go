package metrics

import (
	"net/http"

	"factorbot/cmd/internal/cli"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are what the bot counts for Prometheus. Every name begins with
// factorbot_, but for those of the Go runtime and the process.
type Metrics struct {
	registry *prometheus.Registry
	Slack    *slackMeter
	Sockets  *socketMeter
}

func New() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), Slack: newSlackMeter(), Sockets: newSocketMeter()}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.Slack.calls, m.Slack.errors, buildInfo(),
		read("slack_sockets", "Sockets to Slack that are open; two are wanted.", m.Sockets.Count),
		m.Sockets.again,
	)
	return m
}

// buildInfo is 1, labelled with the build.
func buildInfo() prometheus.Collector {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "factorbot_build_info", Help: "1, labelled with version and commit of the running program."}, []string{"version", "commit"})
	b := cli.ThisBuild()
	g.WithLabelValues(b.Version, b.Commit).Set(1)
	return g
}

// Mount serves them. A scrape that fails in part gives what there is.
func (m *Metrics) Mount(mux *http.ServeMux) {
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4}))
}

// read is a gauge without labels that is read when it is asked for.
func read(name, help string, value func() int) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "factorbot_" + name, Help: help}, func() float64 { return float64(value()) })
}

// Register adds the metrics of a part.
func (m *Metrics) Register(all ...prometheus.Collector) { m.registry.MustRegister(all...) }

// Leader is whether this process acts on the record.
func Leader(leads func() bool) prometheus.Collector {
	return read("leader", "1 where this process leads, 0 where it listens for another one that does.", func() int {
		if leads() {
			return 1
		}
		return 0
	})
}

// describe describes a metric of a collector.
func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("factorbot_"+name, help, labels, nil)
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}
