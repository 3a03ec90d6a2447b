package main

import (
	"net/http"

	"factorbot/cmd/internal/cli"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what the bot counts for Prometheus. Every name begins with
// factorbot_, but for those of the Go runtime and the process.
type metrics struct {
	registry *prometheus.Registry
	slack    *slackMeter
	sockets  *socketMeter
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), slack: newSlackMeter(), sockets: newSocketMeter()}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.slack, m.sockets, buildInfo(),
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

// mount serves them. A scrape that fails in part gives what there is.
func (m *metrics) mount(mux *http.ServeMux) {
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4}))
}

// gauge and counter describe a metric that is read when it is asked for.
func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("factorbot_"+name, help, labels, nil)
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}
