package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"factorbot/bot/reset"
)

// This binary plays the other process where a test needs one: roleEnv names what
// it does, with the file at pathEnv.
const (
	roleEnv = "FACTORBOT_TEST_ROLE"
	pathEnv = "FACTORBOT_TEST_PATH"
)

var roles = map[string]func(path string) error{
	"write":     writeUntilKilled,
	"hold":      holdUntilTold,
	"disk full": fillDisk,
	"faults":    meetFaults,
}

// playRole does what the environment asks of this process; false: it is the test itself.
func playRole() bool {
	role := roles[os.Getenv(roleEnv)]
	if role == nil {
		return false
	}
	if err := role(os.Getenv(pathEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

func other(tb testing.TB, role, path string) *exec.Cmd {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), must[string](tb)(os.Executable()), "-test.run=^$")
	cmd.Env = append(os.Environ(), roleEnv+"="+role, pathEnv+"="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// holdUntilTold opens the record, says so, and lets go at the end of its input.
func holdUntilTold(path string) error {
	s, err := Open(path, testOrg)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "open")
	bufio.NewScanner(os.Stdin).Scan()
	return s.Close()
}

func TestOpen_secondProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	cmd := other(t, "hold", path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line := bufio.NewScanner(out); !line.Scan() || line.Text() != "open" {
		t.Fatal("the other process did not open the record")
	}
	_, err = Open(path, testOrg, Timeout(1))
	if held := (*HeldError)(nil); !errors.As(err, &held) || held.PID != cmd.Process.Pid {
		t.Errorf("while process %d has it: %v", cmd.Process.Pid, err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	MustOpen(t, path)
}

// writeUntilKilled writes with several hands, and says what is durable as soon as it is told.
func writeUntilKilled(path string) error {
	s, err := Open(path, testOrg)
	if err != nil {
		return err
	}
	var tb failer
	term := mustTerm(&tb, s)
	r := mustRun(&tb, term, 3, t0)
	fmt.Fprintln(os.Stdout, "request", r.ID)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for row := w + 1; ; row += 4 {
				u := reset.UserID(fmt.Sprintf("00u%s%04d%010d", "abc", r.ID.Number(), row))
				refused := must[[]error](&tb)(term.Start(tb.Context(), r, started(row, u)))
				if refused[0] != nil {
					panic(refused[0])
				}
				fmt.Fprintln(os.Stdout, "started", r.ID, row)
				if err := term.Append(tb.Context(), r.ID, outcome(row, u, t0)); err != nil {
					panic(err)
				}
				fmt.Fprintln(os.Stdout, "outcome", r.ID, row)
				key := fmt.Sprint(r.ID, "-", row)
				must[bool](&tb)(term.Receive(tb.Context(), key, nil))
				fmt.Fprintln(os.Stdout, "received", r.ID, key)
			}
		})
	}
	all.Wait()
	return nil
}

// failer is the tester of a process that has none: a failure ends it.
type failer struct{}

func (failer) Helper()                           {}
func (failer) Context() context.Context          { return context.Background() }
func (failer) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (failer) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }

// What was answered is there after a kill at any moment, and the file is sound.
func TestTerm_killed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	var said []string
	for round := range 6 {
		lines := killed(t, path, 20+round*150)
		said = append(said, lines...)
		s := MustOpen(t, path)
		if there := inRecord(t, s); !containsAll(there, said) {
			t.Errorf("round %d: something that was answered is not there", round)
		}
		MustClose(t, s)
	}
	if len(said) < 1000 {
		t.Errorf("only %d answers in all", len(said))
	}
}

// killed runs the writer and kills it after so many answers.
func killed(t *testing.T, path string, answers int) []string {
	t.Helper()
	cmd := other(t, "write", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for s := bufio.NewScanner(out); s.Scan(); {
		if lines = append(lines, s.Text()); len(lines) == answers {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(lines) < answers {
		t.Fatalf("the writer ended by itself after %d answers", len(lines))
	}
	return lines
}

// inRecord tells what is there, in the writer's words.
func inRecord(t tester, s *Store) []string {
	t.Helper()
	var there []string
	for _, r := range collect(t, s.Requests(t.Context(), reset.Query{})) {
		there = append(there, "request "+string(r.ID))
		for i, e := range collect(t, s.Log(t.Context(), r.ID, 1)) {
			if e.Seq != int64(i+1) {
				t.Errorf("%s: entry %d has number %d", r.ID, i+1, e.Seq)
			}
			if e.Step != nil {
				there = append(there, fmt.Sprint(e.Kind, " ", r.ID, " ", e.Step.Row))
			}
		}
	}
	for _, e := range collect(t, s.Pending(t.Context())) {
		id, _, _ := strings.Cut(strings.TrimPrefix(e.Key, "FR-"), "-")
		there = append(there, "received FR-"+id+" "+e.Key)
	}
	slices.Sort(there)
	return there
}

func containsAll(sorted, wanted []string) bool {
	for _, w := range wanted {
		if _, ok := slices.BinarySearch(sorted, w); !ok {
			return false
		}
	}
	return true
}

// fillDisk lets the file grow no further, and then again: what cannot be written
// is refused, what was written stays, and it goes on when there is room.
func fillDisk(path string) error {
	s, err := Open(path, testOrg)
	if err != nil {
		return err
	}
	var tb failer
	term := mustTerm(&tb, s)
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	few := limit
	few.Cur = uint64(must[Stats](&tb)(s.Stats()).Bytes) + 200_000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &few); err != nil {
		return err
	}
	body := []byte(strings.Repeat("x", 50_000))
	recorded := 0
	for ; err == nil && recorded < 1000; recorded++ {
		_, err = s.Receive(tb.Context(), strconv.Itoa(recorded), body)
	}
	recorded-- // the last one was refused
	if !errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("no room after %d: %w", recorded, err)
	}
	for range 3 { // it stays refused, and what is there can be read
		if _, err := s.Receive(tb.Context(), strconv.Itoa(recorded), body); !errors.Is(err, syscall.EFBIG) {
			return fmt.Errorf("still no room: %w", err)
		}
	}
	if n := len(collect(&tb, s.Pending(tb.Context()))); n != recorded || n == 0 {
		return fmt.Errorf("%d of %d are there", n, recorded)
	}
	if err := term.Finish(tb.Context(), "0"); err != nil && !errors.Is(err, syscall.EFBIG) {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	fresh, err := s.Receive(tb.Context(), strconv.Itoa(recorded), body)
	if err != nil || !fresh {
		return fmt.Errorf("with room again: fresh %t: %w", fresh, err)
	}
	return s.Close()
}

func TestStore_diskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	if err := other(t, "disk full", path).Run(); err != nil {
		t.Error(err)
	}
	s := MustOpen(t, path)
	if n := len(collect(t, s.Pending(t.Context()))); n == 0 {
		t.Error("nothing is there afterwards")
	}
}
