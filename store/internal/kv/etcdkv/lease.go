package etcdkv

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
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
	asked := time.Now()
	var grant *clientv3.LeaseGrantResponse
	err := e.twice(ctx, func(ctx context.Context) (err error) {
		grant, err = e.client.Grant(ctx, int64(max(ttl, time.Second)/time.Second))
		return err
	})
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
	e.keep.Go(func() { l.keep(ttl, asked) })
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
// before another process can have it. asked is when the lease was asked for. A renewal
// that is slow to be answered is sent again to another member: one that hangs keeps its
// connections open.
func (l *lease) keep(ttl time.Duration, asked time.Time) {
	var renewing sync.WaitGroup
	defer renewing.Wait()
	defer l.end()
	lasts := time.NewTimer(time.Until(asked.Add(ttl * 3 / 4)))
	defer lasts.Stop()
	next := time.NewTimer(0)
	defer next.Stop()
	answers, gone := make(chan time.Time), make(chan struct{}, 1)
	for {
		select {
		case <-next.C:
			next.Reset(ttl / 12)
			renewing.Go(func() { l.renew(ttl, answers, gone) })
		case at := <-answers:
			if at.After(asked) {
				asked = at
				lasts.Reset(time.Until(at.Add(ttl * 3 / 4)))
				next.Reset(time.Until(at.Add(ttl / 3)))
			}
		case <-gone:
			return
		case <-lasts.C:
			return
		case <-l.ctx.Done():
			return
		}
	}
}

// renew renews the lease once, and tells when that was asked for, or that the lease is gone.
func (l *lease) renew(ttl time.Duration, answers chan<- time.Time, gone chan<- struct{}) {
	ctx, cancel := context.WithTimeout(l.ctx, ttl)
	defer cancel()
	asked := time.Now()
	left, err := l.ask(ctx)
	switch {
	case err != nil: // it is asked for again
	case left <= 0:
		select {
		case gone <- struct{}{}:
		default: // that is known
		}
	default:
		select {
		case answers <- asked:
		case <-ctx.Done():
		}
	}
}

// ask renews the lease on a stream of its own, and returns for how many seconds it lasts;
// 0: it is over.
func (l *lease) ask(ctx context.Context) (seconds int64, err error) {
	stream, err := etcdserverpb.NewLeaseClient(l.engine.client.ActiveConnection()).LeaseKeepAlive(ctx)
	if err != nil {
		return 0, err
	}
	if err := stream.Send(&etcdserverpb.LeaseKeepAliveRequest{ID: int64(l.id)}); err != nil {
		return 0, err
	}
	answer, err := stream.Recv()
	if err != nil {
		return 0, err
	}
	return answer.TTL, stream.CloseSend()
}

// Release gives the lease back.
func (l *lease) Release(ctx context.Context) error {
	l.end()
	err := l.engine.twice(ctx, func(ctx context.Context) error {
		_, err := l.engine.client.Revoke(ctx, l.id)
		return err
	})
	if err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return fmt.Errorf("give a lease of etcd back: %w", err)
	}
	return nil
}
