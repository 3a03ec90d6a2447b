package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Backups is how the schedule of backups has done since the start.
type Backups struct {
	At       time.Time // of the newest backup, made now or by an earlier run; zero if there is none
	Bytes    int64     // of the last one made
	Made     int
	Failures int
}

// Reloads is how reloading the settings has done since the start.
type Reloads struct {
	At       time.Time // of the last good one; zero if there was none
	Failures int
}

// Upkeep are the metrics of backups and reloads.
func Upkeep(b func() Backups, r func() Reloads) []prometheus.Collector {
	return []prometheus.Collector{
		read(gaugeOf, "backup_last_success_timestamp_seconds", "When the newest scheduled backup was made; 0: there is none.", func() float64 { return unix(b().At) }),
		read(gaugeOf, "backup_last_bytes", "Size of the last scheduled backup that this process made.", func() int64 { return b().Bytes }),
		read(counterOf, "backups_total", "Scheduled backups that were made.", func() int { return b().Made }),
		read(counterOf, "backup_failures_total", "Scheduled backups that failed.", func() int { return b().Failures }),
		read(gaugeOf, "reload_last_success_timestamp_seconds", "When the settings were last read again with success; 0: not since the start.", func() float64 { return unix(r().At) }),
		read(counterOf, "reload_failures_total", "Times that settings or secrets were refused when they were read again.", func() int { return r().Failures }),
	}
}

// unix is a time as Prometheus has it.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
