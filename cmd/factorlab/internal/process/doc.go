// Package process starts this program again as a part of an experiment, so that its
// memory, its processor time and its death are its own, and tells of the progress.
package process
