package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// bbolt's own check follows pointers through mapped memory on a goroutine of its
// own, so a wild one ends the process. This one reads the file, believes
// nothing, and sees what bbolt's sees: each page has one use, keys are in order.
// It also compares each value with its checksum. The layout is that of bbolt's
// file format version 2 (bbolt, internal/common: page.go, meta.go, bucket.go).
const (
	pageHeader   = 16 // id uint64, flags uint16, count uint16, overflow uint32
	pageElement  = 16
	bucketHeader = 16 // root uint64, sequence uint64
	metaSummed   = 56 // bytes of a meta before its checksum
	metaMagic    = 0xED0CDAED
	noFreelist   = ^uint64(0)

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10
	bucketFlag   = 0x01 // of an element of a leaf

	overflowMax = 64 << 20 // bytes of one run of pages; our values are far smaller
)

var order = binary.NativeEndian // bbolt writes its structures as they lie in memory

// pageCheck walks one file.
type pageCheck struct {
	file     io.ReaderAt
	pageSize int64
	high     uint64 // the first page that is not in the file
	used     []bool // by number of the page
}

// checkPages walks the file and returns what is wrong first.
func checkPages(path string, pageSize int) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("check the record: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("check the record: %w", err)
	}
	c := &pageCheck{file: f, pageSize: int64(pageSize)}
	if err := c.run(info.Size()); err != nil {
		return &DamagedError{Path: path, Cause: err}
	}
	return nil
}

func (c *pageCheck) run(size int64) error {
	m, err := c.meta()
	if err != nil {
		return err
	}
	c.high = m.high
	if c.high < 2 || c.high > uint64(size/c.pageSize) {
		return fmt.Errorf("%d of %d pages are there", size/c.pageSize, c.high)
	}
	c.used = make([]bool, c.high)
	c.used[0], c.used[1] = true, true
	if err := c.walk(m.root, false); err != nil {
		return err
	}
	if err := c.freelist(m.freelist); err != nil {
		return err
	}
	for id, used := range c.used {
		if !used {
			return fmt.Errorf("page %d is neither used nor free", id)
		}
	}
	return nil
}

// metaPage is what is needed of a meta page.
type metaPage struct {
	root, freelist, high, tx uint64
}

// meta returns the later one of the valid metas, as bbolt takes it.
func (c *pageCheck) meta() (metaPage, error) {
	var best metaPage
	found := false
	for id := range int64(2) {
		b := make([]byte, pageHeader+metaSummed+8)
		if _, err := c.file.ReadAt(b, id*c.pageSize); err != nil {
			continue // the other one decides
		}
		b = b[pageHeader:]
		sum := fnv.New64a()
		sum.Write(b[:metaSummed]) // a hash returns no error
		if order.Uint32(b) != metaMagic || order.Uint64(b[metaSummed:]) != sum.Sum64() {
			continue
		}
		// magic, version, page size, flags: uint32; root: bucket; freelist, high, tx: uint64
		m := metaPage{root: order.Uint64(b[16:]), freelist: order.Uint64(b[32:]), high: order.Uint64(b[40:]), tx: order.Uint64(b[48:])}
		if !found || m.tx > best.tx {
			best, found = m, true
		}
	}
	if !found {
		return best, errors.New("neither meta page is valid")
	}
	return best, nil
}

// page reads a page with what overflows from it, and marks them as used.
func (c *pageCheck) page(id uint64) ([]byte, error) {
	if id < 2 || id >= c.high {
		return nil, fmt.Errorf("page %d is beyond the %d of the file", id, c.high)
	}
	head := make([]byte, pageHeader)
	if _, err := c.file.ReadAt(head, int64(id)*c.pageSize); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	n := uint64(order.Uint32(head[12:])) + 1
	if order.Uint64(head) != id || id+n > c.high || n*uint64(c.pageSize) > overflowMax {
		return nil, fmt.Errorf("page %d says that it is page %d with %d more", id, order.Uint64(head), n-1)
	}
	for i := id; i < id+n; i++ {
		if err := c.use(i); err != nil {
			return nil, err
		}
	}
	b := make([]byte, n*uint64(c.pageSize))
	if _, err := c.file.ReadAt(b, int64(id)*c.pageSize); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	return b, nil
}

