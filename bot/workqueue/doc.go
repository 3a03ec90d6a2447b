// Package workqueue has two small queues: [Queue] runs jobs, in order per key,
// and [Follower] looks after requests when they move or when it is time.
package workqueue
