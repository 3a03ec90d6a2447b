//go:build !linux && !darwin

package doctor

import "errors"

// diskFree is not known on this system.
func diskFree(string) (int64, error) { return 0, errors.ErrUnsupported }
