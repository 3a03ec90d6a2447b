package kv

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
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

var (
	ErrConflict = errors.New("a condition does not hold")
	ErrUnknown  = errors.New("it is not known whether the commit took effect")
	ErrLimit    = errors.New("over the limit of a commit")
	ErrClosed   = errors.New("the record is closed")
)

// engine keeps pairs in the order of their keys. A commit gets the next
// revision, and each pair it writes carries that. Errors other than errConflict,
// errLimit and ErrClosed leave open whether a commit took effect only if they
// are errUnknown.
type Engine interface {
	// read returns at most limit pairs with from <= key < to, in key order, and
	// the revision of the whole at that moment. An empty to means no upper end.
	Read(ctx context.Context, from, to string, limit int) ([]Pair, int64, error)
	// commit applies all operations, or none where a condition does not hold.
	Commit(ctx context.Context, conds []Cond, ops ...Op) (int64, error)
	// watch yields pairs under prefix that were written after a revision, in the
	// order of their writing. It may merge several writes of a key and may repeat
	// the last one, and never misses that. Deletions are not told. It ends with an error.
	Watch(ctx context.Context, prefix string, after int64) iter.Seq2[Pair, error]
	// hold waits for the lease of this name. While it lasts its condition holds.
	Hold(ctx context.Context, name string, ttl time.Duration) (Lease, error)
}

// lease is the right to write in a name.
type Lease interface {
	Cond() Cond            // holds while the lease lasts
	Lost() <-chan struct{} // closed when it is known to be over
	Release(ctx context.Context) error
}

// pair is a key, its value, and the revision that wrote it.
type Pair struct {
	Key   string
	Value []byte
	Rev   int64
}

// leaseKey is the key of a lease of this name; every engine uses it.
func LeaseKey(name string) string { return "lease/" + name }

// cond holds while the key's pair has this revision; 0 means that there is no such key.
type Cond struct {
	Key string
	Rev int64
}

func Absent(key string) Cond { return Cond{Key: key} }

// op is one operation of a commit: a put, or the deletion of a range of keys.
type Op struct {
	Key   string
	To    string // of a deletion: the first key that stays
	Value []byte // of a put
	Del   bool
}

func Put(key string, value []byte) Op { return Op{Key: key, Value: value} }
func Remove(key string) Op            { return Op{Key: key, To: key + "\x00", Del: true} }
func RemoveRange(from, to string) Op  { return Op{Key: from, To: to, Del: true} }
func RemovePrefix(prefix string) Op   { return RemoveRange(prefix, PrefixEnd(prefix)) }
func (o Op) Size() int                { return len(o.Key) + len(o.To) + len(o.Value) }
func (o Op) Covers(key string) bool   { return o.Del && o.Key <= key && (o.To == "" || key < o.To) }

// prefixEnd returns the first key after all keys with the prefix; prefixes here end in an ASCII character.
func PrefixEnd(prefix string) string {
	if prefix == "" {
		return ""
	}
	last := len(prefix) - 1
	return prefix[:last] + string(prefix[last]+1)
}

// checkLimits refuses what some engine could not take: every engine calls it first.
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

// get reads one key; a pair with revision 0 means that there is none.
func Get(ctx context.Context, e Engine, key string) (Pair, error) {
	pairs, _, err := e.Read(ctx, key, key+"\x00", 1)
	if err != nil || len(pairs) == 0 {
		return Pair{Key: key}, err
	}
	return pairs[0], nil
}

// scan yields all pairs under a prefix, page by page. Pages may be of different revisions.
func Scan(ctx context.Context, e Engine, prefix string, page int) iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		from, to := prefix, PrefixEnd(prefix)
		for {
			pairs, _, err := e.Read(ctx, from, to, page)
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

// under reports whether a key lies under a prefix.
func Under(key, prefix string) bool { return strings.HasPrefix(key, prefix) }
