package etcdtest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between an engine and a member, and can cut all connections off.
type proxy struct {
	listener net.Listener
	to       string
	all      sync.WaitGroup

	mu     sync.Mutex
	closed bool // refuses connections
	open   map[net.Conn]bool
}

func mustProxy(tb testing.TB, to string) *proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &proxy{listener: l, to: to, open: map[net.Conn]bool{}}
	p.all.Go(p.serve)
	tb.Cleanup(func() {
		l.Close()
		p.cut(true)
		p.all.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

// cut closes the connections that are open; others come at once, unless it stays shut.
func (p *proxy) cut(shut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = shut
	for c := range p.open {
		c.Close()
	}
	clear(p.open)
}

func (p *proxy) serve() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.all.Go(func() { p.forward(c) })
	}
}

func (p *proxy) forward(c net.Conn) {
	defer c.Close()
	to, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer to.Close()
	p.mu.Lock()
	shut := p.closed
	if !shut {
		p.open[c], p.open[to] = true, true
	}
	p.mu.Unlock()
	if shut {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(to, c); to.Close() })
	both.Go(func() { _, _ = io.Copy(c, to); c.Close() })
	both.Wait()
}
