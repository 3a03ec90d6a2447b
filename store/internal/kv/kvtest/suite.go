// Package kvtest is the suite that each engine has to pass.
package kvtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"factorbot/store/internal/kv"
)

// Run holds an engine to the contract of kv.Engine. It opens one for each part.
func Run(t *testing.T, open func(testing.TB) kv.Engine) {
	suite := map[string]func(*testing.T, kv.Engine){
		"commit":           testCommit,
		"two conditions":   testTwoConditions,
		"paging":           testPaging,
		"range delete":     testRangeDelete,
		"limits":           testLimits,
		"lease":            testLease,
		"concurrent":       testConcurrent,
		"ended context":    testEndedContext,
		"watch old":        testWatchOld,
		"watch merges":     testWatchMerges,
		"watch never late": testWatchNeverMisses,
		"own copies":       testOwnCopies,
	}
	for name, test := range suite {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// must fails the test on an error.
func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

func mustCommit(tb testing.TB, e kv.Engine, conds []kv.Cond, ops ...kv.Op) int64 {
	tb.Helper()
	return must[int64](tb)(e.Commit(context.Background(), conds, ops...))
}

func keysOf(pairs []kv.Pair) string {
	var keys []string
	for _, p := range pairs {
		keys = append(keys, p.Key)
	}
	return strings.Join(keys, " ")
}

func testCommit(t *testing.T, e kv.Engine) {
	if p, err := kv.Get(t.Context(), e, "a"); err != nil || p.Rev != 0 {
		t.Fatalf("an empty engine has %+v, %v", p, err)
	}
	rev := mustCommit(t, e, []kv.Cond{kv.Absent("a")}, kv.Put("a", []byte("1")), kv.Put("b", nil))
	p := must[kv.Pair](t)(kv.Get(t.Context(), e, "a"))
	if string(p.Value) != "1" || p.Rev != rev || rev == 0 {
		t.Errorf("read %+v after revision %d", p, rev)
	}
	if p := must[kv.Pair](t)(kv.Get(t.Context(), e, "b")); p.Rev != rev || len(p.Value) != 0 {
		t.Errorf("an empty value came back as %+v", p)
	}
	if _, err := e.Commit(t.Context(), []kv.Cond{kv.Absent("a")}, kv.Put("a", []byte("2"))); !errors.Is(err, kv.ErrConflict) {
		t.Errorf("created twice: %v", err)
	}
	later := mustCommit(t, e, []kv.Cond{{Key: "a", Rev: rev}}, kv.Put("a", []byte("3")))
	if later <= rev {
		t.Errorf("revision %d after %d", later, rev)
	}
	if _, err := e.Commit(t.Context(), []kv.Cond{{Key: "a", Rev: rev}}, kv.Remove("a")); !errors.Is(err, kv.ErrConflict) {
		t.Errorf("a removal on an old revision: %v", err)
	}
	mustCommit(t, e, []kv.Cond{{Key: "a", Rev: later}}, kv.Remove("a"))
	mustCommit(t, e, []kv.Cond{kv.Absent("a")}, kv.Put("a", []byte("4")))
}

func testTwoConditions(t *testing.T, e kv.Engine) {
	rev := mustCommit(t, e, nil, kv.Put("a", []byte("1")))
	_, err := e.Commit(t.Context(), []kv.Cond{{Key: "a", Rev: rev}, {Key: "b", Rev: rev}}, kv.Put("a", []byte("2")), kv.Put("c", nil))
	if !errors.Is(err, kv.ErrConflict) {
		t.Fatalf("one of two conditions is false: %v", err)
	}
	pairs, now, err := e.Read(t.Context(), "", "", 10)
	if err != nil || keysOf(pairs) != "a" || string(pairs[0].Value) != "1" || now != rev {
		t.Errorf("afterwards %+v at %d, %v", pairs, now, err)
	}
}

func testPaging(t *testing.T, e kv.Engine) {
	var want []string
	for i := range 25 {
		want = append(want, fmt.Sprintf("k/%02d", i))
		mustCommit(t, e, nil, kv.Put(want[i], []byte{byte(i)}))
	}
	mustCommit(t, e, nil, kv.Put("j", nil), kv.Put("k", nil), kv.Put("k0", nil), kv.Put("l", nil))
	for _, page := range []int{1, 7, 25, 100} {
		var got []string
		for p, err := range kv.Scan(t.Context(), e, "k/", page) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p.Key)
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %v", page, got)
		}
	}
	pairs, _, err := e.Read(t.Context(), "k/24", "", 3)
	if err != nil || keysOf(pairs) != "k/24 k0 l" {
		t.Errorf("without an upper end: %s, %v", keysOf(pairs), err)
	}
}

