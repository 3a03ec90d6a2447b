// Package etcdkv is the engine in etcd, for several processes that serve one record.
//
// A commit is one transaction of etcd, and a revision is etcd's. An answer that is lost
// leaves open whether a commit took effect; so that it cannot do so later, each commit
// depends on the engine's fence, a key of its own that is written again after each lost
// answer, before anything else is read or committed.
package etcdkv

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"factorbot/store/internal/kv"
)

// Config says where etcd is.
type Config struct {
	Endpoints      []string      // "host:2379"
	Prefix         string        // of all keys; one for each record
	TLS            *tls.Config   // nil: without TLS
	User, Password string        // "": without
	Try            time.Duration // deadline of one call; 2 s if it is 0
}

const (
	// readPatience is for how long a read is tried again while etcd is away; an election
	// of a leader takes some seconds.
	readPatience = 10 * time.Second
	// quick is the part of a call's deadline after which what may be done twice is tried
	// again, on another member: gRPC takes 12 s to see that one hangs.
	quick = 4
	// retryPause is the time between two tries.
	retryPause = 100 * time.Millisecond
	// fenceTTL is how long a fence outlives its engine. An engine that meets the end of its
	// fence makes another.
	fenceTTL = 24 * time.Hour
	// closeTimeout bounds what Close does for those that go on.
	closeTimeout = 2 * time.Second
)

// Engine is an engine in etcd. It is safe for concurrent use.
type Engine struct {
	client *clientv3.Client
	prefix string // of the pairs
	fences string // prefix of the fences
	try    time.Duration
	name   string // of the fence, and of who holds a lease
	ctx    context.Context
	stop   context.CancelFunc
	keep   sync.WaitGroup // of the goroutines that keep leases

	fencing sync.Mutex // guards what follows, and is held while the fence is written
	fence   int64      // revision of the fence; 0: it has to be written before anything is committed
	torn    bool       // an answer was lost: the fence has to be written before anything is read, too

	mu     sync.Mutex // guards leases
	leases map[string]*lease
}

// Open connects to etcd. It does not wait for it.
func Open(c Config) (*Engine, error) {
	if c.Try == 0 {
		c.Try = 2 * time.Second
	}
	ctx, stop := context.WithCancel(context.Background())
	client, err := clientv3.New(clientv3.Config{
		Context: ctx, Endpoints: c.Endpoints, TLS: c.TLS, Username: c.User, Password: c.Password,
		DialTimeout: c.Try, DialKeepAliveTime: c.Try, DialKeepAliveTimeout: c.Try, Logger: zap.NewNop(),
		DialOptions: []grpc.DialOption{
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff: backoff.Config{BaseDelay: retryPause, Multiplier: 1.6, Jitter: 0.2, MaxDelay: c.Try}, MinConnectTimeout: c.Try,
			}),
			// gRPC would take HTTPS_PROXY, which leads outside to Slack and Okta, and a refusal
			// would show as a call that took too long. NO_PROXY would not help: gRPC asks
			// it about the first member alone, and does the same for all others.
			grpc.WithNoProxy(),
		},
	})
	if err != nil {
		stop()
		return nil, fmt.Errorf("connect to etcd: %w", err)
	}
	root := strings.TrimSuffix(c.Prefix, "/")
	return &Engine{
		client: client, prefix: root + "/pairs/", fences: root + "/fences/", try: c.Try, name: rand.Text(),
		ctx: ctx, stop: stop, leases: map[string]*lease{},
	}, nil
}

// Close gives the leases back and closes the connections.
func (e *Engine) Close() error {
	if e.ctx.Err() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(e.ctx, closeTimeout)
	defer cancel()
	e.mu.Lock()
	held := slices.Collect(maps.Values(e.leases))
	e.mu.Unlock()
	for _, l := range held {
		_ = l.Release(ctx) // or it ends by itself
	}
	_, _ = e.client.Delete(ctx, e.fenceKey()) // the same
	e.stop()
	e.keep.Wait()
	if err := e.client.Close(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("disconnect from etcd: %w", err)
	}
	return nil
}

