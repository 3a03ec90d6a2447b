package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/reset"
	"factorbot/store/internal/chain"
	"factorbot/store/internal/kv"
	"factorbot/store/internal/series"
)

// A record of schema version 1 gets its chains, loses nothing, and can be gone back from.
func TestOpen_migratesSchema1(t *testing.T) {
	path := mustUnpack(t, "schema-1.db.gz")
	old, err := Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	before := collect(t, old.Log(t.Context(), "FR-1", 1))
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	s := MustOpen(t, path)
	if d := cmp.Diff(before, collect(t, s.Log(t.Context(), "FR-1", 1))); d != "" || len(before) != 606 {
		t.Errorf("%d entries (-before +after):\n%s", len(before), d)
	}
	term := mustTerm(t, s)
	mustUpdate(t, term, "FR-2", func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) })
	audit := must[*Audit](t)(s.Verify(t.Context()))
	if len(audit.Findings) != 0 || audit.Requests != 2 || audit.Entries != 606+2+4 {
		t.Errorf("audit %+v", audit)
	}
	kept := must[[]string](t)(filepath.Glob(path + ".schema-1-*"))
	if len(kept) != 1 {
		t.Fatalf("backups: %v", kept)
	}
}

// mustTrail makes a closed record with a finished request of 300 users, an open one and
// facts of the org, and returns its path and its head.
func mustTrail(tb testing.TB) (string, Head) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "factorbot.db")
	s := MustOpen(tb, path)
	term := mustTerm(tb, s)
	r := mustRun(tb, term, 300, t0)
	journalAll(tb, term, []*reset.Request{r}, 300)
	mustUpdate(tb, term, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Verify(t0) })
	mustUpdate(tb, term, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Finish(reset.Totals{}, t0) })
	if err := term.SaveMessages(tb.Context(), r.ID, reset.Message{Slot: reset.SlotResult, Channel: "C_FACTORS", TS: "1.000100", At: t0}); err != nil {
		tb.Fatal(err)
	}
	mustCreate(tb, term, 3)
	if err := term.AppendOrgFacts(tb.Context(), reset.Fact{Name: "started", By: "U_APPROVER1", At: t0}); err != nil {
		tb.Fatal(err)
	}
	head := must[Head](tb)(s.Head(tb.Context()))
	MustClose(tb, s)
	return path, head
}

// mustTamper changes pairs of a closed record as somebody with the file could, checksums and all.
func mustTamper(tb testing.TB, path string, change func(e kv.Engine)) {
	tb.Helper()
	s := MustOpen(tb, path)
	change(s.engine)
	MustClose(tb, s)
}

// rewrite changes the lines of the first block of a log.
func rewrite(tb testing.TB, e kv.Engine, n int, change func([][]byte) [][]byte) {
	tb.Helper()
	first, end := series.Key(logPrefix(n), 1), series.Key(logPrefix(n), 1+series.BlockLen)
	var text []byte
	for _, p := range collect(tb, kv.ScanRange(tb.Context(), e, first, end, 100)) {
		text = append(text, must[[]byte](tb)(series.Lines(p.Value))...)
	}
	lines := bytes.Join(change(slices.Collect(bytes.Lines(text))), nil)
	mustCommit(tb, e, nil, kv.RemoveRange(first+"\x00", end), kv.Put(first, series.Value(lines)))
}

