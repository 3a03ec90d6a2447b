// Package metrics counts for Prometheus what the bot does, and serves /metrics.
package metrics
