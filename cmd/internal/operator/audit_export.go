package operator

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
	"factorbot/store"
)

func runAuditExport(ctx context.Context, args []string, env cli.Env) error {
	flags := cli.NewFlags("audit export")
	settings := config.AddFlags(flags, "db")
	since := flags.String("since", "", "only entries from this `TIME` on: 2026-03-01, 2026-03-01T09:00:00Z, or 30d")
	format := flags.String("format", "jsonl", "`jsonl` or csv")
	redact := flags.Bool("redact", false, "salted hashes in the place of persons, users and free text; the chains can still be computed")
	if err := cli.Parse(flags, args, env.Stdout, auditHelp); err != nil {
		return err
	}
	from, err := sinceTime(*since, time.Now())
	if err != nil {
		return err
	}
	out, err := newTrailWriter(*format, env.Stdout)
	if err != nil {
		return err
	}
	cfg, err := settings.Place(env.Vars)
	if err != nil {
		return err
	}
	return inspect(cfg, func(file *store.Inspection) error {
		for l, err := range file.Trail(ctx) {
			if err != nil { // what could be read is written
				return errors.Join(err, out.flush())
			}
			if l.Entry.At.Before(from) {
				continue
			}
			if *redact {
				seq := l.Entry.Seq
				if err := json.Unmarshal(l.Hashed, &l.Entry); err != nil {
					return fmt.Errorf("redact an entry: %w", err)
				}
				l.Entry.Seq = seq
			}
			if err := out.write(l, *redact); err != nil {
				return fmt.Errorf("write the export: %w", err)
			}
		}
		return out.flush()
	})
}

// sinceTime reads a day, a time, or how long ago.
func sinceTime(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	d, err := cli.ParseDuration(s)
	if err != nil {
		return time.Time{}, cli.BadSetting("--since", "is a day such as 2026-03-01, a time such as 2026-03-01T09:00:00Z, or how long ago, such as 30d")
	}
	return now.Add(-d), nil
}

// trailWriter writes an export in one of its formats.
type trailWriter struct {
	write func(store.Link, bool) error
	flush func() error
}

func newTrailWriter(format string, w io.Writer) (trailWriter, error) {
	switch format {
	case "jsonl":
		lines := json.NewEncoder(w)
		lines.SetEscapeHTML(false)
		return trailWriter{
			write: func(l store.Link, redacted bool) error { return lines.Encode(exported(l, redacted)) },
			flush: func() error { return nil },
		}, nil
	case "csv":
		table := csv.NewWriter(w)
		err := table.Write([]string{"request", "seq", "at", "kind", "fact", "by", "row", "user_id", "step", "outcome", "reason", "detail", "okta_request_id", "hash"})
		return trailWriter{
			write: func(l store.Link, _ bool) error { return table.Write(trailRow(l)) },
			flush: func() error { table.Flush(); return table.Error() },
		}, err
	}
	return trailWriter{}, cli.BadSetting("--format", "is jsonl or csv")
}

// exportedLine is a line of the JSON export. The hash of an entry is SHA-256 of the hash
// before (32 bytes), its number (8 bytes, big-endian) and the SHA-256 of hashed.
type exportedLine struct {
	Request reset.ID `json:"request,omitempty"`
	reset.Entry
	Hash   string `json:"hash"`
	Hashed string `json:"hashed,omitempty"` // of a redacted export
}

func exported(l store.Link, redacted bool) exportedLine {
	e := exportedLine{Request: l.Request, Entry: l.Entry, Hash: l.Hash}
	if redacted {
		e.Hashed = string(l.Hashed)
	}
	return e
}

func trailRow(l store.Link) []string {
	e := l.Entry
	row := []string{string(l.Request), strconv.FormatInt(e.Seq, 10), e.At.UTC().Format(time.RFC3339), string(e.Kind), "", "", "", "", "", string(e.Outcome), string(e.Reason), e.Detail, e.RequestID, l.Hash}
	if e.Fact != nil {
		var detail []string
		for k, v := range e.Fact.Detail {
			detail = append(detail, k+"="+v)
		}
		slices.Sort(detail)
		row[4], row[5], row[11] = e.Fact.Name, string(e.Fact.By), strings.Join(detail, "; ")
	}
	if e.Step != nil {
		row[6], row[7], row[8] = strconv.Itoa(e.Step.Row), string(e.Step.User), string(e.Step.Kind)
	}
	for i := range row {
		row[i] = roster.Defuse(row[i])
	}
	return row
}
