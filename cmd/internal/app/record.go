package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"factorbot/bot/announcer"
	"factorbot/bot/desk"
	"factorbot/bot/handler"
	"factorbot/bot/listener"
	"factorbot/bot/reset"
	"factorbot/bot/runner"
	"factorbot/bot/stepup"
	"factorbot/bot/suspicious"
	"factorbot/bot/view"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
	"factorbot/cmd/internal/metrics"
	"factorbot/cmd/internal/webhook"
	"factorbot/store"
)

// Record is what the parts of the bot ask of the store: each of them says in its own
// interface what it needs.
type Record interface {
	desk.Record
	desk.Plans
	desk.FreezeStore
	runner.Record
	listener.Inbox
	listener.ReadPositions
	handler.AuditTrail
	announcer.Record
	announcer.Exports
	announcer.Trail
	webhook.Record
	metrics.Record
	stepup.Record
	suspicious.Record
	stepup.Values
	valueStore
	trail
}

// Okta is what the runner asks of Okta.
type Okta = runner.Okta

// record joins a term of the store with those who use it.
type record struct{ *store.Term }

// NewRecord returns the record as the parts of the bot use it during one term.
func NewRecord(term *store.Term) Record { return record{term} }

// Seen notes how far a channel was read. A process that does not lead has no part in that.
func (r record) Seen(ctx context.Context, c reset.Channel, ts string) error {
	if !r.Begun() {
		return nil
	}
	return r.Term.Seen(ctx, c, ts)
}

// Settled tells of the requests that were asked since and are settled.
func (r record) Settled(ctx context.Context, since time.Time) iter.Seq2[reset.ID, error] {
	return func(yield func(reset.ID, error) bool) {
		for q, err := range r.Requests(ctx, reset.Query{Since: since}) {
			switch {
			case err != nil:
				yield("", err)
				return
			case q.State.Settled() && !yield(q.ID, nil):
				return
			}
		}
	}
}

// Heads are the ends of a request's chain and of the org's.
func (r record) Heads(ctx context.Context, id reset.ID) (view.AuditHeads, error) {
	request, err := r.RequestHead(ctx, id)
	if err != nil {
		return view.AuditHeads{}, err
	}
	org, err := r.Head(ctx)
	return view.AuditHeads{Request: request.String(), Org: org.String()}, err
}

// Arrivals tells of the envelopes that are not finished, and then of each that arrives.
func (r record) Arrivals(ctx context.Context) iter.Seq2[listener.Envelope, error] {
	return func(yield func(listener.Envelope, error) bool) {
		for e, err := range r.Term.Arrivals(ctx) {
			if !yield(listener.Envelope{Key: e.Key, Body: e.Body, At: e.At}, err) {
				return
			}
		}
	}
}

// tabSource is what home tabs are made of: who may see what, and what moves.
type tabSource struct {
	desk *desk.Desk
	Record
}

// Home is what a person sees.
func (p tabSource) Home(ctx context.Context, in desk.Intent) (reset.Home, error) {
	return p.desk.Home(ctx, in)
}

// openRecord opens the record of the org. One that was made with another address is
// opened if Okta says that the same org answers at ours.
func openRecord(ctx context.Context, cfg *config.Config, opt Options) (*store.Store, error) {
	how := []store.Option{store.Retain(cfg.Policy.Retain), store.As(processName())}
	if opt.LeaseTTL > 0 {
		how = append(how, store.LeaseTTL(opt.LeaseTTL))
	}
	certificates, err := cfg.Etcd.TLS()
	if err != nil {
		return nil, err
	}
	how = append(how, store.Etcd(certificates, cfg.Etcd.User, cfg.Etcd.Password.Reveal()))
	file, err := store.Open(cfg.DB, cfg.Okta.OrgURL, how...)
	if other := (*store.OrgError)(nil); errors.As(err, &other) {
		id, unknown := askOrgID(ctx, cfg, opt.Log)
		if unknown != nil {
			return nil, fmt.Errorf("%w (whether it is the same org at another address cannot be told: %v)", err, unknown)
		}
		file, err = store.Open(cfg.DB, cfg.Okta.OrgURL, append(how, store.SameOrg(id))...)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, cli.BadSetting("FACTORBOT_DB", "names a file that cannot be opened or made: check its folder and who may write there")
	}
	return file, err
}
