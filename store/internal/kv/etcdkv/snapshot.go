package etcdkv

import (
	"context"

	"factorbot/store/internal/kv"
)

// Snapshot reads all pairs as they are at one revision, that of its first reading, however
// long the reading takes; it fails if etcd compacts that revision meanwhile. It is for one
// reader.
func (e *Engine) Snapshot() kv.Reader { return &snapshot{engine: e} }

type snapshot struct {
	engine *Engine
	rev    int64 // 0: nothing was read yet
}

// Read implements kv.Reader.
func (s *snapshot) Read(ctx context.Context, from, to string, limit int) ([]kv.Pair, int64, error) {
	pairs, now, err := s.engine.readAt(ctx, s.rev, from, to, limit)
	if err == nil && s.rev == 0 {
		s.rev = now
	}
	return pairs, s.rev, err
}