func (e *Engine) fenceKey() string { return e.fences + e.name }

// Read implements kv.Engine. While etcd is away it tries again for some seconds.
func (e *Engine) Read(ctx context.Context, from, to string, limit int) ([]kv.Pair, int64, error) {
	return e.readAt(ctx, 0, from, to, limit)
}

// readAt reads the pairs as they are at a revision, 0 for the newest.
func (e *Engine) readAt(ctx context.Context, rev int64, from, to string, limit int) ([]kv.Pair, int64, error) {
	end := clientv3.GetPrefixRangeEnd(e.prefix)
	if to != "" {
		end = e.prefix + to
	}
	var got *clientv3.GetResponse
	err := e.patiently(ctx, func(ctx context.Context) error {
		if err := e.mended(ctx); err != nil {
			return err
		}
		var err error
		got, err = e.client.Get(ctx, e.prefix+from, clientv3.WithRange(end), clientv3.WithLimit(int64(limit)), clientv3.WithRev(rev))
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	pairs := make([]kv.Pair, len(got.Kvs))
	for i, p := range got.Kvs {
		pairs[i] = kv.Pair{Key: strings.TrimPrefix(string(p.Key), e.prefix), Value: p.Value, Rev: p.ModRevision}
	}
	return pairs, got.Header.Revision, nil
}

// patiently repeats what changes nothing, each try with a deadline, until it succeeds, is
// refused, or the patience is at its end.
func (e *Engine) patiently(ctx context.Context, try func(context.Context) error) error {
	deadline := time.Now().Add(readPatience)
	for limit := e.try / quick; ; limit = min(2*limit, e.try) {
		if err := e.over(ctx); err != nil {
			return err
		}
		call, cancel := context.WithTimeout(ctx, limit)
		err := try(call)
		cancel()
		switch {
		case err == nil:
			return nil
		case e.over(ctx) != nil:
			return e.over(ctx)
		case refused(err):
			return fmt.Errorf("ask etcd: %w", err)
		case time.Now().After(deadline):
			return fmt.Errorf("ask etcd: %w: %w", kv.ErrAway, err)
		}
		if err := e.wait(ctx, retryPause); err != nil {
			return err
		}
	}
}

// twice does what may be done twice, within the deadline of one call: a second time, on
// another member, where the first gives no answer soon.
func (e *Engine) twice(ctx context.Context, do func(context.Context) error) error {
	first, cancel := context.WithTimeout(ctx, e.try/quick)
	err := do(first)
	cancel()
	if err == nil || refused(err) || e.over(ctx) != nil {
		return err
	}
	again, cancel := context.WithTimeout(ctx, e.try-e.try/quick)
	defer cancel()
	return do(again)
}

// over returns the error of an ended context or engine.
func (e *Engine) over(ctx context.Context) error {
	if e.ctx.Err() != nil {
		return kv.ErrClosed
	}
	return ctx.Err()
}

func (e *Engine) wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	case <-e.ctx.Done():
	}
	return e.over(ctx)
}

// Commit implements kv.Engine. Each call has a deadline of its own, which is short: one to
// a dead member would hang.
func (e *Engine) Commit(ctx context.Context, conds []kv.Cond, ops ...kv.Op) (int64, error) {
	if err := kv.CheckLimits(conds, ops); err != nil {
		return 0, err
	}
	var then []clientv3.Op
	for _, o := range ops {
		switch {
		case !o.Del:
			then = append(then, clientv3.OpPut(e.prefix+o.Key, string(o.Value)))
		case o.To == "":
			then = append(then, clientv3.OpDelete(e.prefix+o.Key, clientv3.WithRange(clientv3.GetPrefixRangeEnd(e.prefix))))
		default:
			then = append(then, clientv3.OpDelete(e.prefix+o.Key, clientv3.WithRange(e.prefix+o.To)))
		}
	}
	return e.commit(ctx, conds, then)
}

