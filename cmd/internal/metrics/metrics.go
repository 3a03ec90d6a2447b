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
	Registry *prometheus.Registry
	Slack    *slackMeter
	Sockets  *socketMeter
}

func New() *Metrics {
	m := &Metrics{Registry: prometheus.NewRegistry(), Slack: newSlackMeter(), Sockets: newSocketMeter()}
	m.Registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.Slack, m.Sockets, buildInfo(),
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
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4}))
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
