package kvtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"testing"
	"time"

	"factorbot/store/internal/kv"
)

// Unknown writes one value after the other while answers are lost: what is written last is
// what is read, whatever the tries did that nobody knows of. The engine is disturbed by
// whoever calls it; wanted is how many answers have to be lost.
func Unknown(t *testing.T, e kv.Engine, wanted int) {
	lost := 0
	for i := 0; i < 200 || lost < wanted; i++ {
		value := strconv.Itoa(i)
		for {
			_, err := e.Commit(t.Context(), nil, kv.Put("last", []byte(value)))
			if err == nil {
				break
			}
			if !errors.Is(err, kv.ErrUnknown) {
				t.Fatalf("write %d: %v", i, err)
			}
			lost++
		}
		if p, err := kv.Get(t.Context(), e, "last"); err != nil || string(p.Value) != value {
			t.Fatalf("wrote %d, and read %s, %v: a commit took effect later", i, p.Value, err)
		}
		if _, err := once(t.Context(), e, i); err != nil {
			t.Fatal(err)
		}
	}
	marks := 0
	for p, err := range kv.Scan(t.Context(), e, "once/", 100) {
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Value) != 1 {
			t.Errorf("%s took effect %d times", p.Key, len(p.Value))
		}
		marks++
	}
	t.Logf("%d answers were lost, %d marks", lost, marks)
}

// once appends to a value on condition of its revision, and tries again until it is there.
func once(ctx context.Context, e kv.Engine, i int) (rev int64, err error) {
	key := fmt.Sprintf("once/%04d", i)
	for {
		p, err := kv.Get(ctx, e, key)
		if err != nil || p.Rev != 0 {
			return p.Rev, err
		}
		rev, err := e.Commit(ctx, []kv.Cond{kv.Absent(key)}, kv.Put(key, append(p.Value, '1')))
		if !errors.Is(err, kv.ErrUnknown) && !errors.Is(err, kv.ErrConflict) {
			return rev, err
		}
	}
}

// Expiry holds a lease and cuts its holder off, while both engines write: another holder
// gets it, the first is told, and none of its commits is later than the second's first.
func Expiry(t *testing.T, holder, other kv.Engine, ttl time.Duration, cut, heal func()) {
	first, err := holder.Hold(t.Context(), "expiry", ttl)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var writing sync.WaitGroup
	for h := range 4 {
		writing.Go(func() {
			for ctx.Err() == nil {
				_, _ = other.Commit(ctx, nil, kv.Put(fmt.Sprint("load/", h), nil))
			}
		})
	}
	var latest int64 // commit of the first holder
	writing.Go(func() {
		for ctx.Err() == nil {
			rev, err := holder.Commit(ctx, []kv.Cond{first.Cond()}, kv.Put("mine", nil))
			if err == nil {
				latest = rev
			}
		}
	})
	cut()
	second, err := other.Hold(t.Context(), "expiry", ttl)
	if err != nil {
		t.Fatal(err)
	}
	<-first.Lost()
	heal()
	if _, err := other.Commit(t.Context(), []kv.Cond{second.Cond()}, kv.Put("mine", nil)); err != nil {
		t.Errorf("the second holder writes: %v", err)
	}
	for { // the first one comes back
		_, err := holder.Commit(t.Context(), []kv.Cond{first.Cond()}, kv.Put("mine", []byte("stale")))
		if errors.Is(err, kv.ErrConflict) {
			break
		}
		if !errors.Is(err, kv.ErrUnknown) {
			t.Fatalf("the first holder wrote: %v", err)
		}
	}
	cancel()
	writing.Wait()
	if latest > second.Cond().Rev {
		t.Errorf("the first holder wrote at %d, the second has the lease since %d", latest, second.Cond().Rev)
	}
}

// Compaction cuts a watch off, writes, and compacts what it would have been told: when it
// comes back it misses no last state.
func Compaction(t *testing.T, watching, writing kv.Engine, cut func(), compact func(rev int64), heal func()) {
	next, stop := iter.Pull2(watching.Watch(t.Context(), "c/", 0))
	defer stop()
	mustCommit(t, writing, nil, kv.Put("c/a", []byte("0")), kv.Put("c/b", []byte("0")))
	for range 2 {
		pulled(t, next)
	}
	cut()
	var rev int64
	for i := range 20 {
		rev = mustCommit(t, writing, nil, kv.Put("c/a", fmt.Append(nil, i)), kv.Put(fmt.Sprint("c/n", i), nil))
	}
	compact(rev)
	heal()
	left := map[string]bool{"c/a 19": true}
	for i := range 20 {
		left[fmt.Sprintf("c/n%d ", i)] = true
	}
	for len(left) > 0 {
		delete(left, pulled(t, next))
	}
}
