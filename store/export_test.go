package store

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"factorbot/bot/reset"
)

// The file of an export comes back as it was written, is replaced as a whole,
// and goes when it was delivered, when it is too old, and with its request.
func TestTerm_exports(t *testing.T) {
	m := newMemEngine()
	now := t0
	term := mustTermOn(t, m, Clock(func() time.Time { return now }), Retain(30*24*time.Hour))
	r, f := reset.Open(testOrg, reset.Ask{Kind: reset.KindExport, By: "U_REQUESTER", At: t0}, 0)
	made, err := term.Create(t.Context(), "", r, func(func(reset.Row) bool) {}, f)
	if err != nil {
		t.Fatal(err)
	}
	read := func() []byte {
		t.Helper()
		var file bytes.Buffer
		if err := term.ReadExport(t.Context(), made.ID, &file); err != nil {
			t.Fatal(err)
		}
		return file.Bytes()
	}
	save := func(size int) []byte {
		t.Helper()
		file := make([]byte, size)
		for i := range file {
			file[i] = byte(rand.Uint32())
		}
		err := term.SaveExport(t.Context(), made.ID, func(w io.Writer) error {
			_, err := io.Copy(w, bytes.NewReader(file))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, size := range []int{0, 1, exportPiece - 1, exportPiece, exportPiece + 1, 5*exportPiece + 7, 3} {
		if want := save(size); !bytes.Equal(read(), want) {
			t.Errorf("%d bytes came back as %d others", size, len(read()))
		}
	}
	broken := errors.New("the list broke off")
	if err := term.SaveExport(t.Context(), made.ID, func(io.Writer) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	save(2 * exportPiece)
	for range 2 {
		if err := term.DropExport(t.Context(), made.ID); err != nil || len(read()) != 0 {
			t.Errorf("%d bytes are left, %v", len(read()), err)
		}
	}
	save(2 * exportPiece)
	mustUpdate(t, term, made.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) })
	for _, c := range []struct {
		after time.Duration
		kept  bool
	}{{exportKept - time.Second, true}, {exportKept, false}} {
		if mustSweepTo(t, term, t0.Add(c.after)); (len(read()) > 0) != c.kept {
			t.Errorf("after %s: %d bytes", c.after, len(read()))
		}
	}
	save(10)
	if mustSweepTo(t, term, t0.Add(31*24*time.Hour)); len(read()) != 0 {
		t.Errorf("%d bytes outlive their request", len(read()))
	}
}
