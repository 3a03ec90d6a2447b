//go:build !linux

package drill

import "syscall"

func dieWithUs() *syscall.SysProcAttr { return nil }
