package drill

import (
	"fmt"
	"io"
	"net"
	"sync"
)

// gate is one bot's way to a member, which can be shut.
type gate struct {
	listener net.Listener
	to       string
	all      sync.WaitGroup

	mu     sync.Mutex
	closed bool
	open   map[net.Conn]bool
}

func openGate(to string) (*gate, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	g := &gate{listener: l, to: to, open: map[net.Conn]bool{}}
	g.all.Go(g.serve)
	return g, nil
}

func (g *gate) addr() string { return g.listener.Addr().String() }

func (g *gate) close() {
	_ = g.listener.Close()
	g.shut(true)
	g.all.Wait()
}

// shut breaks the connections that are open; while it stays shut none is made.
func (g *gate) shut(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = shut
	for c := range g.open {
		_ = c.Close()
	}
	clear(g.open)
}

func (g *gate) serve() {
	for {
		c, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.all.Go(func() { g.forward(c) })
	}
}

func (g *gate) forward(c net.Conn) {
	defer c.Close()
	to, err := net.Dial("tcp", g.to)
	if err != nil {
		return
	}
	defer to.Close()
	g.mu.Lock()
	shut := g.closed
	if !shut {
		g.open[c], g.open[to] = true, true
	}
	g.mu.Unlock()
	if shut {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(to, c); _ = to.Close() })
	both.Go(func() { _, _ = io.Copy(c, to); _ = c.Close() })
	both.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, c)
	delete(g.open, to)
}
