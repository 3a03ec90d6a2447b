package store

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// salvage finds the pairs of a file and goes on where something is wrong. Each is known
// by its checksum, which covers key, revision and value.
type salvage struct {
	pages pageCheck
	size  int64
	found map[string]place
	stray bool  // looks at pages that the tree does not lead to
	first error // what is wrong first
}

func newSalvage(f io.ReaderAt, size int64) *salvage {
	s := &salvage{size: size, found: map[string]place{}}
	s.pages = pageCheck{file: f, pageSize: int64(pageSizeOf(f))}
	return s
}

// pageSizeOf reads the page size from the first meta page; the machine's where that is damaged.
func pageSizeOf(f io.ReaderAt) int {
	b := make([]byte, pageHeader+metaSummed)
	if _, err := f.ReadAt(b, 0); err == nil && order.Uint32(b[pageHeader:]) == metaMagic {
		if n := order.Uint32(b[pageHeader+8:]); n >= 512 && n <= 1<<16 && n&(n-1) == 0 {
			return int(n)
		}
	}
	return os.Getpagesize()
}

func (s *salvage) run() {
	there := uint64(s.size / s.pages.pageSize)
	s.pages.high = max(there, 2)
	s.pages.used = make([]bool, s.pages.high)
	s.pages.used[0], s.pages.used[1] = true, true
	m, err := s.pages.meta()
	if err != nil {
		s.wrong(err)
	} else {
		if m.high > there {
			s.wrong(fmt.Errorf("%d of %d pages are there", there, m.high))
		}
		s.tree(m.root, false)
	}
	if s.first == nil {
		return
	}
	s.stray = true
	for id := range s.pages.high {
		if !s.pages.used[id] {
			s.leafAt(id)
		}
	}
}

func (s *salvage) wrong(err error) {
	if s.first == nil {
		s.first = err
	}
}

// tree takes what a page of a tree and those below it hold.
func (s *salvage) tree(id uint64, ours bool) {
	b, err := s.pages.page(id)
	if err != nil {
		s.wrong(err)
		return
	}
	s.elements(b, int64(id)*s.pages.pageSize, ours)
}

// leafAt takes what a page holds that nothing led to, if it is a leaf at all.
func (s *salvage) leafAt(id uint64) {
	b, err := s.pages.page(id)
	if err == nil && order.Uint16(b[8:]) == leafPage {
		s.elements(b, int64(id)*s.pages.pageSize, true)
	}
}

// elements takes the elements of a page that lies at an offset of the file.
func (s *salvage) elements(b []byte, offset int64, ours bool) {
	flags, count := order.Uint16(b[8:]), int(order.Uint16(b[10:]))
	if flags != leafPage && flags != branchPage {
		s.wrong(fmt.Errorf("a page of an unknown kind %#x", flags))
		return
	}
	for i := range count {
		at := pageHeader + i*pageElement
		if at+pageElement > len(b) {
			s.wrong(fmt.Errorf("more elements than the page holds"))
			return
		}
		if flags == branchPage {
			s.tree(order.Uint64(b[at+8:]), ours)
			continue
		}
		s.element(b[at:], offset+int64(at), ours)
	}
}

// element takes one element of a leaf: our pair, or a bucket.
func (s *salvage) element(e []byte, offset int64, ours bool) {
	flags, pos, ksize, vsize := order.Uint32(e), order.Uint32(e[4:]), order.Uint32(e[8:]), order.Uint32(e[12:])
	key, err := within(e, pos, ksize)
	if err != nil {
		s.wrong(err)
		return
	}
	value, err := within(e, pos+ksize, vsize)
	if err != nil {
		s.wrong(err)
		return
	}
	at := offset + int64(pos) + int64(ksize)
	switch {
	case ours && flags == 0:
		s.take(key, value, at)
	case ours || flags != bucketFlag || len(value) < bucketHeader:
		s.wrong(fmt.Errorf("%q is not where it belongs", key))
	case order.Uint64(value) != 0:
		s.tree(order.Uint64(value), true)
	case len(value) >= bucketHeader+pageHeader:
		s.elements(value[bucketHeader:], at+bucketHeader, true)
	}
}

// take keeps a pair. The tree's word counts; of what only strays the later does.
func (s *salvage) take(key, value []byte, at int64) {
	p, err := unframe(key, value)
	if err != nil {
		s.wrong(err)
		return
	}
	if known, ok := s.found[p.key]; ok && s.stray && known.rev >= p.rev {
		return
	}
	s.found[p.key] = place{key: p.key, at: at, size: len(value), rev: p.rev}
}

func (s *salvage) sorted() []place {
	return slices.SortedFunc(maps.Values(s.found), func(a, b place) int { return strings.Compare(a.key, b.key) })
}
