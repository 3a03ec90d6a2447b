package boltkv

import "syscall"

// releasePages unmaps the pages of a mapped file from the process until they are read
// again (madvise(2), MADV_DONTNEED). It is a hint: without it all goes on as before.
func releasePages(at, size uintptr) {
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, at, size, syscall.MADV_DONTNEED)
}
