//go:build !race

package view_test

// raced says that the race detector runs, which makes everything about ten times slower.
const raced = false
