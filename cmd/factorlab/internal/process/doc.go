// Package process has what experiments share: it starts this program again as a part of
// an experiment, so that its memory, its processor time and its death are its own, reads
// what the bot has posted, and tells of the progress.
package process
