//go:build linux || darwin

package doctor

import "syscall"

// diskFree is how many bytes this user may still write in the folder's file system.
func diskFree(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
