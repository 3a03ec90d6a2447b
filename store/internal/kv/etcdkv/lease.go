package etcdkv

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"factorbot/store/internal/kv"
)

// Hold implements kv.Engine. An earlier holder in this process loses the lease at once;
// another process has to give it back, or its lease has to expire.
func (e *Engine) Hold(ctx context.Context, name string, ttl time.Duration) (kv.Lease, error) {
	for {
		if err := e.over(ctx); err != nil {
			return nil, err
		}
		p, err := kv.Get(ctx, e, kv.LeaseKey(name))
		if err != nil {
			return nil, err
		}
		e.mu.Lock()
		earlier := e.leases[name]
		e.mu.Unlock()
		if p.Rev != 0 && (earlier == nil || earlier.on.Rev != p.Rev) {
			if err := e.waitGone(ctx, p, ttl); err != nil {
				return nil, err
			}
			continue
		}
		l, err := e.take(ctx, name, ttl, p.Rev)
		switch {
		case errors.Is(err, kv.ErrConflict):
			continue
		case err != nil:
			return nil, fmt.Errorf("hold %s: %w", name, err)
		}
		if earlier != nil {
			earlier.end()
		}
		return l, nil
	}
}

// waitGone waits until the key of a lease has moved, or a part of the lease's time is over.
func (e *Engine) waitGone(ctx context.Context, p kv.Pair, ttl time.Duration) error {
	watching, cancel := context.WithTimeout(ctx, ttl/3)
	defer cancel()
	select {
	case <-e.client.Watch(watching, e.prefix+p.Key, clientv3.WithRev(p.Rev+1)): // closed when the time is over
	case <-e.ctx.Done():
	}
	return e.over(ctx)
}

// take writes the key of a lease, if it still has the revision.
func (e *Engine) take(ctx context.Context, name string, ttl time.Duration, rev int64) (*lease, error) {
	call, cancel := context.WithTimeout(ctx, e.try)
	defer cancel()
	grant, err := e.client.Grant(call, int64(max(ttl, time.Second)/time.Second))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", kv.ErrAway, err)
	}
	key := kv.LeaseKey(name)
	value := fmt.Sprintf("%s %x", e.name, grant.ID)
	on := kv.Cond{Key: key, Rev: rev}
	at, err := e.commit(ctx, []kv.Cond{on}, []clientv3.Op{clientv3.OpPut(e.prefix+key, value, clientv3.WithLease(grant.ID))})
	if errors.Is(err, kv.ErrUnknown) {
		if p, readErr := kv.Get(ctx, e, key); readErr == nil && string(p.Value) == value {
			at, err = p.Rev, nil
		}
	}
	if err != nil {
		return nil, err
	}
	l := &lease{engine: e, id: grant.ID, on: kv.Cond{Key: key, Rev: at}, over: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancel(e.ctx)
	e.mu.Lock()
	e.leases[name] = l
	e.mu.Unlock()
	e.keep.Go(func() { l.keep(ttl) })
	return l, nil
}

// lease lasts while etcd answers in time to what keeps it alive.
type lease struct {
	engine *Engine
	id     clientv3.LeaseID
	on     kv.Cond
	ctx    context.Context
	cancel context.CancelFunc
	once   sync.Once
	over   chan struct{}
}

func (l *lease) Cond() kv.Cond         { return l.on }
func (l *lease) Lost() <-chan struct{} { return l.over }

func (l *lease) end() {
	l.once.Do(func() {
		l.cancel()
		close(l.over)
	})
}

// keep renews the lease, and ends it when that has failed for three quarters of its time:
// before another process can have it.
func (l *lease) keep(ttl time.Duration) {
	defer l.end()
	answers, err := l.engine.client.KeepAlive(l.ctx, l.id)
	if err != nil {
		return
	}
	limit := ttl * 3 / 4
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case a, open := <-answers:
			if !open || a == nil {
				return
			}
			timer.Reset(limit)
		case <-timer.C:
			return
		case <-l.ctx.Done():
			return
		}
	}
}

// Release gives the lease back.
func (l *lease) Release(ctx context.Context) error {
	l.end()
	call, cancel := context.WithTimeout(ctx, l.engine.try)
	defer cancel()
	if _, err := l.engine.client.Revoke(call, l.id); err != nil {
		return fmt.Errorf("give a lease of etcd back: %w", err)
	}
	return nil
}
