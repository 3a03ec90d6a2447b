package metrics

import "github.com/prometheus/client_golang/prometheus"

// leader tells whether this process acts on the record.
type leader struct {
	leads func() bool
	desc  *prometheus.Desc
}

// NewLeader returns a collector of whether this process leads.
func NewLeader(leads func() bool) prometheus.Collector {
	return &leader{leads: leads, desc: describe("leader", "1 where this process leads, 0 where it listens for another one that does.")}
}

// Describe implements prometheus.Collector.
func (l *leader) Describe(ch chan<- *prometheus.Desc) { ch <- l.desc }

// Collect implements prometheus.Collector.
func (l *leader) Collect(ch chan<- prometheus.Metric) {
	v := 0.0
	if l.leads() {
		v = 1
	}
	ch <- gauge(l.desc, v)
}
