package etcdtest

import (
	"io"
	"math/rand/v2"
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
	hung   chan struct{} // closed when it does not hang any more; nil: it does not
	frays  bool
	frayed int // connections that have broken by themselves
}

// Of a connection that frays so many bytes of answers come through, about. The least
// lets a connection be made and some calls be answered, however slow the machine is.
const (
	frayLeast = 512
	frayMost  = 16 << 10
)

// fray lets each connection break by itself, with answers on their way, from now on until
// the function returned is called, which tells how many have.
func (p *proxy) fray() (end func() int) {
	p.mu.Lock()
	p.frays = true
	p.mu.Unlock()
	p.cut(false)
	return func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.frays = false
		return p.frayed
	}
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

// hang keeps all connections open and forwards nothing, as a member that is stopped, until
// the function returned is called.
func (p *proxy) hang() (end func()) {
	hung := make(chan struct{})
	p.mu.Lock()
	p.hung = hung
	p.mu.Unlock()
	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.hung = nil
		close(hung)
	})
}

// held writes when the proxy does not hang.
type held struct {
	*proxy
	to io.Writer
}

func (h held) Write(b []byte) (int, error) {
	h.mu.Lock()
	hung := h.hung
	h.mu.Unlock()
	if hung != nil {
		<-hung
	}
	return h.to.Write(b)
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
	shut, frays := p.closed, p.frays
	if !shut {
		p.open[c], p.open[to] = true, true
	}
	p.mu.Unlock()
	if shut {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(held{p, to}, c); to.Close() })
	both.Go(func() { p.answer(c, to, frays); c.Close(); to.Close() })
	both.Wait()
}

// answer forwards what a member answers.
func (p *proxy) answer(c, to net.Conn, frays bool) {
	if !frays {
		_, _ = io.Copy(held{p, c}, to)
		return
	}
	if _, err := io.CopyN(c, to, frayLeast+rand.Int64N(frayMost-frayLeast)); err != nil {
		return
	}
	p.mu.Lock()
	p.frayed++
	p.mu.Unlock()
}
