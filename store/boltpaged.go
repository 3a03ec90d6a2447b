package store

import "go.etcd.io/bbolt"

const (
	// pagedMost is about how many bytes of the mapped file may stay in the process's memory.
	pagedMost = 16 << 20
	// pagedEach is what one page that is read brings along at most: Linux maps
	// the pages around it, too (fault_around_bytes, 64 KiB by default).
	pagedEach = 64 << 10
)

// paged notes that so many pages, far from each other, were read in the transaction, and
// now and then gives back what the process has mapped of the file. It stays in
// the kernel's cache; but counted as ours, a large record alone would
// be as much as the rest of the program.
func (b *bolt) paged(tx *bbolt.Tx, pages int) {
	if tx.Size() <= pagedMost || b.touched.Add(int64(pages)*pagedEach) < pagedMost {
		return
	}
	b.touched.Store(0)
	letGo(tx.DB().Info().Data, uintptr(tx.Size()))
}
