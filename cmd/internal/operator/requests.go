package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
	"factorbot/store"
)

// archive is what operators read of the record.
type archive interface {
	Requests(ctx context.Context, q reset.Query) iter.Seq2[*reset.Request, error] // newest first
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
	Log(ctx context.Context, id reset.ID, from int64) iter.Seq2[reset.Entry, error]
	Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error]
	Leader(ctx context.Context) (store.Leader, error)
}

// question is what an operator wants to know.
type question struct {
	verb  string // list, show, results
	id    reset.ID
	json  bool
	limit int // of list
}

// read takes in the words of an operator.
func (q *question) read(words []string) (err error) {
	switch {
	case len(words) == 1 && words[0] == "list":
	case len(words) == 2 && (words[0] == "show" || words[0] == "results"):
		q.id, err = reset.ParseID(words[1])
	default:
		return errQuestion
	}
	q.verb = words[0]
	return err
}

// errNoResults says that a request has no result file.
var errNoResults = errors.New("there is no result file")

// errQuestion says that a question is malformed.
var errQuestion = errors.New("ask for list, show FR-42 or results FR-42")

// answerTo writes the answer to a question.
func answerTo(ctx context.Context, a archive, q question, w io.Writer) error {
	switch q.verb {
	case "list":
		return listRequests(ctx, a, q, w)
	case "show":
		r, err := a.Get(ctx, q.id)
		if err != nil {
			return err
		}
		if q.json {
			return cli.PrintJSON(w, r)
		}
		return showRequest(ctx, a, r, w)
	case "results":
		return writeResultsOf(ctx, a, q.id, w)
	}
	return errQuestion
}

