//go:build !unix

package app

// ReloadSignal: this system has no signal to reload.
func ReloadSignal() (asked <-chan struct{}, stop func()) { return nil, func() {} }
