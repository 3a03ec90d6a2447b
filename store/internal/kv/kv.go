// Package kv is the contract of a storage engine: ordered keys with revisions, conditional
// commits, a watch and leases, and the limits that are the same for every engine. Package
// kvtest has the suite that each engine passes.
package kv

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// What every engine takes, whatever it could do itself; etcd's own defaults
// are 128 operations and 1.5 MiB a request.
const (
	MaxOps    = 100       // operations, and as many conditions, in one commit
	MaxCommit = 1 << 20   // bytes of keys and values in one commit
	MaxValue  = 512 << 10 // bytes of one value
	MaxKey    = 1024      // bytes of one key
)

// The errors of a commit. ErrUnknown alone leaves open whether it took effect.
var (
	ErrConflict = errors.New("a condition does not hold")
	ErrUnknown  = errors.New("it is not known whether the commit took effect")
	ErrLimit    = errors.New("over the limit of a commit")
	ErrClosed   = errors.New("the record is closed")
	ErrAway     = errors.New("the record cannot be reached")
)

// Reader reads pairs in the order of their keys.
type Reader interface {
	// Read returns at most limit pairs with from <= key < to, in key order, and
	// the revision of the whole at that moment. An empty to means no upper end.
	Read(ctx context.Context, from, to string, limit int) ([]Pair, int64, error)
}

// Engine keeps pairs in the order of their keys. A commit gets the next
// revision, and each pair that it writes carries that one.
type Engine interface {
	Reader
	// Commit applies all operations, or none and returns ErrConflict where a condition does
	// not hold. After ErrUnknown it may have taken effect, but will not do so later.
	Commit(ctx context.Context, conds []Cond, ops ...Op) (int64, error)
	// Watch yields pairs under prefix that were written after a revision, in the
	// order of their writing. It may merge several writes of a key and may repeat
	// the last one, and never misses that. Deletions are not told. It ends with an error.
	Watch(ctx context.Context, prefix string, after int64) iter.Seq2[Pair, error]
	// Hold waits for the lease of this name. While the lease lasts its condition holds.
	Hold(ctx context.Context, name string, ttl time.Duration) (Lease, error)
}

// Lease is an exclusive right, held under a name.
type Lease interface {
	Cond() Cond            // holds while the lease lasts
	Lost() <-chan struct{} // closed when it is known to be over
	Release(ctx context.Context) error
}

// Pair is a key, its value, and the revision that wrote it.
type Pair struct {
	Key   string
	Value []byte
	Rev   int64
}

// LeaseKey returns the key under which every engine keeps the lease of a name.
func LeaseKey(name string) string { return "lease/" + name }

// Cond is a condition of a commit. It holds while the key's pair has this revision; 0 means that there is no such key.
type Cond struct {
	Key string
	Rev int64
}

// Absent is the condition that there is no such key.
func Absent(key string) Cond { return Cond{Key: key} }

// Op is one operation of a commit: a put, or the deletion of a range of keys.
type Op struct {
	Key   string
	To    string // of a deletion: the first key that stays
	Value []byte // of a put
	Del   bool
}

// Put writes a pair.
func Put(key string, value []byte) Op { return Op{Key: key, Value: value} }

// Remove deletes a key.
func Remove(key string) Op { return RemoveRange(key, key+"\x00") }

// RemoveRange deletes the keys with from <= key < to.
func RemoveRange(from, to string) Op { return Op{Key: from, To: to, Del: true} }

// RemovePrefix deletes the keys with a prefix.
func RemovePrefix(prefix string) Op { return RemoveRange(prefix, PrefixEnd(prefix)) }

// Size is what the operation counts for in MaxCommit.
func (o Op) Size() int { return len(o.Key) + len(o.To) + len(o.Value) }

// Covers reports whether the operation deletes a key.
func (o Op) Covers(key string) bool { return o.Del && o.Key <= key && (o.To == "" || key < o.To) }

// PrefixEnd returns the first key after all keys with the prefix; prefixes here end in an ASCII character.
func PrefixEnd(prefix string) string {
	if prefix == "" {
		return ""
	}
	last := len(prefix) - 1
	return prefix[:last] + string(prefix[last]+1)
}

// CheckLimits returns ErrLimit for a commit that some engine could not take. Every engine calls it first.
func CheckLimits(conds []Cond, ops []Op) error {
	if len(ops) > MaxOps || len(conds) > MaxOps {
		return fmt.Errorf("%w: %d operations on %d conditions", ErrLimit, len(ops), len(conds))
	}
	size := 0
	for i, o := range ops {
		size += o.Size()
		switch {
		case o.Key == "" || len(o.Key) > MaxKey || len(o.To) > MaxKey+1:
			return fmt.Errorf("%w: a key of %d bytes", ErrLimit, len(o.Key))
		case len(o.Value) > MaxValue:
			return fmt.Errorf("%w: a value of %d bytes at %s", ErrLimit, len(o.Value), o.Key)
		case overlaps(o, ops[:i]):
			return fmt.Errorf("%w: %s is written twice", ErrLimit, o.Key)
		}
	}
	if size > MaxCommit {
		return fmt.Errorf("%w: %d bytes", ErrLimit, size)
	}
	return nil
}

// overlaps reports whether a put meets another operation on its key; order
// inside a commit means nothing, as in etcd.
func overlaps(o Op, earlier []Op) bool {
	for _, e := range earlier {
		if !o.Del && (e.Covers(o.Key) || !e.Del && e.Key == o.Key) || o.Del && !e.Del && o.Covers(e.Key) {
			return true
		}
	}
	return false
}

// Get reads one key; a pair with revision 0 means that there is none.
func Get(ctx context.Context, r Reader, key string) (Pair, error) {
	pairs, _, err := r.Read(ctx, key, key+"\x00", 1)
	if err != nil || len(pairs) == 0 {
		return Pair{Key: key}, err
	}
	return pairs[0], nil
}

// Scan yields all pairs under a prefix, page by page. Pages may be of different revisions.
func Scan(ctx context.Context, r Reader, prefix string, page int) iter.Seq2[Pair, error] {
	return ScanRange(ctx, r, prefix, PrefixEnd(prefix), page)
}

// ScanRange yields the pairs with from <= key < to, as Scan does.
func ScanRange(ctx context.Context, r Reader, from, to string, page int) iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		for {
			pairs, _, err := r.Read(ctx, from, to, page)
			if err != nil {
				yield(Pair{}, err)
				return
			}
			for _, p := range pairs {
				if !yield(p, nil) {
					return
				}
			}
			if len(pairs) < page {
				return
			}
			from = pairs[len(pairs)-1].Key + "\x00"
		}
	}
}
