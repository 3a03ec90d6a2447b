package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// engines are what the suite holds to the contract. Another engine adds itself here.
func engines() map[string]func(testing.TB) engine {
	return map[string]func(testing.TB) engine{
		"bolt":  func(tb testing.TB) engine { return mustBolt(tb) },
		"model": func(testing.TB) engine { return newModel() },
	}
}

// mustBolt opens an empty file; at the end of the test it is checked and closed.
func mustBolt(tb testing.TB) *bolt {
	tb.Helper()
	b, err := openBolt(filepath.Join(tb.TempDir(), "factorbot.db"), time.Second)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		mustBeSound(tb, b)
		if err := b.close(); err != nil {
			tb.Error(err)
		}
	})
	return b
}

func TestEngine(t *testing.T) {
	suite := map[string]func(*testing.T, engine){
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
	for name, open := range engines() {
		for what, test := range suite {
			t.Run(name+"/"+what, func(t *testing.T) { test(t, open(t)) })
		}
	}
}

func mustCommit(tb testing.TB, e engine, conds []cond, ops ...op) int64 {
	tb.Helper()
	return must[int64](tb)(e.commit(context.Background(), conds, ops...))
}

func keysOf(pairs []pair) string {
	var keys []string
	for _, p := range pairs {
		keys = append(keys, p.key)
	}
	return strings.Join(keys, " ")
}

func testCommit(t *testing.T, e engine) {
	if p, err := get(t.Context(), e, "a"); err != nil || p.rev != 0 {
		t.Fatalf("an empty engine has %+v, %v", p, err)
	}
	rev := mustCommit(t, e, []cond{absent("a")}, put("a", []byte("1")), put("b", nil))
	p := must[pair](t)(get(t.Context(), e, "a"))
	if string(p.value) != "1" || p.rev != rev || rev == 0 {
		t.Errorf("read %+v after revision %d", p, rev)
	}
	if p := must[pair](t)(get(t.Context(), e, "b")); p.rev != rev || len(p.value) != 0 {
		t.Errorf("an empty value came back as %+v", p)
	}
	if _, err := e.commit(t.Context(), []cond{absent("a")}, put("a", []byte("2"))); !errors.Is(err, errConflict) {
		t.Errorf("created twice: %v", err)
	}
	later := mustCommit(t, e, []cond{{"a", rev}}, put("a", []byte("3")))
	if later <= rev {
		t.Errorf("revision %d after %d", later, rev)
	}
	if _, err := e.commit(t.Context(), []cond{{"a", rev}}, remove("a")); !errors.Is(err, errConflict) {
		t.Errorf("a removal on an old revision: %v", err)
	}
	mustCommit(t, e, []cond{{"a", later}}, remove("a"))
	mustCommit(t, e, []cond{absent("a")}, put("a", []byte("4")))
}

func testTwoConditions(t *testing.T, e engine) {
	rev := mustCommit(t, e, nil, put("a", []byte("1")))
	_, err := e.commit(t.Context(), []cond{{"a", rev}, {"b", rev}}, put("a", []byte("2")), put("c", nil))
	if !errors.Is(err, errConflict) {
		t.Fatalf("one of two conditions is false: %v", err)
	}
	pairs, now, err := e.read(t.Context(), "", "", 10)
	if err != nil || keysOf(pairs) != "a" || string(pairs[0].value) != "1" || now != rev {
		t.Errorf("afterwards %+v at %d, %v", pairs, now, err)
	}
}

func testPaging(t *testing.T, e engine) {
	var want []string
	for i := range 25 {
		want = append(want, fmt.Sprintf("k/%02d", i))
		mustCommit(t, e, nil, put(want[i], []byte{byte(i)}))
	}
	mustCommit(t, e, nil, put("j", nil), put("k", nil), put("k0", nil), put("l", nil))
	for _, page := range []int{1, 7, 25, 100} {
		var got []string
		for p, err := range scan(t.Context(), e, "k/", page) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p.key)
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %v", page, got)
		}
	}
	pairs, _, err := e.read(t.Context(), "k/24", "", 3)
	if err != nil || keysOf(pairs) != "k/24 k0 l" {
		t.Errorf("without an upper end: %s, %v", keysOf(pairs), err)
	}
}

