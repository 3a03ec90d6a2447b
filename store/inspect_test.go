package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
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
	for _, p := range collect(tb, kv.Scan(tb.Context(), r.engine, "", 100)) {
		all = append(all, p.Key+"="+string(p.Value))
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
	mustCommit(t, s.engine, nil, kv.Put(metaKey, []byte(`{"schema":99,"org":"`+testOrg+`"}`)))
	MustClose(t, s)
	if _, err := Inspect(path); !errors.As(err, new(*SchemaError)) {
		t.Errorf("a later schema: %v", err)
	}
}

// Whatever happens to a few places of a file: the inspection ends without a panic, tells
// of pages that are gone, and shows nothing that was never written.
func TestInspect_damaged(t *testing.T) {
	page := os.Getpagesize()
	path := filepath.Join(t.TempDir(), "damaged.db")
	s := MustOpen(t, path)
	term := mustTerm(t, s)
	journalAll(t, term, []*reset.Request{mustRun(t, term, 900, t0)}, 450) // many pages of users and entries
	MustClose(t, s)
	whole := must[[]byte](t)(os.ReadFile(path))
	sound := map[string]bool{}
	pairs := func(tb tester, b []byte) (all []string, damage error) {
		os.Remove(path) // a file that bbolt panicked over is locked until the end
		if err := os.WriteFile(path, b, 0o600); err != nil {
			tb.Fatal(err)
		}
		i, err := Inspect(path)
		if err != nil {
			return nil, err
		}
		defer i.Close()
		for p, err := range kv.Scan(tb.Context(), i.engine, "", 10) {
			if err != nil {
				return all, err
			}
			all = append(all, fmt.Sprint(p.Key, p.Rev, string(p.Value)))
		}
		return all, i.Damage
	}
	intact, damage := pairs(t, whole)
	if damage != nil {
		t.Fatal(damage)
	}
	for _, p := range intact {
		sound[p] = true
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
		got, err := pairs(tt, b)
		if err != nil {
			told++
		}
		for _, p := range got {
			if !sound[p] {
				tt.Errorf("never written: %.80q", p)
			}
		}
	})
	if told == 0 {
		t.Error("no damage was told")
	}
	t.Logf("figures: store damaged files inspected: %d faults in copies, %d copies told as damaged, 0 panics", faults, told)
}

// Each page that holds something is missed when it is gone.
func TestInspect_page_gone(t *testing.T) {
	page := os.Getpagesize()
	whole, told := mustFile(t), 0
	path := filepath.Join(t.TempDir(), "damaged.db")
	for at := 2 * page; at+page <= len(whole); at += page {
		b := bytes.Clone(whole)
		clear(b[at:][:page])
		os.Remove(path)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		i, err := Inspect(path)
		if err == nil && i.Damage == nil { // a free one, or the list of those
			if got := len(collect(t, i.Targets(t.Context(), "FR-1", 1, 1))) + len(collect(t, i.Log(t.Context(), "FR-1", 1))); got != 934 {
				t.Errorf("the page at %d is gone: %d targets and entries, and no word of it", at, got)
			}
		} else {
			told++
		}
		if err == nil {
			i.Close()
		}
	}
	if told < 10 {
		t.Errorf("told of %d pages", told)
	}
}
