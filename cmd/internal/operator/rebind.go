package operator

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"

	"factorbot/bot/reset"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
)

// Rebind forgets which Okta user an approver's Slack account led to, so that the next
// sight binds it again. It returns the Okta user, "" if the account was not bound.
type Rebind func(ctx context.Context, p reset.Person) (was string, err error)

// slackPerson is the shape of a Slack user's ID.
var slackPerson = regexp.MustCompile(`^[UW][A-Z0-9_]{2,40}$`)

// serveRebind serves an operator who has made sure who an approver is. The socket takes
// no method but GET, and nobody reaches it but the owner of the record.
func serveRebind(rebind Rebind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := r.URL.Query().Get("person")
		if !slackPerson.MatchString(p) {
			http.Error(w, "name a Slack user such as U0123456", http.StatusConflict)
			return
		}
		was, err := rebind(r.Context(), reset.Person(p))
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		case was == "":
			fmt.Fprintf(w, "%s was bound to no Okta user; the next decision binds it.\n", p)
		default:
			fmt.Fprintf(w, "%s is no longer bound to %s; the next decision binds it to the Okta user that its e-mail leads to then.\n", p, was)
		}
	}
}

// runRebind asks the running bot: the fact has to be in its record.
func runRebind(ctx context.Context, cfg *config.Config, args []string, out io.Writer) error {
	if len(args) != 1 || !slackPerson.MatchString(args[0]) {
		return cli.BadSetting("arguments", "name one Slack user, as in: factorbot requests rebind U0123456")
	}
	_, running, err := fetch(ctx, cfg.ControlPath(), "/rebind?person="+args[0], out)
	if err == nil && !running {
		return fmt.Errorf("no bot runs on %s: start it, then rebind", cfg.DB)
	}
	return err
}
