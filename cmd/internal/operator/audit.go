package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"

	"factorbot/bot/reset"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
	"factorbot/store"
)

const auditHelp = `Look at the audit trail in a record that no bot has open, or in a backup.

Usage: factorbot audit verify [--db FILE] [--head HEAD] [--receipt FILE]
       factorbot audit export [--db FILE] [--since TIME] [--format jsonl|csv] [--redact]

`

func RunAudit(ctx context.Context, args []string, env cli.Env) error {
	if len(args) > 0 {
		switch args[0] {
		case "verify":
			return runAuditVerify(ctx, args[1:], env)
		case "export":
			return runAuditExport(ctx, args[1:], env)
		case "help", "--help", "-h":
			_, err := io.WriteString(env.Stdout, auditHelp)
			return err
		}
	}
	return cli.BadSetting("arguments", "factorbot audit needs verify or export")
}

// errNotWhole ends a verification that has found something.
var errNotWhole = errors.New("the audit trail is not whole")

func runAuditVerify(ctx context.Context, args []string, env cli.Env) error {
	flags := cli.NewFlags("audit verify")
	settings := config.AddFlags(flags, "db")
	head := flags.String("head", "", "`HEAD` that was kept outside, as in 17:9f86d081ab12, from a message or a log line")
	receipt := flags.String("receipt", "", "`FILE` with a receipt")
	if err := cli.Parse(flags, args, env.Stdout, auditHelp); err != nil {
		return err
	}
	var kept []store.Expected
	if *head != "" {
		h, err := store.ParseHead(*head)
		if err != nil {
			return cli.BadSetting("--head", "is a number, a colon and 12 or more hex digits")
		}
		kept = append(kept, store.Expected{Org: h})
	}
	if *receipt != "" {
		r, err := readReceipt(*receipt)
		if err != nil {
			return err
		}
		kept = append(kept, r)
	}
	cfg, err := settings.Place(env.Vars)
	if err != nil {
		return err
	}
	return inspect(cfg, func(file *store.Inspection) error {
		audit, err := file.Verify(ctx, kept...)
		if err != nil {
			return err
		}
		return writeAudit(env.Stdout, file, audit)
	})
}

// inspect opens a record for reading.
func inspect(cfg *config.Config, read func(*store.Inspection) error) error {
	file, err := openInspection(cfg)
	if err != nil {
		var held *store.HeldError
		if errors.As(err, &held) {
			return fmt.Errorf("%w, or make a backup with factorbot backup and name it with --db", err)
		}
		return err
	}
	return errors.Join(read(file), file.Close())
}

// writeAudit tells what a verification has found, a line each.
func writeAudit(w io.Writer, file *store.Inspection, audit *store.Audit) error {
	var errs []error
	say := func(format string, args ...any) {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		errs = append(errs, err)
	}
	if file.Damage != nil {
		say("damaged: %v", file.Damage)
	}
	for _, f := range audit.Findings {
		say("found: %s", f)
	}
	say("%d entries of %d requests and the org's own log, %d requests retired", audit.Entries, audit.Requests, audit.Retired)
	say("head %s", audit.Head)
	if len(audit.Findings) > 0 || file.Damage != nil {
		errs = append(errs, errNotWhole)
	}
	return errors.Join(errs...)
}

// receipt is what a verification needs of a receipt; the other fields are for people.
type receipt struct {
	Request reset.ID `json:"request"`
	Seq     int64    `json:"seq"`  // number of the entry of the request's log that it ends with
	Head    string   `json:"head"` // of the request's chain up to there
	Anchor  string   `json:"anchor"`
}

// maxReceipt bounds the file of a receipt.
const maxReceipt = 1 << 20

func readReceipt(path string) (store.Expected, error) {
	f, err := os.Open(path)
	if err != nil {
		return store.Expected{}, fmt.Errorf("read the receipt: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxReceipt))
	if err = errors.Join(err, f.Close()); err != nil {
		return store.Expected{}, fmt.Errorf("read the receipt: %w", err)
	}
	r, err := parseReceipt(b)
	if err != nil {
		return store.Expected{}, fmt.Errorf("read the receipt: %w", err)
	}
	out := store.Expected{Request: r.Request, Sequence: r.Seq, Hash: r.Head}
	if out.Org, err = store.ParseHead(r.Anchor); err != nil {
		return store.Expected{}, fmt.Errorf("read the receipt: its anchor: %w", err)
	}
	if r.Request.Number() == 0 || r.Head == "" {
		return store.Expected{}, errors.New("read the receipt: it names no request and head")
	}
	return out, nil
}

// parseReceipt reads JSON, or the receipt as the bot's message has it: "Receipt of FR-42", and
// the heads of the request's trail and of the org's, in this order.
func parseReceipt(b []byte) (r receipt, err error) {
	if json.Valid(b) {
		return r, json.Unmarshal(b, &r)
	}
	id := regexp.MustCompile(`Receipt of (FR-[0-9]+)`).FindSubmatch(b)
	heads := regexp.MustCompile(`([0-9]+):([0-9a-f]{64})`).FindAllSubmatch(b, -1)
	if id == nil || len(heads) < 2 {
		return r, errors.New("it has no request with two heads")
	}
	r = receipt{Request: reset.ID(id[1]), Head: string(heads[0][2]), Anchor: string(heads[1][0])}
	r.Seq, err = strconv.ParseInt(string(heads[0][1]), 10, 64)
	return r, err
}
