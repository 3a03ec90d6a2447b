package metrics

import "github.com/prometheus/client_golang/prometheus"

// Backups are how the schedule of backups has done since the start.
type Backups struct {
	Last           prometheus.Gauge // when the newest was made, now or by an earlier run; 0: there is none
	Bytes          prometheus.Gauge // of the last one made
	Made, Failures prometheus.Counter
}

// NewBackups returns those of a process that has made none.
func NewBackups() Backups {
	return Backups{
		Last:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "factorbot_backup_last_success_timestamp_seconds", Help: "When the newest scheduled backup was made; 0: there is none."}),
		Bytes:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "factorbot_backup_last_bytes", Help: "Size of the last scheduled backup that this process made."}),
		Made:     prometheus.NewCounter(prometheus.CounterOpts{Name: "factorbot_backups_total", Help: "Scheduled backups that were made."}),
		Failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "factorbot_backup_failures_total", Help: "Scheduled backups that failed."}),
	}
}

// Reloads are how reading the settings again has done since the start.
type Reloads struct {
	Last     prometheus.Gauge // when it was last done with success; 0: not since the start
	Failures prometheus.Counter
}

// NewReloads returns those of a process that has reloaded nothing.
func NewReloads() Reloads {
	return Reloads{
		Last:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "factorbot_reload_last_success_timestamp_seconds", Help: "When the settings were last read again with success; 0: not since the start."}),
		Failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "factorbot_reload_failures_total", Help: "Times that settings or secrets were refused when they were read again."}),
	}
}

// Upkeep are the metrics of backups and reloads.
func Upkeep(b Backups, r Reloads) []prometheus.Collector {
	return []prometheus.Collector{b.Last, b.Bytes, b.Made, b.Failures, r.Last, r.Failures}
}