func TestVerify(t *testing.T) {
	whole, head := mustTrail(t)
	original := must[[]byte](t)(os.ReadFile(whole))
	const requests = 1
	replace := func(old, with string) func([][]byte) [][]byte {
		return func(lines [][]byte) [][]byte {
			joined := bytes.Join(lines, nil)
			if !bytes.Contains(joined, []byte(old)) {
				t.Errorf("nothing to tamper with: %q", old)
			}
			return [][]byte{bytes.Replace(joined, []byte(old), []byte(with), 1)}
		}
	}
	for name, c := range map[string]struct {
		tamper func(e kv.Engine)
		want   string
		with   Expected
	}{
		"untouched":       {tamper: func(kv.Engine) {}, with: Expected{Org: head}},
		"an outcome":      {tamper: func(e kv.Engine) { rewrite(t, e, requests, replace(`"outcome":"reset"`, `"outcome":"failed"`)) }, want: "FR-1, entry"},
		"a user":          {tamper: func(e kv.Engine) { rewrite(t, e, requests, replace(string(userID(7)), string(userID(8)))) }, want: "FR-1, entry"},
		"an approver":     {tamper: func(e kv.Engine) { rewrite(t, e, requests, replace("U_APPROVER1", "U_APPROVER2")) }, want: "FR-1, entry 3: it does not match its mark"},
		"a time":          {tamper: func(e kv.Engine) { rewrite(t, e, requests, replace("2026-03-01T09", "2026-03-01T08")) }, want: "FR-1, entry 1:"},
		"an Okta request": {tamper: func(e kv.Engine) { rewrite(t, e, requests, replace(`"req-1"`, `"req-2"`)) }, want: "FR-1, entry"},
		"a fact left out": {tamper: func(e kv.Engine) {
			rewrite(t, e, requests, func(l [][]byte) [][]byte { return append(l[:2:2], l[3:]...) })
		}, want: "FR-1, entry 3: entry 4 stands where it should be"},
		"two facts swapped": {tamper: func(e kv.Engine) {
			rewrite(t, e, requests, func(l [][]byte) [][]byte { l[1], l[2] = l[2], l[1]; return l })
		}, want: "FR-1, entry 2: entry 3 stands where it should be"},
		"two facts swapped with their numbers": {tamper: func(e kv.Engine) {
			rewrite(t, e, requests, func(l [][]byte) [][]byte {
				l[1], l[2] = bytes.Replace(l[2], []byte(`"seq":3`), []byte(`"seq":2`), 1), bytes.Replace(l[1], []byte(`"seq":2`), []byte(`"seq":3`), 1)
				return l
			})
		}, want: "FR-1, entry 2: it does not match its mark"},
		"the end cut off": {tamper: func(e kv.Engine) {
			mustCommit(t, e, nil, kv.RemoveRange(series.Key(logPrefix(1), 501), series.Key(logPrefix(1), 99999)))
		}, want: "FR-1, entry 500: the log ends here, and should end at 607"},
		"the end cut off, and the tail": {tamper: func(e kv.Engine) {
			mustCommit(t, e, nil, kv.RemoveRange(series.Key(logPrefix(1), 501), series.Key(logPrefix(1), 99999)),
				tailPut(1, 500, mustLink(t, e, 1, 500)))
		}, want: "FR-1, entry 607: the log ends at 500, before an entry in entry"},
		"all rewritten with a chain of its own": {tamper: func(e kv.Engine) { forge(t, e, 1, "U_APPROVER1", "U_APPROVER2") }, want: "FR-1, entry 1: the hash up to here is not the one in entry 1 of the org's log"},
		"the request left out": {tamper: func(e kv.Engine) {
			mustCommit(t, e, nil, kv.RemovePrefix(logPrefix(1)), kv.Remove(headKey(1)), kv.Remove(tailKey(1)))
		}, want: "FR-1, entry 0: the org's log knows the request, and it is not there"},
		"a request put in": {tamper: func(e kv.Engine) {
			mustCommit(t, e, nil, kv.Put(headKey(9), []byte(`{"id":"FR-9"}`)), tailPut(9, 0, chain.First(testOrg, 9)))
		}, want: "FR-9, entry 0: the org's log does not know the request"},
		"a fact of the org":        {tamper: func(e kv.Engine) { forgeFirst(t, e, "U_APPROVER1", "U_APPROVER2") }, want: "the org's log, entry"},
		"everything, with its end": {tamper: func(e kv.Engine) { forge(t, e, 0, "U_APPROVER1", "U_APPROVER2") }, with: Expected{Org: head}, want: "the head that was kept outside is not in this record"},
		"another head":             {tamper: func(kv.Engine) {}, with: Expected{Org: Head{Seq: 3, Hash: strings.Repeat("ab", 32)}}, want: "the org's log, entry 3: the head that was kept outside"},
		"a receipt of nobody":      {tamper: func(kv.Engine) {}, with: Expected{Request: "FR-7", Sequence: 1, Hash: "ab"}, want: "FR-7, entry 1: the receipt's request is not in this record"},
		"a receipt of another":     {tamper: func(kv.Engine) {}, with: Expected{Request: "FR-1", Sequence: 3, Hash: "ab"}, want: "FR-1, entry 3: the hash up to here is not the one in the receipt"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "copy.db")
			if err := os.WriteFile(path, original, 0o600); err != nil {
				t.Fatal(err)
			}
			mustTamper(t, path, c.tamper)
			i, err := Inspect(path)
			if err != nil || i.Damage != nil {
				t.Fatal(err, i.Damage)
			}
			defer i.Close()
			audit := must[*Audit](t)(i.Verify(t.Context(), c.with))
			if c.want == "" {
				if len(audit.Findings) != 0 || audit.Head != head || audit.Requests != 2 {
					t.Errorf("audit %+v", audit)
				}
				return
			}
			if got := fmt.Sprint(audit.Findings); !strings.Contains(got, c.want) {
				t.Errorf("found %s, want %s", got, c.want)
			}
		})
	}
}

