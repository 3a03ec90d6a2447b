package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/gofail/code"
	"go.etcd.io/gofail/runtime"

	"factorbot/bot/reset"
)

const bboltPath = "go.etcd.io/bbolt"

// bboltFaults are bbolt's own failpoints, and some that are written into the copy of its
// sources before they are compiled in: the place they go to, and what happens there.
var bboltFaults = []struct {
	name  string
	after string // a line of bbolt's tx.go, "" for a point of its own
	lines []string
}{
	{name: "lackOfDiskSpace"},
	{name: "resizeFileError"},
	{name: "beforeWriteMetaError"},
	{"shortWrite", "buf := common.UnsafeByteSlice(unsafe.Pointer(p), written, 0, int(sz))", []string{
		"_, _ = tx.db.ops.writeAt(buf[:len(buf)/2], offset)", "return errors.New(shortWrite)"}},
	{"tornMeta", "tx.meta.Write(p)", []string{
		"_, _ = tx.db.ops.writeAt(buf[:40], int64(p.Id())*int64(tx.db.pageSize))", "return errors.New(tornMeta)"}},
	{"syncData", "// gofail: var beforeSyncDataPages struct{}", []string{"return errors.New(syncData)"}},
	{"syncMeta", "// gofail: var beforeSyncMetaPage struct{}", []string{"return errors.New(syncMeta)"}},
}

