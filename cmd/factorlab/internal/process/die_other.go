//go:build !linux

package process

import "syscall"

func dieWithUs() *syscall.SysProcAttr { return nil }
