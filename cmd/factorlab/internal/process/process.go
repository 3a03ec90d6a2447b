package process

import (
	"bufio"
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
	"sync"
	"syscall"
	"time"
)

// Process is this program once more, as a part of a comparison: by itself,
// so that its memory and its processor time are its own.
type Process struct {
	name   string
	cmd    *exec.Cmd
	alive  io.Closer // its standard input: it ends when this closes, even if we are killed
	stdout *bufio.Reader
	logs   string // path of its standard error
	end    sync.Once
	err    error
}

const (
	StartTime = 30 * time.Second // a part may take so long to say where it is
	stopTime  = 15 * time.Second // and to end
)

// Start starts a part. Its environment holds nothing of ours, so that no
// setting and no ~/.okta strays in.
func Start(ctx context.Context, dir, name string, env []string, args ...string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	p := &Process{name: name, logs: filepath.Join(dir, name+".log")}
	logs, err := os.Create(p.logs)
	if err != nil {
		return nil, fmt.Errorf("make a log for %s: %w", name, err)
	}
	defer logs.Close()
	p.cmd = exec.CommandContext(ctx, self, append([]string{"bench"}, args...)...)
	p.cmd.Dir, p.cmd.Stderr = dir, logs
	p.cmd.Env = append([]string{"HOME=" + dir, "TMPDIR=" + os.TempDir(), "GOTRACEBACK=all"}, env...)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = stopTime
	if p.alive, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p.stdout = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// Line is the first line that the part prints, such as its URL.
func (p *Process) Line() (string, error) {
	timer := time.AfterFunc(StartTime, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	line, err := p.stdout.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("%s did not start: %w%s", p.name, err, p.Tail())
	}
	return strings.TrimSpace(line), nil
}

// Wait waits for a part that ends by itself, and returns what it printed.
func (p *Process) Wait() ([]byte, error) {
	out, err := io.ReadAll(p.stdout)
	return out, errors.Join(err, p.ended())
}

// Stop ends the part by its process ID and waits.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(stopTime, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	return p.ended()
}

func (p *Process) ended() error {
	p.end.Do(func() {
		_, _ = io.Copy(io.Discard, p.stdout)
		err := p.cmd.Wait()
		_ = p.alive.Close()
		if err != nil {
			p.err = fmt.Errorf("%s: %w%s", p.name, err, p.Tail())
		}
	})
	return p.err
}

// Tail is the end of what the part logged.
func (p *Process) Tail() string {
	b, err := os.ReadFile(p.logs)
	if err != nil || len(b) == 0 {
		return ""
	}
	return "; its log ends with: " + string(bytes.TrimSpace(b[max(0, len(b)-1500):]))
}

// CPU is the processor time that an ended part took.
func (p *Process) CPU() time.Duration {
	if s := p.cmd.ProcessState; s != nil {
		return s.UserTime() + s.SystemTime()
	}
	return 0
}

// PeakRSS is the most memory that the part has had, in bytes; 0: unknown. The
// kernel's VmHWM (proc(5)): ru_maxrss of a child counts its parent's pages too.
func (p *Process) PeakRSS() int64 { return PeakRSS(strconv.Itoa(p.cmd.Process.Pid)) }

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
// does not outlive who started it.
func WhileFed(ctx context.Context, stdin io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() { // ends with the program at the latest: nothing else reads its standard input
		_, _ = io.Copy(io.Discard, stdin)
		cancel()
	}()
	return ctx
}

// Progress shows progress: on a terminal one line that changes, elsewhere a line now and then.
type Progress struct {
	Out  io.Writer
	Name string

	mu    sync.Mutex
	last  time.Time
	shown bool
}

// tellEvery is the time between two lines in a file.
const tellEvery = 10 * time.Second

func (t *Progress) Show(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := fmt.Sprintf(format, args...)
	if t.Name != "" {
		line = t.Name + ": " + line
	}
	if isTerminal(t.Out) {
		t.shown = true
		_, _ = fmt.Fprintf(t.Out, "\r\x1b[K%s", line)
		return
	}
	if time.Since(t.last) >= tellEvery {
		t.last = time.Now()
		_, _ = fmt.Fprintln(t.Out, line)
	}
}

// Clear takes the line that changes away.
func (t *Progress) Clear() {
	if t.shown {
		_, _ = fmt.Fprint(t.Out, "\r\x1b[K")
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func Seconds(s float64) string { return fmt.Sprintf("%.1f s", s) }

func Counts(m map[string]int) string {
	s := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(m), "map["), "]") // fmt sorts the keys
	return strings.ReplaceAll(s, ":", " ")
}
