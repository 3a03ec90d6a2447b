package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopTime is how long a process may take to end; a bot gives itself as long.
const stopTime = 15 * time.Second

// Spec is what a process is started with.
type Spec struct {
	Program string // "": this one
	Dir     string // where it runs
	Log     string // name of the file in Dir that takes its standard error, after what is there
	Env     []string
	Args    []string
}

// Process is a program that runs as a part of an experiment: by itself, so that its
// memory, its processor time and its death are its own.
type Process struct {
	Logs string // path of its standard error

	cmd   *exec.Cmd
	alive io.Closer // its standard input: a part of ours ends when this closes, even if we are killed
	out   bytes.Buffer
	done  chan struct{} // closed when it has ended
	err   error         // to be read after done
}

// Start starts a process. Its environment holds nothing of ours, so that no setting and
// no ~/.okta strays in.
func Start(ctx context.Context, s Spec) (p *Process, err error) {
	if s.Program == "" {
		if s.Program, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("find this program: %w", err)
		}
	}
	p = &Process{Logs: filepath.Join(s.Dir, s.Log), done: make(chan struct{})}
	logs, err := os.OpenFile(p.Logs, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a log: %w", err)
	}
	defer logs.Close()
	p.cmd = exec.CommandContext(ctx, s.Program, s.Args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = s.Dir, &p.out, logs
	p.cmd.Env = append([]string{"HOME=" + s.Dir, "TMPDIR=" + os.TempDir(), "GOTRACEBACK=all"}, s.Env...)
	p.cmd.SysProcAttr = dieWithUs()
	if p.alive, err = p.cmd.StdinPipe(); err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Program, err)
	}
	go func() { // ends with the process
		p.err = p.cmd.Wait()
		_ = p.alive.Close()
		close(p.done)
	}()
	return p, nil
}

// Ended reports whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Signal sends the process a signal.
func (p *Process) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// Kill is kill -9, by the process's ID.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Killed reports whether the process ended as kill -9 ends one.
func (p *Process) Killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// Stop ends the process as an operator does, and returns what it ended with.
func (p *Process) Stop() error {
	_ = p.Signal(syscall.SIGTERM)
	return p.Stopped()
}

// Stopped returns what a process that was told to stop ended with.
func (p *Process) Stopped() error {
	timer := time.AfterFunc(stopTime, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	_, err := p.Wait()
	return err
}

// Wait waits for the end of the process, and returns what it printed and ended with.
func (p *Process) Wait() ([]byte, error) {
	<-p.done
	if p.err != nil {
		return nil, p.Failure("")
	}
	return p.out.Bytes(), nil
}

// Failure returns what the process ended with and the end of its log, after some words.
func (p *Process) Failure(words string) error {
	err := p.err
	if err == nil {
		err = errors.New("exit status 0")
	}
	return fmt.Errorf("%s%w%s", words, err, p.Tail())
}

// Tail is the end of what the process logged.
func (p *Process) Tail() string {
	b, err := os.ReadFile(p.Logs)
	if err != nil || len(b) == 0 {
		return ""
	}
	return "; its log ends with: " + string(bytes.TrimSpace(b[max(0, len(b)-1500):]))
}

// CPU is the processor time that an ended process took.
func (p *Process) CPU() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// PeakRSS is the most memory that the process has had, in bytes; 0: unknown. The
// kernel's VmHWM (proc(5)): ru_maxrss of a child counts its parent's pages too.
func (p *Process) PeakRSS() int64 { return PeakRSS(strconv.Itoa(p.cmd.Process.Pid)) }

// PeakRSS is that of a process's ID, or of "self".
func PeakRSS(pid string) int64 {
	b, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// WhileFed is a context that ends with ctx or when standard input closes: a part
// does not outlive whoever started it.
func WhileFed(ctx context.Context, stdin io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() { // ends with the program at the latest: nothing else reads its standard input
		_, _ = io.Copy(io.Discard, stdin)
		cancel()
	}()
	return ctx
}
