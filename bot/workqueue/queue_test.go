package workqueue

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestQueue_orderWithinAndNoneBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(4)
		var mu sync.Mutex
		done := map[string][]int{}
		release := make(chan struct{})
		l.Add(t.Context(), "slow", Once(func() { <-release }))
		for n := range 20 {
			for lane := range 3 {
				name := fmt.Sprint("lane ", lane)
				l.Add(t.Context(), name, Once(func() {
					mu.Lock()
					defer mu.Unlock()
					done[name] = append(done[name], n)
				}))
			}
		}
		synctest.Wait()
		for name, got := range done {
			if len(got) != 20 || !slices.IsSorted(got) {
				t.Errorf("%s did %v beside a slow lane", name, got)
			}
		}
		close(release)
		l.Wait()
		if len(l.queued) != 0 {
			t.Errorf("keys are left: %v", l.queued)
		}
	})
}

func TestQueue_dropsWhatIsLeftAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l := New(1)
		ran := 0
		l.Add(ctx, "a", Once(func() { <-ctx.Done(); ran++ }))
		synctest.Wait()
		l.Add(ctx, "b", Once(func() { Rest(context.Background(), time.Hour, nil) }))
		cancel()
		l.Wait()
		if ran != 1 {
			t.Errorf("%d jobs ran", ran)
		}
	})
}
