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

// upkeep tells of backups and reloads.
type upkeep struct {
	backups func() Backups
	reloads func() Reloads

	backupAt, backupBytes, backupsMade, backupFailures, reloadAt, reloadFailures *prometheus.Desc
}

// NewUpkeep returns a collector of backups and reloads.
func NewUpkeep(backups func() Backups, reloads func() Reloads) prometheus.Collector {
	return &upkeep{
		backups: backups, reloads: reloads,
		backupAt:       describe("backup_last_success_timestamp_seconds", "When the newest scheduled backup was made; 0: there is none."),
		backupBytes:    describe("backup_last_bytes", "Size of the last scheduled backup that this process made."),
		backupsMade:    describe("backups_total", "Scheduled backups that were made."),
		backupFailures: describe("backup_failures_total", "Scheduled backups that failed."),
		reloadAt:       describe("reload_last_success_timestamp_seconds", "When the settings were last read again with success; 0: not since the start."),
		reloadFailures: describe("reload_failures_total", "Times that settings or secrets were refused when they were read again."),
	}
}

// Describe implements prometheus.Collector.
func (u *upkeep) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(u, ch) }

// Collect implements prometheus.Collector.
func (u *upkeep) Collect(ch chan<- prometheus.Metric) {
	b, r := u.backups(), u.reloads()
	ch <- gauge(u.backupAt, unix(b.At))
	ch <- gauge(u.backupBytes, float64(b.Bytes))
	ch <- counter(u.backupsMade, float64(b.Made))
	ch <- counter(u.backupFailures, float64(b.Failures))
	ch <- gauge(u.reloadAt, unix(r.At))
	ch <- counter(u.reloadFailures, float64(r.Failures))
}

// unix is a time as Prometheus has it.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
