package store

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
	maxOps    = 100       // operations, and as many conditions, in one commit
	maxCommit = 1 << 20   // bytes of keys and values in one commit
	maxValue  = 512 << 10 // bytes of one value
	maxKey    = 1024      // bytes of one key
)

var (
	errConflict = errors.New("a condition does not hold")
	errUnknown  = errors.New("it is not known whether the commit took effect")
	errLimit    = errors.New("over the limit of a commit")
	ErrClosed   = errors.New("the record is closed")
)

// engine keeps pairs in the order of their keys. A commit gets the next
// revision, and each pair it writes carries that. Errors other than errConflict,
// errLimit and ErrClosed leave open whether a commit took effect only if they
// are errUnknown.
type engine interface {
	// read returns at most limit pairs with from <= key < to, in key order, and
	// the revision of the whole at that moment. An empty to means no upper end.
	read(ctx context.Context, from, to string, limit int) ([]pair, int64, error)
	// commit applies all operations, or none where a condition does not hold.
	commit(ctx context.Context, conds []cond, ops ...op) (int64, error)
	// watch yields pairs under prefix that were written after a revision, in the
	// order of their writing. It may merge several writes of a key and may repeat
	// the last one, and never misses that. Deletions are not told. It ends with an error.
	watch(ctx context.Context, prefix string, after int64) iter.Seq2[pair, error]
	// hold waits for the lease of this name. While it lasts its condition holds.
	hold(ctx context.Context, name string, ttl time.Duration) (lease, error)
}

// lease is the right to write in a name.
type lease interface {
	cond() cond            // holds while the lease lasts
	lost() <-chan struct{} // closed when it is known to be over
	release(ctx context.Context) error
}

// pair is a key, its value, and the revision that wrote it.
type pair struct {
	key   string
	value []byte
	rev   int64
}

// leaseKey is the key of a lease of this name; every engine uses it.
func leaseKey(name string) string { return "lease/" + name }

// cond holds while the key's pair has this revision; 0 means that there is no such key.
type cond struct {
	key string
	rev int64
}

func absent(key string) cond { return cond{key: key} }

// op is one operation of a commit: a put, or the deletion of a range of keys.
type op struct {
	key   string
	to    string // of a deletion: the first key that stays
	value []byte // of a put
	del   bool
}

func put(key string, value []byte) op { return op{key: key, value: value} }
func remove(key string) op            { return op{key: key, to: key + "\x00", del: true} }
func removeRange(from, to string) op  { return op{key: from, to: to, del: true} }
func removePrefix(prefix string) op   { return removeRange(prefix, prefixEnd(prefix)) }
func (o op) size() int                { return len(o.key) + len(o.to) + len(o.value) }
func (o op) covers(key string) bool   { return o.del && o.key <= key && (o.to == "" || key < o.to) }

// prefixEnd returns the first key after all keys with the prefix; prefixes here end in an ASCII character.
func prefixEnd(prefix string) string {
	if prefix == "" {
		return ""
	}
	last := len(prefix) - 1
	return prefix[:last] + string(prefix[last]+1)
}

// checkLimits refuses what some engine could not take: every engine calls it first.
func checkLimits(conds []cond, ops []op) error {
	if len(ops) > maxOps || len(conds) > maxOps {
		return fmt.Errorf("%w: %d operations on %d conditions", errLimit, len(ops), len(conds))
	}
	size := 0
	for i, o := range ops {
		size += o.size()
		switch {
		case o.key == "" || len(o.key) > maxKey || len(o.to) > maxKey+1:
			return fmt.Errorf("%w: a key of %d bytes", errLimit, len(o.key))
		case len(o.value) > maxValue:
			return fmt.Errorf("%w: a value of %d bytes at %s", errLimit, len(o.value), o.key)
		case overlaps(o, ops[:i]):
			return fmt.Errorf("%w: %s is written twice", errLimit, o.key)
		}
	}
	if size > maxCommit {
		return fmt.Errorf("%w: %d bytes", errLimit, size)
	}
	return nil
}

// overlaps reports whether a put meets another operation on its key; order
// inside a commit means nothing, as in etcd.
func overlaps(o op, earlier []op) bool {
	for _, e := range earlier {
		if !o.del && (e.covers(o.key) || !e.del && e.key == o.key) || o.del && !e.del && o.covers(e.key) {
			return true
		}
	}
	return false
}

// get reads one key; a pair with revision 0 means that there is none.
func get(ctx context.Context, e engine, key string) (pair, error) {
	pairs, _, err := e.read(ctx, key, key+"\x00", 1)
	if err != nil || len(pairs) == 0 {
		return pair{key: key}, err
	}
	return pairs[0], nil
}

// scan yields all pairs under a prefix, page by page. Pages may be of different revisions.
func scan(ctx context.Context, e engine, prefix string, page int) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		from, to := prefix, prefixEnd(prefix)
		for {
			pairs, _, err := e.read(ctx, from, to, page)
			if err != nil {
				yield(pair{}, err)
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
			from = pairs[len(pairs)-1].key + "\x00"
		}
	}
}

// under reports whether a key lies under a prefix.
func under(key, prefix string) bool { return strings.HasPrefix(key, prefix) }
