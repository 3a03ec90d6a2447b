package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// etcdMembers is how many members a drill's etcd has.
const etcdMembers = 3

// member is one member of etcd, a process of its own.
type member struct {
	program      string
	args         []string
	logs         string
	client, peer string // addresses
	cmd          *exec.Cmd
	halted       bool
}

// startEtcd starts the members. Their program is built where none is named: the server of
// etcd is in a module of its own, on which the bot does not depend.
func startEtcd(ctx context.Context, dir, program string) ([]*member, error) {
	if program == "" {
		program = filepath.Join(dir, "etcd-server")
		build := exec.CommandContext(ctx, "go", "build", "-o", program, "./server")
		build.Dir = filepath.Join(".ci", "etcd")
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build a member of etcd in %s: %w\n%s", build.Dir, err, out)
		}
	}
	members := make([]*member, etcdMembers)
	var cluster []string
	for i := range members {
		client, err := freeAddress()
		if err != nil {
			return nil, err
		}
		peer, err := freeAddress()
		if err != nil {
			return nil, err
		}
		members[i] = &member{program: program, client: client, peer: peer, logs: logOf(dir, fmt.Sprint(i))}
		cluster = append(cluster, fmt.Sprintf("m%d=http://%s", i, peer))
	}
	for i, m := range members {
		m.args = []string{fmt.Sprint("m", i), filepath.Join(dir, fmt.Sprint("etcd-", i)), m.client, m.peer, strings.Join(cluster, ",")}
		if err := m.start(); err != nil {
			return members, err
		}
	}
	return members, nil
}

// freeAddress is a port of this machine that nobody has at the moment.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

func (m *member) start() error {
	logs, err := os.OpenFile(m.logs, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open etcd's log: %w", err)
	}
	defer logs.Close()
	m.cmd = exec.Command(m.program, m.args...)
	m.cmd.Stderr = logs
	m.cmd.SysProcAttr = dieWithUs()
	if err := m.cmd.Start(); err != nil {
		return fmt.Errorf("start a member of etcd: %w", err)
	}
	return nil
}

func (m *member) hit(d deed) error {
	switch d {
	case kills:
		return m.end()
	case stops:
		m.halted = true
		return m.cmd.Process.Signal(syscall.SIGSTOP)
	}
	return nil
}

// mend brings a member back.
func (m *member) mend(context.Context) error {
	if m.cmd == nil {
		return m.start()
	}
	if !m.halted {
		return nil
	}
	m.halted = false
	return m.cmd.Process.Signal(syscall.SIGCONT)
}

// end kills the member.
func (m *member) end() error {
	if m.cmd == nil || m.cmd.Process == nil {
		return nil
	}
	if err := m.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	_ = m.cmd.Wait() // it says that it was killed
	m.cmd = nil
	return nil
}

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