func listRequests(ctx context.Context, a archive, q question, w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	if !q.json {
		fmt.Fprintln(t, "REQUEST\tSTATE\tASKED\tBY\tUSERS\tREASON")
	}
	for r, err := range a.Requests(ctx, reset.Query{Limit: q.limit}) {
		if err != nil {
			return err
		}
		if q.json {
			if err := json.NewEncoder(w).Encode(r); err != nil {
				return err
			}
			continue
		}
		users := r.Plan.Resets
		if r.Plan.Digest == "" {
			users = r.Rows
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", r.ID, r.State, r.Asked.At.UTC().Format(time.DateTime), r.Asked.By, users, onScreen(r.Asked.Reason, 60))
	}
	if err := t.Flush(); err != nil || q.json {
		return err
	}
	leader, err := a.Leader(ctx)
	switch {
	case err != nil:
		return err
	case leader.Number == 0: // one process alone
		return nil
	case !leader.Now:
		_, err = fmt.Fprintln(w, "\nnobody leads")
	default:
		_, err = fmt.Fprintf(w, "\n%s leads\n", leader.By)
	}
	return err
}

// showRequest tells a request and its facts.
func showRequest(ctx context.Context, a archive, r *reset.Request, w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	line(string(r.ID), "%s", r.State)
	line("asked", "%s by %s in %s", r.Asked.At.UTC().Format(time.RFC3339), r.Asked.By, r.Asked.Channel)
	line("reason", "%s", onScreen(r.Asked.Reason, 500))
	line("roster", "%d rows", r.Rows)
	if r.Plan.Digest != "" {
		line("plan", "revision %d: %d to reset, digest %s", r.Plan.Revision, r.Plan.Resets, r.Plan.Digest)
	}
	for _, v := range r.Approved {
		line("approved", "%s by %s", v.At.UTC().Format(time.RFC3339), v.By)
	}
	if r.Pause != nil {
		line("paused", "%s, %s", r.Pause.At.UTC().Format(time.RFC3339), r.Pause.Cause)
	}
	if r.Refusal != "" {
		line("refused", "%s", onScreen(r.Refusal, 500))
	}
	var count reset.Counter
	var facts []reset.Fact
	for e, err := range a.Log(ctx, r.ID, 1) {
		if err != nil {
			return err
		}
		count.Apply(e)
		if e.Fact != nil {
			facts = append(facts, *e.Fact)
		}
	}
	for _, o := range reset.Outcomes() {
		n := count.Count(o)
		if r.Totals != nil {
			n = r.Totals.ByOutcome[o]
		}
		if n > 0 {
			line(string(o), "%d", n)
		}
	}
	for _, f := range facts {
		line("fact", "%s %s %s", f.At.UTC().Format(time.RFC3339), f.Name, f.By)
	}
	return t.Flush()
}

// writeResultsOf writes the result file of a settled request, byte for byte as in Slack.
func writeResultsOf(ctx context.Context, a archive, id reset.ID, w io.Writer) error {
	r, err := a.Get(ctx, id)
	switch {
	case err != nil:
		return err
	case !r.State.Settled():
		return fmt.Errorf("%s: %w yet: it is %s", id, errNoResults, r.State)
	case r.Totals == nil:
		return fmt.Errorf("%s: %w: nothing was run, it is %s", id, errNoResults, r.State)
	}
	return roster.WriteResults(w, reset.Results(a.Log(ctx, id, 1), a.Targets(ctx, id, r.Plan.Revision, 0)))
}

// onScreen is people's text as one short line that changes nothing on a terminal.
func onScreen(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// serveRequests answers operators' questions about requests.
func serveRequests(a archive) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := r.URL.Query()
		limit, _ := strconv.Atoi(v.Get("limit"))
		q := question{verb: r.PathValue("verb"), id: reset.ID(v.Get("id")), json: v.Has("json"), limit: limit}
		out := &once{w: w}
		err := answerTo(r.Context(), a, q, out)
		switch {
		case err == nil:
		case out.wrote: // half an answer must not look like a whole one
			panic(http.ErrAbortHandler)
		case errors.Is(err, store.ErrNotFound):
			http.Error(w, err.Error(), http.StatusNotFound)
		case errors.Is(err, errNoResults), errors.Is(err, errQuestion):
			http.Error(w, err.Error(), http.StatusConflict)
		default:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

// once notes whether something was written.
type once struct {
	w     io.Writer
	wrote bool
}

func (o *once) Write(p []byte) (int, error) {
	o.wrote = true
	return o.w.Write(p)
}

const requestsHelp = `Look at requests when Slack is down, while the bot runs or not. With rebind, let an
approver's Slack account be bound to another Okta user (step_up); the bot must run.

Usage: factorbot requests list [--limit 50] [--json] [--db FILE]
       factorbot requests show FR-42 [--json] [--db FILE]
       factorbot requests results FR-42 [--db FILE] > FR-42-results.csv
       factorbot requests rebind U0123456 [--db FILE]

`

// openInspection opens the record for reading only.
func openInspection(cfg *config.Config) (*store.Inspection, error) {
	certificates, err := cfg.Etcd.TLS()
	if err != nil {
		return nil, err
	}
	return store.Inspect(cfg.DB, store.Etcd(certificates, cfg.Etcd.User, cfg.Etcd.Password.Reveal()))
}

// RunRequests asks the running bot, or reads the file where none runs.
func RunRequests(ctx context.Context, args []string, env cli.Env) error {
	q := question{}
	flags := cli.NewFlags("requests")
	settings := config.AddFlags(flags, "db")
	flags.BoolVar(&q.json, "json", false, "JSON, a line for each request")
	flags.IntVar(&q.limit, "limit", 50, "`REQUESTS` to list, the newest first; 0: all")
	words, err := cli.ParseWords(flags, args, env.Stdout, requestsHelp)
	if err != nil {
		return err
	}
	cfg, err := settings.Place(env.Vars)
	if err != nil {
		return err
	}
	if len(words) > 0 && words[0] == "rebind" {
		return runRebind(ctx, cfg, words[1:], env.Stdout)
	}
	if err := q.read(words); err != nil {
		return cli.BadSetting("arguments", err.Error())
	}
	path := fmt.Sprintf("/requests/%s?id=%s&limit=%d", q.verb, q.id, q.limit)
	if q.json {
		path += "&json"
	}
	_, running, err := fetch(ctx, cfg.ControlPath(), path, env.Stdout)
	if running || err != nil {
		return err
	}
	file, err := openInspection(cfg)
	if err != nil {
		return err
	}
	return errors.Join(answerTo(ctx, file, q, env.Stdout), file.Close())
}