func testRangeDelete(t *testing.T, e engine) {
	for i := range 200 { // several pages of bbolt
		mustCommit(t, e, nil, put(fmt.Sprintf("r/%03d", i), make([]byte, 200)))
	}
	mustCommit(t, e, nil, put("q", nil), put("r", nil), put("r0", nil))
	mustCommit(t, e, nil, removeRange("r/010", "r/190"), put("r/200", nil))
	pairs, _, err := e.read(t.Context(), "r/005", "r/195", 100)
	if err != nil || keysOf(pairs) != "r/005 r/006 r/007 r/008 r/009 r/190 r/191 r/192 r/193 r/194" {
		t.Errorf("left: %s, %v", keysOf(pairs), err)
	}
	mustCommit(t, e, nil, removePrefix("r/"))
	if pairs, _, err := e.read(t.Context(), "", "", 100); err != nil || keysOf(pairs) != "q r r0" {
		t.Errorf("left: %s, %v", keysOf(pairs), err)
	}
	mustCommit(t, e, nil, removePrefix("r/")) // nothing to delete is no error
}

func testLimits(t *testing.T, e engine) {
	var many []op
	var conds []cond
	for i := range maxOps + 1 {
		many = append(many, put(fmt.Sprintf("m%03d", i), nil))
		conds = append(conds, absent(fmt.Sprintf("n%03d", i)))
	}
	big := func(key string) op { return put(key, make([]byte, maxValue)) }
	for name, c := range map[string]struct {
		conds []cond
		ops   []op
		ok    bool
	}{
		"operations":           {nil, many, false},
		"as many as allowed":   {nil, many[1:], true},
		"conditions":           {conds, many[:1], false},
		"all conditions":       {conds[1:], many[:1], true},
		"value":                {nil, []op{put("v", make([]byte, maxValue+1))}, false},
		"largest value":        {nil, []op{big("v")}, true},
		"commit":               {nil, []op{big("v"), big("w")}, false},
		"no key":               {nil, []op{put("", nil)}, false},
		"long key":             {nil, []op{put(strings.Repeat("k", maxKey+1), nil)}, false},
		"one key twice":        {nil, []op{put("t", nil), put("t", nil)}, false},
		"put and removed":      {nil, []op{put("t", nil), removePrefix("t")}, false},
		"removed and put":      {nil, []op{removePrefix("t"), put("t", nil)}, false},
		"beside what is going": {nil, []op{removePrefix("t/"), put("t", nil)}, true},
	} {
		_, err := e.commit(t.Context(), c.conds, c.ops...)
		if c.ok && err != nil || !c.ok && !errors.Is(err, errLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func testLease(t *testing.T, e engine) {
	first := must[lease](t)(e.hold(t.Context(), "leader", time.Minute))
	mustCommit(t, e, []cond{first.cond()}, put("a", []byte("first")))
	other := must[lease](t)(e.hold(t.Context(), "other", time.Minute))
	second := must[lease](t)(e.hold(t.Context(), "leader", time.Minute))
	select {
	case <-first.lost():
	case <-t.Context().Done():
		t.Error("the first lease is not told that it is over")
	}
	if _, err := e.commit(t.Context(), []cond{first.cond()}, put("a", []byte("stale"))); !errors.Is(err, errConflict) {
		t.Errorf("a stale term wrote: %v", err)
	}
	mustCommit(t, e, []cond{second.cond(), other.cond()}, put("a", []byte("second")))
	if err := second.release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.commit(t.Context(), []cond{second.cond()}, put("a", nil)); !errors.Is(err, errConflict) {
		t.Errorf("wrote after the release: %v", err)
	}
	if p := must[pair](t)(get(t.Context(), e, "a")); string(p.value) != "second" {
		t.Errorf("a is %s", p.value)
	}
}

// testConcurrent counts up with many hands: a conflict of one must spoil no other,
// and each increment must be there once.
func testConcurrent(t *testing.T, e engine) {
	const hands, each = 8, 20
	var all sync.WaitGroup
	for h := range hands {
		all.Go(func() {
			for range each {
				if _, err := e.commit(t.Context(), nil, put(fmt.Sprint("mine", h), nil)); err != nil {
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
	if p := must[pair](t)(get(t.Context(), e, "count")); len(p.value) != hands*each {
		t.Errorf("counted to %d, want %d", len(p.value), hands*each)
	}
}

func increment(ctx context.Context, e engine, key string) error {
	return again(ctx, func() error {
		p, err := get(ctx, e, key)
		if err != nil {
			return err
		}
		_, err = e.commit(ctx, []cond{{key, p.rev}}, put(key, append(p.value, '1')))
		return err
	})
}

func testEndedContext(t *testing.T, e engine) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.commit(ctx, nil, put("a", nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
	if _, _, err := e.read(ctx, "", "", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if _, err := e.hold(ctx, "leader", time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("hold: %v", err)
	}
	if p := must[pair](t)(get(t.Context(), e, "a")); p.rev != 0 {
		t.Error("the commit took effect")
	}
}

func testWatchOld(t *testing.T, e engine) {
	old := mustCommit(t, e, nil, put("w/a", []byte("1")))
	mustCommit(t, e, nil, put("w/b", []byte("1")))
	mustCommit(t, e, nil, put("x", nil))
	mustCommit(t, e, nil, put("w/c", []byte("1")))
	mustCommit(t, e, nil, put("w/b", []byte("2")))
	mustCommit(t, e, nil, remove("w/a"))
	next, stop := iter.Pull2(e.watch(t.Context(), "w/", old))
	defer stop()
	for _, want := range []string{"w/c 1", "w/b 2"} {
		if got := pulled(t, next); got != want {
			t.Errorf("told %s, want %s", got, want)
		}
	}
	mustCommit(t, e, nil, put("w/d", []byte("1")), put("y", nil))
	if got := pulled(t, next); got != "w/d 1" {
		t.Errorf("told %s", got)
	}
}

func pulled(tb testing.TB, next func() (pair, error, bool)) string {
	tb.Helper()
	p, err, ok := next()
	if err != nil || !ok {
		tb.Fatalf("the watch ended: %v", err)
	}
	return p.key + " " + string(p.value)
}

func testWatchMerges(t *testing.T, e engine) {
	ctx, cancel := context.WithCancel(t.Context())
	next, stop := iter.Pull2(e.watch(ctx, "w/", 0))
	defer stop()
	mustCommit(t, e, nil, put("w/a", []byte("0")))
	if got := pulled(t, next); got != "w/a 0" {
		t.Errorf("told %s", got)
	}
	for i := range 50 { // nobody looks meanwhile
		mustCommit(t, e, nil, put("w/a", fmt.Append(nil, i)))
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
func testWatchNeverMisses(t *testing.T, e engine) {
	const hands, each = 4, 25
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			last := map[string]string{}
			for p, err := range e.watch(t.Context(), "w/", 0) {
				if err != nil {
					t.Error(err)
					return
				}
				last[p.key] = string(p.value)
				if complete(last, hands, each) {
					return
				}
			}
		})
	}
	for h := range hands {
		all.Go(func() {
			for i := range each {
				if _, err := e.commit(t.Context(), nil, put(fmt.Sprintf("w/%d", h), fmt.Append(nil, i))); err != nil {
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

func testOwnCopies(t *testing.T, e engine) {
	value := []byte("mine")
	mustCommit(t, e, nil, put("a", value))
	copy(value, "gone")
	p := must[pair](t)(get(t.Context(), e, "a"))
	copy(p.value, "gone")
	if p := must[pair](t)(get(t.Context(), e, "a")); string(p.value) != "mine" {
		t.Errorf("the value is shared: %s", p.value)
	}
}
