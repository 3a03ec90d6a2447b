package boltkv

import "go.etcd.io/bbolt"

const (
	// pagedMost is about how many bytes of the mapped file may stay in the process's memory.
	pagedMost = 16 << 20
	// pagedEach is what one page that is read brings along at most: Linux maps
	// the pages around it, too (fault_around_bytes, 64 KiB by default).
	pagedEach = 64 << 10
)

// paged counts pages, far from each other, that a transaction has read, and now and then
// releases what the process has mapped of the file. It stays in the kernel's cache; but
// counted as the process's own memory, the file of a large record would be as much as the
// rest of the program: 167 MB at the peak of 100,000 targets, 128 MB with the release.
func (b *Engine) paged(tx *bbolt.Tx, pages int) {
	if tx.Size() <= pagedMost || b.touched.Add(int64(pages)*pagedEach) < pagedMost {
		return
	}
	b.touched.Store(0)
	releasePages(tx.DB().Info().Data, uintptr(tx.Size()))
}
