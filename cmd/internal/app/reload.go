package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/cmd/internal/config"
)

// trail takes facts that belong to no request.
type trail interface {
	AppendOrgFacts(ctx context.Context, facts ...reset.Fact) error
}

// livePolicy is the policy in force. Only reload changes it, as a whole.
type livePolicy struct {
	rules atomic.Pointer[policy.Rules]
}

func newLivePolicy(p *config.Policy) *livePolicy {
	l := &livePolicy{}
	rules := p.Rules()
	l.rules.Store(&rules)
	return l
}

// now is the policy at this moment.
func (l *livePolicy) now() policy.Rules { return *l.rules.Load() }

// reloader reads the settings again when it is asked to. Only the policy is
// taken over; what does not fit keeps the old one, whole.
type reloader struct {
	asked <-chan struct{} // nil: nobody asks
	load  func() (*config.Config, error)
	began *config.Config // what the program was started with
	live  *livePolicy
	trail trail
	log   *slog.Logger
	now   func() time.Time
}

// Run reloads when it is asked to, until ctx ends.
func (r *reloader) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.asked:
		}
		r.reload(ctx)
	}
}

func (r *reloader) reload(ctx context.Context) {
	cfg, err := r.load()
	if err != nil {
		r.log.Error("the policy is not reloaded, the old one stays", "err", err)
		r.tell(ctx, "reload_refused", map[string]string{"why": strings.ReplaceAll(err.Error(), "\n", "; ")})
		return
	}
	rules := cfg.Policy.Rules()
	before := policyHash(r.live.now())
	r.live.rules.Store(&rules)
	after := policyHash(rules)
	r.log.Info("the policy is reloaded", "policy", after, "before", before)
	r.tell(ctx, "reloaded", map[string]string{"policy": after, "before": before})
	for _, name := range needRestart(r.began, cfg) {
		r.log.Warn("this setting changes with the next start", "setting", name)
	}
}

func (r *reloader) tell(ctx context.Context, name string, detail map[string]string) {
	if err := r.trail.AppendOrgFacts(ctx, reset.Fact{Name: name, At: r.now(), Detail: detail}); err != nil && ctx.Err() == nil {
		r.log.Error("a reload cannot be recorded", "fact", name, "err", err)
	}
}

// policyHash tells two policies apart; it says nothing of what is in them.
func policyHash(rules policy.Rules) string {
	pattern := ""
	if rules.ReasonPattern != nil {
		pattern = rules.ReasonPattern.String()
		rules.ReasonPattern = nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v %q", rules, pattern))
	return hex.EncodeToString(sum[:6])
}

// needRestart names the settings that differ and that a reload does not take over.
func needRestart(old, changed *config.Config) []string {
	var names []string
	for _, s := range []struct {
		name     string
		old, now any
	}{
		{"slack", old.Slack, changed.Slack},
		{"okta", old.Okta, changed.Okta},
		{"db", old.DB, changed.DB},
		{"http_addr", old.HTTPAddr, changed.HTTPAddr},
		{"webhook_secret", old.WebhookSecret, changed.WebhookSecret},
		{"alerts", old.Policy.Alerts, changed.Policy.Alerts},
		{"backup", old.Policy.Backup, changed.Policy.Backup},
		{"retain", old.Policy.Retain, changed.Policy.Retain},
		{"notify", old.Policy.Notify, changed.Policy.Notify},
	} {
		if !reflect.DeepEqual(s.old, s.now) {
			names = append(names, s.name)
		}
	}
	return names
}
