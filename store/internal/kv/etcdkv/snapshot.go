package etcdkv

import (
	"context"
	"iter"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"factorbot/store/internal/kv"
)

// Snapshot yields all pairs as they are at one revision, in key order, however long the
// reading takes; it fails if etcd compacts that revision meanwhile.
func (e *Engine) Snapshot(ctx context.Context, page int) iter.Seq2[kv.Pair, error] {
	return func(yield func(kv.Pair, error) bool) {
		end := clientv3.GetPrefixRangeEnd(e.prefix)
		from, rev := e.prefix, int64(0)
		for {
			var got *clientv3.GetResponse
			err := e.patiently(ctx, func(ctx context.Context) (err error) {
				got, err = e.client.Get(ctx, from, clientv3.WithRange(end), clientv3.WithLimit(int64(page)), clientv3.WithRev(rev))
				return err
			})
			if err != nil {
				yield(kv.Pair{}, err)
				return
			}
			if rev == 0 {
				rev = got.Header.Revision
			}
			for _, p := range got.Kvs {
				from = string(p.Key) + "\x00"
				if !yield(kv.Pair{Key: strings.TrimPrefix(string(p.Key), e.prefix), Value: p.Value, Rev: p.ModRevision}, nil) {
					return
				}
			}
			if !got.More {
				return
			}
		}
	}
}
