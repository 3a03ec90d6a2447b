package roster

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"factorbot/bot/reset"
)

// The columns of the files in Slack. Both begin alike, so that either can be dropped back as a roster.
var (
	planHeader    = []string{"row", "input", "user_id", "login", "status", "action", "reason", "detail"}
	resultsHeader = []string{"row", "input", "user_id", "login", "outcome", "reason", "detail", "factors", "attempts", "okta_request_id", "proof", "finished_at"}
)

// WritePlan writes the plan file, a line for each target in the order given. The
// same targets make the same bytes: approvals are bound to their hash.
func WritePlan(w io.Writer, targets iter.Seq2[reset.Target, error]) error {
	return writeTable(w, planHeader, targets, func(t reset.Target) []string {
		return []string{strconv.Itoa(t.Row), t.Input, string(t.User), t.Login, t.Status, string(t.Action), string(t.Reason), t.Detail}
	})
}

// WriteResults writes the result file of a settled request: what the plan
// skipped is skipped, what the log tells is told, and the rest was not run.
func WriteResults(w io.Writer, results iter.Seq2[reset.Result, error]) error {
	return writeTable(w, resultsHeader, results, func(r reset.Result) []string {
		t, p := r.Target, reset.Final(r.Target, r.Progress)
		return []string{
			strconv.Itoa(t.Row), t.Input, string(t.User), t.Login,
			string(p.Outcome), string(p.Reason), p.Detail, strings.Join(p.Factors, " "),
			strconv.Itoa(p.Attempts), p.RequestID, string(p.Proof), stamp(p.FinishedAt),
		}
	})
}

// stamp writes a time in UTC by RFC 3339, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// writeTable writes RFC 4180 with a header; no cell of it runs as a formula.
func writeTable[T any](w io.Writer, header []string, rows iter.Seq2[T, error], cells func(T) []string) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	err := out.Write(header)
	for row, broken := range rows {
		if err = cmp.Or(err, broken); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
		line := cells(row)
		for i, c := range line {
			line[i] = Defuse(c)
		}
		err = out.Write(line)
	}
	if out.Flush(); out.Error() != nil {
		return fmt.Errorf("write table: %w", out.Error())
	}
	return nil
}