// mustLink computes the link of an entry.
func mustLink(tb testing.TB, e kv.Engine, n int, last int64) chain.Hash {
	tb.Helper()
	at := chain.First(testOrg, n)
	for _, c := range collect(tb, chainOf(n).UpTo(tb.Context(), e, 1, last)) {
		if c.Seq <= last {
			at = at.Next(c.Seq, must[chain.Hash](tb)(c.Sum()))
		}
	}
	return at
}

// forge changes a name in a log and makes a chain that holds in itself.
func forge(tb testing.TB, e kv.Engine, n int, old, with string) {
	tb.Helper()
	r := Reader{engine: e, org: testOrg}
	_, last, _, err := r.tail(tb.Context(), n)
	if err != nil {
		tb.Fatal(err)
	}
	s := newAppend(&logEnd{n: n, at: chain.First(testOrg, n)})
	for _, c := range collect(tb, entriesOf(n).UpTo(tb.Context(), e, 1, last)) {
		if c.Fact != nil && string(c.Fact.By) == old {
			c.Fact.By = reset.Person(with)
		}
		s.add(must[encodedEntry](tb)(encodeEntry(c)))
	}
	_, ops := s.parts()
	mustCommit(tb, e, nil, kv.RemovePrefix(logPrefix(n)))
	for _, o := range ops {
		mustCommit(tb, e, nil, o)
	}
}

// forgeFirst changes a name in the org's log and leaves the marks.
func forgeFirst(tb testing.TB, e kv.Engine, old, with string) {
	tb.Helper()
	rewrite(tb, e, 0, func(lines [][]byte) [][]byte {
		return [][]byte{bytes.ReplaceAll(bytes.Join(lines, nil), []byte(old), []byte(with))}
	})
}

// A request that retention has replaced by its head leaves the chains whole, and its
// receipt can still be compared; a receipt of a request that is there too.
func TestVerify_retired(t *testing.T) {
	now := t0
	s := MustOpen(t, filepath.Join(t.TempDir(), "factorbot.db"), Clock(func() time.Time { return now }), Retain(24*time.Hour))
	term := mustTerm(t, s)
	r := mustCreate(t, term, 3)
	mustUpdate(t, term, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) })
	mustCreate(t, term, 3)
	_, last, at, err := s.tail(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	anchor := must[Head](t)(ParseHead(must[*reset.Request](t)(s.Get(t.Context(), "FR-2")).Anchor))
	receipt := Expected{Org: anchor, Request: r.ID, Sequence: last, Hash: at.String()}
	for _, day := range []int{0, 2} {
		now = t0.Add(time.Duration(day) * 24 * time.Hour)
		mustSweepTo(t, term, now)
		audit := must[*Audit](t)(s.Verify(t.Context(), receipt))
		if len(audit.Findings) != 0 || audit.Retired != min(day, 1) {
			t.Errorf("day %d: %+v", day, audit)
		}
	}
	receipt.Hash = strings.Repeat("0", 64)
	if audit := must[*Audit](t)(s.Verify(t.Context(), receipt)); len(audit.Findings) != 1 {
		t.Errorf("a wrong receipt: %+v", audit)
	}
}

// The trail of a damaged record has every entry that can be read, of the logs after the
// damaged one too, and fails last.
func TestReader_Trail_damaged(t *testing.T) {
	m := newMemEngine()
	term := mustTermOn(t, m)
	damaged, sound := mustRun(t, term, 1, t0), mustCreate(t, term, 1)
	mustCommit(t, m, nil, kv.Put(series.Key(logPrefix(damaged.ID.Number()), 3), []byte("?")))
	entries := map[reset.ID]int{}
	var failed []error
	for link, err := range term.Trail(t.Context()) {
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if entries[link.Request]++; len(failed) > 0 {
			t.Errorf("entry %d of %q comes after an error", link.Entry.Seq, link.Request)
		}
	}
	want := map[reset.ID]int{"": len(collect(t, term.OrgLog(t.Context(), 1))), damaged.ID: 2, sound.ID: 1}
	if d := cmp.Diff(want, entries); d != "" {
		t.Errorf("entries (-want +got):\n%s", d)
	}
	if len(failed) != 1 || !strings.Contains(failed[0].Error(), logPrefix(damaged.ID.Number())) {
		t.Errorf("failed with %v", failed)
	}
}
