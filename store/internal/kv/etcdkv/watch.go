package etcdkv

import (
	"context"
	"iter"
	"strings"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"factorbot/store/internal/kv"
)

// Watch implements kv.Engine.
func (e *Engine) Watch(ctx context.Context, prefix string, after int64) iter.Seq2[kv.Pair, error] {
	return func(yield func(kv.Pair, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var following sync.WaitGroup
		defer following.Wait()
		defer cancel()
		m := kv.NewMarks(prefix)
		next, err := e.catchUp(ctx, m, after)
		if err != nil {
			yield(kv.Pair{}, err)
			return
		}
		following.Go(func() { e.follow(ctx, m, prefix, next) })
		m.Pairs(ctx, e, e.ctx.Done())(yield)
	}
}

// catchUp marks what was written after a revision, and returns the revision to follow from.
func (e *Engine) catchUp(ctx context.Context, m *kv.Marks, after int64) (next int64, err error) {
	_, rev, err := e.Read(ctx, "", "\x00", 1)
	if err != nil {
		return 0, err
	}
	return rev + 1, m.Existing(ctx, e, after)
}

// follow marks what is written from a revision on, until the context ends. Where etcd has
// compacted what it would have told, or the watch broke off, it reads again what is there.
func (e *Engine) follow(ctx context.Context, m *kv.Marks, prefix string, next int64) {
	for e.over(ctx) == nil {
		next = e.followOnce(ctx, m, prefix, next)
		for e.wait(ctx, retryPause) == nil {
			from, err := e.catchUp(ctx, m, next-1)
			if err == nil {
				next = from
				break
			}
		}
	}
}

// followOnce marks what one watch of etcd tells, and returns the revision after the last.
func (e *Engine) followOnce(ctx context.Context, m *kv.Marks, prefix string, next int64) int64 {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changes := e.client.Watch(clientv3.WithRequireLeader(ctx), e.prefix+prefix,
		clientv3.WithPrefix(), clientv3.WithRev(next), clientv3.WithFilterDelete())
	for {
		select {
		case <-e.ctx.Done():
			return next
		case got, open := <-changes:
			if !open || got.Err() != nil {
				return next
			}
			for _, event := range got.Events {
				m.Add(strings.TrimPrefix(string(event.Kv.Key), e.prefix), event.Kv.ModRevision)
				next = event.Kv.ModRevision + 1
			}
		}
	}
}