// mustFaulty builds this package's test with a bbolt whose failpoints are compiled in.
// The sources in Go's module cache stay as they are: the copy takes their place by a
// go.mod of its own.
func mustFaulty(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	bbolt, binary := filepath.Join(dir, "bbolt"), filepath.Join(dir, "store.test")
	source := strings.TrimSpace(mustRunGo(tb, "list", "-m", "-f", "{{.Dir}}", bboltPath))
	if err := os.CopyFS(bbolt, os.DirFS(source)); err != nil {
		tb.Fatal(err)
	}
	mustArm(tb, bbolt)
	root := filepath.Dir(strings.TrimSpace(mustRunGo(tb, "env", "GOMOD")))
	for _, name := range []string{"go.mod", "go.sum"} {
		b := must[[]byte](tb)(os.ReadFile(filepath.Join(root, name)))
		if name == "go.mod" {
			b = append(b, "\nreplace "+bboltPath+" => "+bbolt+"\n"...)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	mustRunGo(tb, "test", "-c", "-modfile="+filepath.Join(dir, "go.mod"), "-o", binary, ".")
	return binary
}

func mustRunGo(tb testing.TB, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "go", args...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		tb.Fatal("go", args, err, problems.String())
	}
	return out.String()
}

// mustArm turns the failpoints of the sources into code.
func mustArm(tb testing.TB, dir string) {
	tb.Helper()
	var points []*code.Failpoint
	for _, name := range []string{"tx.go", "db.go"} {
		path := filepath.Join(dir, name)
		source := string(must[[]byte](tb)(os.ReadFile(path)))
		for _, f := range bboltFaults {
			if f.after != "" && name == "tx.go" {
				comment := "\n// gofail: var " + f.name + " string\n// " + strings.Join(f.lines, "\n// ") + "\n"
				if strings.Count(source, f.after) != 1 {
					tb.Fatal("bbolt's tx.go has not one line ", f.after)
				}
				source = strings.Replace(source, f.after, f.after+"\n"+comment, 1)
			}
		}
		var armed bytes.Buffer
		found := must[[]*code.Failpoint](tb)(code.ToFailpoints(&armed, strings.NewReader(source)))
		points = append(points, found...)
		if err := os.WriteFile(path, armed.Bytes(), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	binding := must[*os.File](tb)(os.Create(filepath.Join(dir, "armed.fail.go")))
	if err := errors.Join(code.NewBinding("bbolt", points).Write(binding), binding.Close()); err != nil {
		tb.Fatal(err)
	}
}

// faultFigures is what the process with the faults tells at its end.
type faultFigures struct {
	Faults       map[string]int // injected, by failpoint
	Refused      int            // writes that were answered with an error
	Acknowledged int
	Copies       int // of the file that were opened and compared
}

// meetFaults writes while bbolt's file fails in each of the ways, at random, and compares
// a copy of the file with what was acknowledged after each.
func meetFaults(path string) error {
	f := &faulted{path: path, random: rand.New(rand.NewPCG(1, 2)), figures: faultFigures{Faults: map[string]int{}}}
	for range 3 {
		if err := f.session(); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(f.figures)
}

type faulted struct {
	path    string
	random  *rand.Rand
	said    []string // what was acknowledged
	rows    int
	figures faultFigures
}

// session opens the record, meets each fault once and closes it.
func (f *faulted) session() error {
	var tb failer
	s, err := Open(f.path, testOrg)
	if err != nil {
		return err
	}
	defer s.Close()
	term := mustTerm(tb, s)
	r := mustRun(tb, term, 3, t0)
	for _, i := range f.random.Perm(len(bboltFaults)) {
		point := bboltFaults[i].name
		if err := runtime.Enable(point, fmt.Sprintf(`%d*return("input/output error")`, 1+f.random.IntN(3))); err != nil {
			return fmt.Errorf("%s: %w", point, err)
		}
		for range 16 { // the file has to grow for some of them
			f.write(s, term, r)
		}
		_, fired, err := runtime.Status(point)
		if err == nil {
			err = runtime.Disable(point)
		}
		if err != nil {
			return err
		}
		f.figures.Faults[bboltFaults[i].name] += fired
		if !f.write(s, term, r) {
			return fmt.Errorf("it does not go on after %s", point)
		}
		if err := f.compare(); err != nil {
			return fmt.Errorf("after %s: %w", point, err)
		}
	}
	return nil
}

// write makes a step, its outcome and an envelope, and notes what was acknowledged; it
// reports whether all was.
func (f *faulted) write(s *Store, term *Term, r *reset.Request) bool {
	var tb failer
	f.rows++
	row, u := f.rows, userID(f.rows)
	note := func(err error, words ...any) bool {
		if err != nil {
			f.figures.Refused++
			return false
		}
		f.figures.Acknowledged++
		f.said = append(f.said, strings.TrimSuffix(fmt.Sprintln(words...), "\n"))
		return true
	}
	refused, err := term.Start(tb.Context(), r, started(row, u))
	if err == nil {
		err = refused[0]
	}
	all := note(err, "started", r.ID, row)
	all = note(term.Append(tb.Context(), r.ID, outcome(row, u, t0)), "outcome", r.ID, row) && all
	key := fmt.Sprint(r.ID, "-", row)
	_, err = s.Receive(tb.Context(), key, make([]byte, 80_000))
	return note(err, "received", r.ID, key) && all
}

// compare opens a copy of the file as it lies there, as after a kill.
func (f *faulted) compare() error {
	copied := f.path + ".compared"
	b, err := os.ReadFile(f.path)
	if err == nil {
		err = os.WriteFile(copied, b, 0o600)
	}
	if err != nil {
		return err
	}
	s, err := Open(copied, testOrg)
	if err != nil {
		return err
	}
	defer s.Close()
	var tb failer
	mustBeSound(tb, s.file)
	there := inRecord(tb, s)
	for _, w := range f.said {
		if _, ok := slices.BinarySearch(there, w); !ok {
			return fmt.Errorf("%q was acknowledged and is not there", w)
		}
	}
	f.figures.Copies++
	return nil
}

// Whatever the file system answers to bbolt: no panic, nothing that was acknowledged is
// lost, and it goes on when it is mended.
func TestStore_ioFaults(t *testing.T) {
	binary := mustFaulty(t)
	cmd := other(t, "faults", filepath.Join(t.TempDir(), "factorbot.db"))
	cmd.Path, cmd.Args[0] = binary, binary
	var problems bytes.Buffer
	cmd.Stderr = io.MultiWriter(&problems)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err, problems.String())
	}
	var figures faultFigures
	if err := json.Unmarshal(out, &figures); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, f := range bboltFaults {
		total += figures.Faults[f.name]
		if figures.Faults[f.name] == 0 {
			t.Errorf("%s never fired", f.name)
		}
	}
	if figures.Refused == 0 {
		t.Error("no write was refused")
	}
	t.Logf("figures: store I/O faults: %d injected %v, %d writes refused, %d acknowledged, 0 lost, in %d copies compared",
		total, figures.Faults, figures.Refused, figures.Acknowledged, figures.Copies)
}
