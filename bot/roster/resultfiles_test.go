package roster_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

// all makes a sequence without errors.
func all[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range items {
			if !yield(x, nil) {
				return
			}
		}
	}
}

// invalid is the target of a row that names nobody; its detail says the line of the file.
func invalid(r reset.Row) reset.Target {
	detail := r.Problem
	if r.Line > 0 {
		detail = fmt.Sprintf("line %d: %s", r.Line, r.Problem)
	}
	return reset.Target{Row: r.Row, Input: r.Input, Action: reset.ActionSkip, Reason: reset.InvalidRow, Detail: detail}
}

// sampleTargets has a target of each kind, hostile text among them.
func sampleTargets() []reset.Target {
	return []reset.Target{
		{Row: 1, Input: "ana@example.com", User: id1, Login: "ana@example.com", Status: "ACTIVE", Action: reset.ActionReset},
		{Row: 2, Input: "Zoë \"Z\"@example.com", User: id2, Login: "zoë@example.com", Status: "SUSPENDED", Action: reset.ActionReset, Detail: "is suspended"},
		{Row: 3, Input: "no.such@example.com", Action: reset.ActionSkip, Reason: reset.NotFound, Detail: "line 4: no user of Okta has this login or e-mail"},
		invalid(reset.Row{Row: 4, Line: 5, Input: "=HYPERLINK(\"http://x\")", Problem: "starts as a formula does"}),
		invalid(reset.Row{Row: 5, Input: "@SUM(1)", Problem: "names nobody"}),
		{Row: 6, Input: "two\nlines, and a comma", User: "00u2isAjIhKtJ0RlgLKO", Login: "-dash@example.com", Status: "ACTIVE", Action: reset.ActionReset, Detail: "\ttab"},
	}
}

func TestWritePlan(t *testing.T) {
	var b bytes.Buffer
	if err := roster.WritePlan(&b, all(sampleTargets())); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/golden/plan.csv", b.Bytes())
}

func TestWriteResults(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 89, time.FixedZone("CET", 3600))
	targets := sampleTargets()
	results := []reset.Result{
		{Target: targets[0], Progress: reset.Progress{Outcome: reset.OutcomeReset, Factors: []string{"push", "sms"}, Attempts: 2, RequestID: "aX0Zz9", Proof: reset.ProofLog, FinishedAt: at}},
		{Target: targets[1], Progress: reset.Progress{Outcome: reset.OutcomeFailed, Reason: reset.Forbidden, Detail: "=evil, \"Okta\" said", Attempts: 1, FinishedAt: at}},
		{Target: targets[2]},
		{Target: targets[3]},
		{Target: targets[4]},
		{Target: targets[5]}, // never begun
	}
	var b bytes.Buffer
	if err := roster.WriteResults(&b, all(results)); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/golden/results.csv", b.Bytes())
}

// TestWrite_errors passes on what the sequence and the writer say.
func TestWrite_errors(t *testing.T) {
	broken := errors.New("the record is gone")
	bad := func(yield func(reset.Target, error) bool) {
		_ = yield(sampleTargets()[0], nil) && yield(reset.Target{}, broken)
	}
	if err := roster.WritePlan(&bytes.Buffer{}, bad); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if err := roster.WritePlan(full{}, all(sampleTargets())); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

var errFull = errors.New("full")

// full is a writer that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// TestWrite_dropBack drops plan and result files back: every row names the user it named.
func TestWrite_dropBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.OneOf(
			rapid.SampledFrom([]string{id1, "ana@example.com", "=1+1", "@x", "not a user", "", "'quoted'@example.com", "a\"b", "x\ny"}),
			rapid.StringMatching(`[-+=@'a-zé ,;"]{0,12}@?[a-z.]{0,8}`),
		)
		var rows []reset.Row
		var targets []reset.Target
		var results []reset.Result
		n := rapid.IntRange(1, 20).Draw(t, "rows")
		for i := range n {
			input := rapid.Custom(func(t *rapid.T) string { return strings.TrimSpace(cell.Draw(t, "cell")) }).Draw(t, "input")
			row := roster.RowOf(i+1, roster.UserRef{Kind: roster.UserLogin, Value: input, Input: input})
			target := reset.Target{Row: i + 1, Input: input, Action: reset.ActionReset}
			switch {
			case row.Problem != "":
				target = invalid(row)
			case row.Kind == reset.RefID:
				target.User = reset.UserID(row.Value)
			case rapid.Bool().Draw(t, "found"):
				target.User, target.Login = id2, input
				row.Kind, row.Value = reset.RefID, id2
			}
			rows, targets, results = append(rows, row), append(targets, target), append(results, reset.Result{Target: target})
		}
		var plan, file bytes.Buffer
		if err := errors.Join(roster.WritePlan(&plan, all(targets)), roster.WriteResults(&file, all(results))); err != nil {
			t.Fatal(err)
		}
		for _, b := range [][]byte{plan.Bytes(), file.Bytes()} {
			noFormulas(t, b)
			back, err := roster.Read(bytes.NewReader(b), roster.Limits{})
			if err != nil {
				t.Fatalf("%v in\n%s", err, b)
			}
			if len(back.Rows) != len(rows) {
				t.Fatalf("%d rows of %d came back", len(back.Rows), len(rows))
			}
			for i, r := range back.Rows {
				if r.Value != rows[i].Value || r.Kind != rows[i].Kind {
					t.Fatalf("row %d came back as %+v, was %+v", i+1, r, rows[i])
				}
			}
		}
	})
}

func noFormulas(t *rapid.T, file []byte) {
	records, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range slices.Concat(records...) {
		if c != "" && strings.Contains("=+-@\t\r", c[:1]) {
			t.Fatalf("the cell %q would run", c)
		}
	}
}