func (c *pageCheck) use(id uint64) error {
	if id < 2 || id >= c.high || c.used[id] {
		return fmt.Errorf("page %d is used twice, or is beyond the %d of the file", id, c.high)
	}
	c.used[id] = true
	return nil
}

// walk checks a page of a tree and all below it. Inside the one bucket the values are ours.
func (c *pageCheck) walk(id uint64, ours bool) error {
	b, err := c.page(id)
	if err != nil {
		return err
	}
	if err := c.elements(b, ours); err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

func (c *pageCheck) elements(b []byte, ours bool) error {
	flags, count := order.Uint16(b[8:]), int(order.Uint16(b[10:]))
	if flags != leafPage && (flags != branchPage || count == 0) {
		return fmt.Errorf("of an unknown kind %#x with %d elements", flags, count)
	}
	var last []byte
	for i := range count {
		key, err := c.element(b, pageHeader+i*pageElement, flags, ours)
		if err != nil {
			return err
		}
		if i > 0 && bytes.Compare(last, key) >= 0 {
			return fmt.Errorf("key %q comes after %q", key, last)
		}
		last = key
	}
	return nil
}

// element checks one element of a page, and what it points to; it returns its key.
func (c *pageCheck) element(b []byte, at int, flags uint16, ours bool) ([]byte, error) {
	if at+pageElement > len(b) {
		return nil, errors.New("more elements than the page holds")
	}
	e := b[at:]
	if flags == branchPage { // pos, ksize uint32; page uint64
		key, err := within(e, order.Uint32(e), order.Uint32(e[4:]))
		if err != nil {
			return nil, err
		}
		return key, c.walk(order.Uint64(e[8:]), ours)
	}
	// flags, pos, ksize, vsize uint32
	pos, ksize, vsize := order.Uint32(e[4:]), order.Uint32(e[8:]), order.Uint32(e[12:])
	key, err := within(e, pos, ksize)
	if err != nil {
		return nil, err
	}
	value, err := within(e, pos+ksize, vsize)
	if err != nil {
		return nil, err
	}
	return key, c.leaf(key, value, order.Uint32(e), ours)
}

// leaf checks the value of an element: our pair, or a bucket.
func (c *pageCheck) leaf(key, value []byte, flags uint32, ours bool) error {
	switch {
	case ours && flags == 0:
		_, err := unframe(key, value)
		return err
	case ours || flags != bucketFlag || len(value) < bucketHeader:
		return fmt.Errorf("%q is not where it belongs", key)
	}
	if root := order.Uint64(value); root != 0 {
		return c.walk(root, true)
	}
	inline := value[bucketHeader:] // a small bucket is a page inside the value
	if len(inline) < pageHeader {
		return fmt.Errorf("bucket %q is too short", key)
	}
	return c.elements(inline, true)
}

// within returns n bytes from pos on, if they are there.
func within(b []byte, pos, n uint32) ([]byte, error) {
	if end := uint64(pos) + uint64(n); end > uint64(len(b)) {
		return nil, fmt.Errorf("an element reaches to byte %d of %d", end, len(b))
	}
	return b[pos : pos+n], nil
}

// freelist checks that what is free is not in use.
func (c *pageCheck) freelist(id uint64) error {
	if id == noFreelist {
		return nil
	}
	b, err := c.page(id)
	if err != nil {
		return fmt.Errorf("free pages: %w", err)
	}
	count, ids := uint64(order.Uint16(b[10:])), b[pageHeader:]
	if count == 0xFFFF { // then the first number is the count
		count, ids = order.Uint64(ids), ids[8:]
	}
	if order.Uint16(b[8:]) != freelistPage || count > uint64(len(ids)/8) {
		return fmt.Errorf("free pages: page %d is no list of %d", id, count)
	}
	for i := range count {
		if err := c.use(order.Uint64(ids[i*8:])); err != nil {
			return fmt.Errorf("free pages: %w", err)
		}
	}
	return nil
}
