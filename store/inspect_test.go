package store

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"factorbot/bot/reset"
)

// What an inspection of a sound file shows is what the record itself shows.
func TestInspect(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "factorbot.db")
	s := MustOpen(t, path)
	term := mustTerm(t, s)
	for range 3 {
		journalAll(t, term, []*reset.Request{mustRun(t, term, 900, t0)}, 40)
	}
	_, err := Inspect(path)
	if held := (*HeldError)(nil); !errors.As(err, &held) || held.PID != os.Getpid() {
		t.Errorf("while it is open: %v", err)
	}
	MustClose(t, s)
	before := must[[]byte](t)(os.ReadFile(path))

	i, err := Inspect(path)
	if err != nil || i.Damage != nil {
		t.Fatal(err, i.Damage)
	}
	if _, err := Open(path, testOrg, Timeout(time.Millisecond)); !errors.As(err, new(*HeldError)) {
		t.Errorf("opened while it is read: %v", err)
	}
	if i.Org() != testOrg {
		t.Errorf("org %q", i.Org())
	}
	read := everything(t, &i.Reader)
	if err := i.Close(); err != nil {
		t.Error(err)
	}
	if _, err := i.Get(t.Context(), "FR-1"); !errors.Is(err, ErrClosed) {
		t.Errorf("after the close: %v", err)
	}
	if after := must[[]byte](t)(os.ReadFile(path)); !bytes.Equal(before, after) {
		t.Error("reading has changed the file")
	}
	s = MustOpen(t, path)
	if d := cmp.Diff(everything(t, &s.Reader), read); d != "" {
		t.Errorf("(-record +inspection):\n%s", d)
	}
}

// everything is each pair of a record.
func everything(tb tester, r *Reader) []string {
	tb.Helper()
	var all []string
	for _, p := range collect(tb, scan(tb.Context(), r.engine, "", 100)) {
		all = append(all, p.key+"="+string(p.value))
	}
	return all
}

func TestInspect_refused(t *testing.T) {
	dir := t.TempDir()
	if _, err := Inspect(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	text := filepath.Join(dir, "text")
	for _, content := range []string{"", "short", string(bytes.Repeat([]byte("not a database\n"), 5000))} {
		if err := os.WriteFile(text, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Inspect(text); !errors.As(err, new(*DamagedError)) {
			t.Errorf("a file of %d bytes: %v", len(content), err)
		}
	}
	path := filepath.Join(dir, "later.db")
	s := MustOpen(t, path)
	mustCommit(t, s.engine, nil, put(metaKey, []byte(`{"schema":99,"org":"`+testOrg+`"}`)))
	MustClose(t, s)
	if _, err := Inspect(path); !errors.As(err, new(*SchemaError)) {
		t.Errorf("a later schema: %v", err)
	}
}

// Whatever happens to a few places of a file: the inspection ends without a panic, all
// that it shows was written once, and pages that are whole are shown.
func TestInspect_damaged(t *testing.T) {
	page := os.Getpagesize()
	path := filepath.Join(t.TempDir(), "damaged.db")
	s := MustOpen(t, path)
	term := mustTerm(t, s)
	journalAll(t, term, []*reset.Request{mustRun(t, term, 900, t0)}, 450) // many pages of users and entries
	MustClose(t, s)
	whole := must[[]byte](t)(os.ReadFile(path))
	pairs := func(tb tester, b []byte) (map[string]place, error) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			tb.Fatal(err)
		}
		f, damage, err := readPages(path)
		if err != nil {
			return nil, err
		}
		defer f.file.Close()
		all := map[string]place{}
		for _, p := range f.pairs {
			if _, _, err := f.read(t.Context(), p.key, p.key+"\x00", 1); err != nil {
				tb.Fatal(err)
			}
			all[p.key] = place{rev: p.rev, size: p.size}
		}
		return all, damage
	}
	sound, damage := pairs(t, whole)
	if damage != nil {
		t.Fatal(damage)
	}
	faults, told := 0, 0
	rapid.Check(t, func(tt *rapid.T) {
		b := bytes.Clone(whole)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(tt, "seed"), 1))
		n := rapid.IntRange(1, 3).Draw(tt, "faults")
		for range n {
			at := 2*page + random.IntN(len(b)-2*page)
			switch rapid.SampledFrom([]string{"flip", "zero a page", "tear a page", "metas", "cut"}).Draw(tt, "kind") {
			case "flip":
				b[at] ^= byte(1 + random.IntN(255))
			case "zero a page":
				clear(b[at/page*page:][:page])
			case "tear a page": // half of it is another page's
				copy(b[at/page*page:][:page/2], b[2*page:])
			case "metas":
				clear(b[:2*page])
			case "cut":
				b = b[:at]
				if len(b) < 4*page {
					b = bytes.Clone(whole)
				}
			}
		}
		faults += n
		cut := len(b) < len(whole)
		got, err := pairs(tt, b)
		if err != nil {
			told++
		}
		for key, p := range got {
			if want, ok := sound[key]; err == nil && (!ok || want != p) {
				tt.Errorf("%s is %v, was %v", key, p, want)
			}
		}
		if err == nil && len(got) != len(sound) {
			tt.Errorf("%d of %d pairs, and no word of it", len(got), len(sound))
		}
		if !cut && len(got) < len(sound)/2 {
			tt.Errorf("only %d of %d pairs", len(got), len(sound))
		}
	})
	if told == 0 {
		t.Error("no damage was told")
	}
	t.Logf("figures: store damaged files inspected: %d faults in copies, %d copies told as damaged, 0 panics", faults, told)
}
