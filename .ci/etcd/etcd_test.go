package etcdtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"factorbot/store/internal/kv"
	"factorbot/store/internal/kv/etcdkv"
	"factorbot/store/internal/kv/kvtest"
)

// mustConfig is that of a member on free ports.
func mustConfig(tb testing.TB, name string) *embed.Config {
	tb.Helper()
	local := func() []url.URL {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		defer l.Close()
		return []url.URL{{Scheme: "http", Host: l.Addr().String()}}
	}
	c := embed.NewConfig()
	c.Name, c.Dir, c.LogLevel = name, tb.TempDir(), "panic"
	c.ListenClientUrls, c.ListenPeerUrls = local(), local()
	c.AdvertiseClientUrls, c.AdvertisePeerUrls = c.ListenClientUrls, c.ListenPeerUrls
	return c
}

// mustCluster starts members that know each other, and returns them.
func mustCluster(tb testing.TB, n int) []*embed.Etcd {
	tb.Helper()
	var configs []*embed.Config
	var peers []string
	for i := range n {
		c := mustConfig(tb, fmt.Sprint("m", i))
		configs, peers = append(configs, c), append(peers, c.Name+"="+c.AdvertisePeerUrls[0].String())
	}
	for _, c := range configs {
		c.InitialCluster = strings.Join(peers, ",")
	}
	return mustStart(tb, configs...)
}

// mustStart starts members, which end with the test.
func mustStart(tb testing.TB, configs ...*embed.Config) []*embed.Etcd {
	tb.Helper()
	members := make([]*embed.Etcd, len(configs))
	var starting sync.WaitGroup
	for i, c := range configs {
		starting.Go(func() {
			m, err := embed.StartEtcd(c)
			if err != nil {
				tb.Error(err)
				return
			}
			members[i] = m
			<-m.Server.ReadyNotify()
		})
	}
	starting.Wait()
	for _, m := range members {
		if m == nil {
			tb.FailNow()
		}
		tb.Cleanup(func() {
			select {
			case <-m.Server.StopNotify(): // it has died already
			default:
				m.Close()
			}
		})
	}
	return members
}

func addr(m *embed.Etcd) string { return m.Clients[0].Addr().String() }

// mustEngine opens an engine.
func mustEngine(tb testing.TB, prefix string, at ...string) *etcdkv.Engine {
	tb.Helper()
	return mustConfigured(tb, etcdkv.Config{Endpoints: at, Prefix: prefix})
}

func mustConfigured(tb testing.TB, c etcdkv.Config) *etcdkv.Engine {
	tb.Helper()
	e, err := etcdkv.Open(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	return e
}

func TestEngine(t *testing.T) {
	at := addr(mustCluster(t, 1)[0])
	kvtest.Run(t, func(tb testing.TB) kv.Engine { // no answer is lost here, however busy the machine
		return mustConfigured(tb, etcdkv.Config{Endpoints: []string{at}, Prefix: tb.Name(), Try: 20 * time.Second})
	})
}

// A snapshot shows every page as it was when the first one was read.
func TestEngine_Snapshot(t *testing.T) {
	at := addr(mustCluster(t, 1)[0])
	e := mustConfigured(t, etcdkv.Config{Endpoints: []string{at}, Prefix: t.Name(), Try: 20 * time.Second}) // no answer is lost here
	if _, err := e.Commit(t.Context(), nil, kv.Put("a", []byte("1")), kv.Put("b", []byte("1")), kv.Put("d", []byte("1"))); err != nil {
		t.Fatal(err)
	}
	var got []string
	for p, err := range kv.Scan(t.Context(), e.Snapshot(), "", 1) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p.Key+" "+string(p.Value))
		if _, err := e.Commit(t.Context(), nil, kv.Put("b", []byte("2")), kv.Put("c", []byte("2")), kv.Remove("d")); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"a 1", "b 1", "d 1"}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
}

// Connections break all the time: no commit takes effect twice, or later than its answer.
func TestEngine_unknown(t *testing.T) {
	p := mustProxy(t, addr(mustCluster(t, 1)[0]))
	e := mustEngine(t, t.Name(), p.addr())
	end := p.fray()
	kvtest.Unknown(t, e, 20)
	t.Logf("%d connections broke", end())
}

// during calls something again and again while another thing is done.
func during(t *testing.T, every time.Duration, again, do func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var repeating sync.WaitGroup
	repeating.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				again()
			case <-ctx.Done():
				return
			}
		}
	})
	do()
	cancel()
	repeating.Wait()
}

// The member that leads etcd dies in the middle; the others go on.
func TestEngine_member_killed(t *testing.T) {
	members := mustCluster(t, 3)
	var at []string
	for _, m := range members {
		at = append(at, addr(m))
	}
	e := mustEngine(t, t.Name(), at...)
	l, err := e.Hold(t.Context(), "leader", 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	during(t, 200*time.Millisecond, func() {
		once.Do(func() {
			for _, m := range members {
				if m.Server.Leader() == m.Server.MemberID() {
					m.Close()
					return
				}
			}
		})
	}, func() { kvtest.Unknown(t, e, 0) })
	once.Do(func() { t.Error("nobody died") })
	if _, err := e.Commit(t.Context(), []kv.Cond{l.Cond()}, kv.Put("a", nil)); err != nil {
		t.Errorf("the lease is lost although only etcd's leader died: %v", err)
	}
}

// One member after the other hangs, for as long as the lease lasts: who holds it keeps it.
func TestEngine_member_hangs(t *testing.T) {
	t.Parallel()
	const ttl = 8 * time.Second
	var at []string
	var ways []*proxy
	for _, m := range mustCluster(t, 3) {
		way := mustProxy(t, addr(m))
		ways, at = append(ways, way), append(at, way.addr())
	}
	e := mustEngine(t, t.Name(), at...)
	l, err := e.Hold(t.Context(), "leader", ttl)
	if err != nil {
		t.Fatal(err)
	}
	for i, way := range ways {
		end := way.hang()
		defer end()
		over := time.NewTimer(ttl)
		select {
		case <-l.Lost():
			t.Errorf("the lease is lost while member %d hangs", i)
		case <-over.C:
		}
		over.Stop()
		end()
	}
	if _, err := e.Commit(t.Context(), []kv.Cond{l.Cond()}, kv.Put("a", nil)); err != nil && !errors.Is(err, kv.ErrUnknown) {
		t.Errorf("the lease is lost: %v", err)
	}
}

func TestEngine_expiry(t *testing.T) {
	at := addr(mustCluster(t, 1)[0])
	p := mustProxy(t, at)
	kvtest.Expiry(t, mustEngine(t, t.Name(), p.addr()), mustEngine(t, t.Name(), at), 2*time.Second,
		func() { p.cut(true) }, func() { p.cut(false) })
}

func TestEngine_compaction(t *testing.T) {
	at := addr(mustCluster(t, 1)[0])
	p := mustProxy(t, at)
	direct, err := clientv3.New(clientv3.Config{Endpoints: []string{at}})
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	compact := func(rev int64) {
		if _, err := direct.Compact(t.Context(), rev); err != nil {
			t.Fatal(err)
		}
	}
	kvtest.Compaction(t, mustEngine(t, t.Name(), p.addr()), mustEngine(t, t.Name(), at),
		func() { p.cut(true) }, compact, func() { p.cut(false) })
}