func testRangeDelete(t *testing.T, e kv.Engine) {
	for i := range 200 { // several pages of bbolt
		mustCommit(t, e, nil, kv.Put(fmt.Sprintf("r/%03d", i), make([]byte, 200)))
	}
	mustCommit(t, e, nil, kv.Put("q", nil), kv.Put("r", nil), kv.Put("r0", nil))
	mustCommit(t, e, nil, kv.RemoveRange("r/010", "r/190"), kv.Put("r/200", nil))
	pairs, _, err := e.Read(t.Context(), "r/005", "r/195", 100)
	if err != nil || keysOf(pairs) != "r/005 r/006 r/007 r/008 r/009 r/190 r/191 r/192 r/193 r/194" {
		t.Errorf("left: %s, %v", keysOf(pairs), err)
	}
	mustCommit(t, e, nil, kv.RemovePrefix("r/"))
	if pairs, _, err := e.Read(t.Context(), "", "", 100); err != nil || keysOf(pairs) != "q r r0" {
		t.Errorf("left: %s, %v", keysOf(pairs), err)
	}
	mustCommit(t, e, nil, kv.RemovePrefix("r/")) // nothing to delete is no error
}

func testLimits(t *testing.T, e kv.Engine) {
	var many []kv.Op
	var conds []kv.Cond
	for i := range kv.MaxOps + 1 {
		many = append(many, kv.Put(fmt.Sprintf("m%03d", i), nil))
		conds = append(conds, kv.Absent(fmt.Sprintf("n%03d", i)))
	}
	big := func(key string) kv.Op { return kv.Put(key, make([]byte, kv.MaxValue)) }
	for name, c := range map[string]struct {
		conds []kv.Cond
		ops   []kv.Op
		ok    bool
	}{
		"operations":           {nil, many, false},
		"as many as allowed":   {nil, many[1:], true},
		"conditions":           {conds, many[:1], false},
		"all conditions":       {conds[1:], many[:1], true},
		"value":                {nil, []kv.Op{kv.Put("v", make([]byte, kv.MaxValue+1))}, false},
		"largest value":        {nil, []kv.Op{big("v")}, true},
		"commit":               {nil, []kv.Op{big("v"), big("w")}, false},
		"no key":               {nil, []kv.Op{kv.Put("", nil)}, false},
		"long key":             {nil, []kv.Op{kv.Put(strings.Repeat("k", kv.MaxKey+1), nil)}, false},
		"one key twice":        {nil, []kv.Op{kv.Put("t", nil), kv.Put("t", nil)}, false},
		"put and removed":      {nil, []kv.Op{kv.Put("t", nil), kv.RemovePrefix("t")}, false},
		"removed and put":      {nil, []kv.Op{kv.RemovePrefix("t"), kv.Put("t", nil)}, false},
		"beside what is going": {nil, []kv.Op{kv.RemovePrefix("t/"), kv.Put("t", nil)}, true},
	} {
		_, err := e.Commit(t.Context(), c.conds, c.ops...)
		if c.ok && err != nil || !c.ok && !errors.Is(err, kv.ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func testLease(t *testing.T, e kv.Engine) {
	first := must[kv.Lease](t)(e.Hold(t.Context(), "leader", time.Minute))
	mustCommit(t, e, []kv.Cond{first.Cond()}, kv.Put("a", []byte("first")))
	other := must[kv.Lease](t)(e.Hold(t.Context(), "other", time.Minute))
	second := must[kv.Lease](t)(e.Hold(t.Context(), "leader", time.Minute))
	select {
	case <-first.Lost():
	case <-t.Context().Done():
		t.Error("the first lease is not told that it is over")
	}
	if _, err := e.Commit(t.Context(), []kv.Cond{first.Cond()}, kv.Put("a", []byte("stale"))); !errors.Is(err, kv.ErrConflict) {
		t.Errorf("a stale term wrote: %v", err)
	}
	mustCommit(t, e, []kv.Cond{second.Cond(), other.Cond()}, kv.Put("a", []byte("second")))
	if err := second.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Commit(t.Context(), []kv.Cond{second.Cond()}, kv.Put("a", nil)); !errors.Is(err, kv.ErrConflict) {
		t.Errorf("wrote after the release: %v", err)
	}
	if p := must[kv.Pair](t)(kv.Get(t.Context(), e, "a")); string(p.Value) != "second" {
		t.Errorf("a is %s", p.Value)
	}
}

// testConcurrent counts up with many hands: a conflict of one must spoil no other,
// and each increment must be there once.
func testConcurrent(t *testing.T, e kv.Engine) {
	const hands, each = 8, 20
	var all sync.WaitGroup
	for h := range hands {
		all.Go(func() {
			for range each {
				if _, err := e.Commit(t.Context(), nil, kv.Put(fmt.Sprint("mine", h), nil)); err != nil {
					t.Errorf("without a condition: %v", err)
				}
			}
		})
	}
	for range hands {
		all.Go(func() {
			for range each {
				if err := increment(t.Context(), e, "count"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if p := must[kv.Pair](t)(kv.Get(t.Context(), e, "count")); len(p.Value) != hands*each {
		t.Errorf("counted to %d, want %d", len(p.Value), hands*each)
	}
}

func increment(ctx context.Context, e kv.Engine, key string) error {
	for {
		p, err := kv.Get(ctx, e, key)
		if err != nil {
			return err
		}
		_, err = e.Commit(ctx, []kv.Cond{{Key: key, Rev: p.Rev}}, kv.Put(key, append(p.Value, '1')))
		if !errors.Is(err, kv.ErrConflict) {
			return err
		}
	}
}

func testEndedContext(t *testing.T, e kv.Engine) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Commit(ctx, nil, kv.Put("a", nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
	if _, _, err := e.Read(ctx, "", "", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if _, err := e.Hold(ctx, "leader", time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("hold: %v", err)
	}
	if p := must[kv.Pair](t)(kv.Get(t.Context(), e, "a")); p.Rev != 0 {
		t.Error("the commit took effect")
	}
}

func testWatchOld(t *testing.T, e kv.Engine) {
	old := mustCommit(t, e, nil, kv.Put("w/a", []byte("1")))
	mustCommit(t, e, nil, kv.Put("w/b", []byte("1")))
	mustCommit(t, e, nil, kv.Put("x", nil))
	mustCommit(t, e, nil, kv.Put("w/c", []byte("1")))
	mustCommit(t, e, nil, kv.Put("w/b", []byte("2")))
	mustCommit(t, e, nil, kv.Remove("w/a"))
	next, stop := iter.Pull2(e.Watch(t.Context(), "w/", old))
	defer stop()
	for _, want := range []string{"w/c 1", "w/b 2"} {
		if got := pulled(t, next); got != want {
			t.Errorf("told %s, want %s", got, want)
		}
	}
	mustCommit(t, e, nil, kv.Put("w/d", []byte("1")), kv.Put("y", nil))
	if got := pulled(t, next); got != "w/d 1" {
		t.Errorf("told %s", got)
	}
}

func pulled(tb testing.TB, next func() (kv.Pair, error, bool)) string {
	tb.Helper()
	p, err, ok := next()
	if err != nil || !ok {
		tb.Fatalf("the watch ended: %v", err)
	}
	return p.Key + " " + string(p.Value)
}

func testWatchMerges(t *testing.T, e kv.Engine) {
	ctx, cancel := context.WithCancel(t.Context())
	next, stop := iter.Pull2(e.Watch(ctx, "w/", 0))
	defer stop()
	mustCommit(t, e, nil, kv.Put("w/a", []byte("0")))
	if got := pulled(t, next); got != "w/a 0" {
		t.Errorf("told %s", got)
	}
	for i := range 50 { // nobody looks meanwhile
		mustCommit(t, e, nil, kv.Put("w/a", fmt.Append(nil, i)))
	}
	told := 0
	for pulled(t, next) != "w/a 49" {
		told++
	}
	if told > 1 {
		t.Errorf("told of %d states before the last one", told)
	}
	cancel()
	for {
		_, err, ok := next()
		if !ok {
			t.Fatal("the watch ended without an error")
		}
		if errors.Is(err, context.Canceled) {
			return
		}
	}
}

// testWatchNeverMisses writes from several hands while two watchers look: each
// must see the last state of every key.
func testWatchNeverMisses(t *testing.T, e kv.Engine) {
	const hands, each = 4, 25
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			last := map[string]string{}
			for p, err := range e.Watch(t.Context(), "w/", 0) {
				if err != nil {
					t.Error(err)
					return
				}
				last[p.Key] = string(p.Value)
				if complete(last, hands, each) {
					return
				}
			}
		})
	}
	for h := range hands {
		all.Go(func() {
			for i := range each {
				if _, err := e.Commit(t.Context(), nil, kv.Put(fmt.Sprintf("w/%d", h), fmt.Append(nil, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func complete(last map[string]string, hands, each int) bool {
	for h := range hands {
		if last[fmt.Sprintf("w/%d", h)] != fmt.Sprint(each-1) {
			return false
		}
	}
	return true
}

func testOwnCopies(t *testing.T, e kv.Engine) {
	value := []byte("mine")
	mustCommit(t, e, nil, kv.Put("a", value))
	copy(value, "gone")
	p := must[kv.Pair](t)(kv.Get(t.Context(), e, "a"))
	copy(p.Value, "gone")
	if p := must[kv.Pair](t)(kv.Get(t.Context(), e, "a")); string(p.Value) != "mine" {
		t.Errorf("the value is shared: %s", p.Value)
	}
}
