//go:build !unix

package main

// reloadSignal: this system has no signal to reload.
func reloadSignal() (asked <-chan struct{}, stop func()) { return nil, func() {} }