func (e *Engine) commit(ctx context.Context, conds []kv.Cond, then []clientv3.Op) (int64, error) {
	for {
		if err := e.over(ctx); err != nil {
			return 0, err
		}
		fence, err := e.fenced(ctx)
		if err != nil {
			if e.over(ctx) != nil {
				return 0, e.over(ctx)
			}
			return 0, fmt.Errorf("%w: %w", kv.ErrUnknown, err)
		}
		rev, stale, err := e.attempt(ctx, fence, conds, then)
		if !stale {
			return rev, err
		}
		e.breach(fence)
	}
}

// attempt sends a commit once. It is stale, and had no effect, if the fence is not the one
// that it was sent with.
func (e *Engine) attempt(ctx context.Context, fence int64, conds []kv.Cond, then []clientv3.Op) (rev int64, stale bool, err error) {
	compare := []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(e.fenceKey()), "=", fence)}
	for _, c := range conds {
		compare = append(compare, clientv3.Compare(clientv3.ModRevision(e.prefix+c.Key), "=", c.Rev))
	}
	call, cancel := context.WithTimeout(ctx, e.try)
	defer cancel()
	got, err := e.client.Txn(call).If(compare...).Then(then...).Else(clientv3.OpGet(e.fenceKey(), clientv3.WithKeysOnly())).Commit()
	switch {
	case err != nil && refused(err):
		return 0, false, fmt.Errorf("commit to etcd: %w", err)
	case err != nil:
		e.breach(fence)
		again, cancel := context.WithTimeout(e.ctx, e.try)
		defer cancel()
		_, _ = e.fenced(again) // now, or before whatever comes next
		return 0, false, fmt.Errorf("%w: %w", kv.ErrUnknown, err)
	case got.Succeeded:
		return got.Header.Revision, false, nil
	}
	now := got.Responses[0].GetResponseRange().Kvs
	if len(now) == 0 || now[0].ModRevision != fence {
		return 0, true, nil
	}
	return 0, false, kv.ErrConflict
}

// fenced returns the revision of the fence, and writes it first where an answer was lost.
func (e *Engine) fenced(ctx context.Context) (int64, error) {
	e.fencing.Lock()
	defer e.fencing.Unlock()
	if e.fence != 0 {
		return e.fence, nil
	}
	var put *clientv3.PutResponse
	err := e.twice(ctx, func(ctx context.Context) error {
		grant, err := e.client.Grant(ctx, int64(fenceTTL.Seconds()))
		if err != nil {
			return err
		}
		put, err = e.client.Put(ctx, e.fenceKey(), "", clientv3.WithLease(grant.ID))
		return err
	})
	if err != nil {
		return 0, err
	}
	e.fence, e.torn = put.Header.Revision, false
	return e.fence, nil
}

// mended writes the fence where an answer was lost.
func (e *Engine) mended(ctx context.Context) error {
	e.fencing.Lock()
	torn := e.torn
	e.fencing.Unlock()
	if !torn {
		return nil
	}
	_, err := e.fenced(ctx)
	return err
}

// breach makes the fence be written again, unless that was done since.
func (e *Engine) breach(fence int64) {
	e.fencing.Lock()
	defer e.fencing.Unlock()
	if e.fence == fence {
		e.fence, e.torn = 0, true
	}
}

// refused reports whether etcd itself has said no, so that nothing has changed and trying
// again does not help.
func refused(err error) bool {
	if errors.Is(err, rpctypes.ErrNoSpace) {
		return true
	}
	code := status.Code(err)
	if e := (rpctypes.EtcdError{}); errors.As(err, &e) {
		code = e.Code()
	}
	switch code {
	case codes.InvalidArgument, codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented:
		return true
	}
	return false
}
