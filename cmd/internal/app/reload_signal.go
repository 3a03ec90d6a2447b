//go:build unix

package app

import (
	"os"
	"os/signal"
	"syscall"
)

// ReloadSignal passes SIGHUP on until stop is called. Signals that come while
// one waits are one.
func ReloadSignal() (asked <-chan struct{}, stop func()) {
	signals, out, end, ended := make(chan os.Signal, 1), make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			case <-signals:
			}
			select {
			case out <- struct{}{}:
			default:
			}
		}
	}()
	return out, func() {
		signal.Stop(signals)
		close(end)
		<-ended
	}
}
