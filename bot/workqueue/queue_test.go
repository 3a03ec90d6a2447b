package bot

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestLanes_orderWithinAndNoneBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes(4)
		var mu sync.Mutex
		done := map[string][]int{}
		release := make(chan struct{})
		l.add(t.Context(), "slow", once(func() { <-release }))
		for n := range 20 {
			for lane := range 3 {
				name := fmt.Sprint("lane ", lane)
				l.add(t.Context(), name, once(func() {
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
		l.wait()
		if len(l.queued) != 0 {
			t.Errorf("lanes are left: %v", l.queued)
		}
	})
}

func TestLanes_dropWhatIsLeftAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l := newLanes(1)
		ran := 0
		l.add(ctx, "a", once(func() { <-ctx.Done(); ran++ }))
		synctest.Wait()
		l.add(ctx, "b", once(func() { _ = pause(context.Background(), time.Hour) }))
		cancel()
		l.wait()
		if ran != 1 {
			t.Errorf("%d jobs ran", ran)
		}
	})
}
