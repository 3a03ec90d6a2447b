package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/cmd/internal/config"
	"factorbot/cmd/internal/metrics"
)

// trail takes facts that belong to no request.
type trail interface {
	AppendOrgFacts(ctx context.Context, facts ...reset.Fact) error
}

// currentPolicy is the policy in force. Only reload changes it, as a whole.
type currentPolicy struct {
	rules atomic.Pointer[policy.Rules]
}

func newCurrentPolicy(p *config.Policy) *currentPolicy {
	l := &currentPolicy{}
	l.rules.Store(&p.Rules)
	return l
}

// now is the policy at this moment.
func (l *currentPolicy) now() policy.Rules { return *l.rules.Load() }

// reloader reads the settings again when it is asked to. The policy is taken over at
// once; what does not fit keeps the old one, whole. New secrets are tried first, and
// then end the bot with a *renewal, so that it starts again with them.
type reloader struct {
	asked  <-chan os.Signal // nil: nobody asks
	load   func() (*config.Config, error)
	accept func(ctx context.Context, cfg *config.Config, slack, okta bool) error // tries the secrets
	began  *config.Config                                                        // what the program was started with
	live   *currentPolicy
	trail  trail
	log    *slog.Logger
	now    func() time.Time
	count  metrics.Reloads
}

// renewal ends a bot whose secrets have changed.
type renewal struct {
	config *config.Config
	names  []string // of the secrets
}

func (r *renewal) Error() string { return "there are new secrets" }

// Run reloads when it is asked to, until ctx ends.
func (r *reloader) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.asked:
		}
		if renewed := r.reload(ctx); renewed != nil {
			return renewed
		}
	}
}

func (r *reloader) reload(ctx context.Context) *renewal {
	cfg, err := r.load()
	if err != nil {
		r.refuse(ctx, "the policy is not reloaded, the old one stays", err)
		return nil
	}
	rules := cfg.Policy.Rules
	before := policyHash(r.live.now())
	r.live.rules.Store(&rules)
	after := policyHash(rules)
	renewed, slack, okta := renew(r.began, cfg)
	waiting := needRestart(r.began, cfg)
	if before == after && len(renewed.names)+len(waiting) == 0 {
		r.log.Info("the settings were read again, and nothing has changed", "policy", after)
	} else {
		r.log.Info("the policy is reloaded", "policy", after, "before", before)
	}
	r.tell(ctx, "reloaded", map[string]string{"policy": after, "before": before})
	r.count.Last.Set(float64(r.now().UnixMilli()) / 1000)
	for _, name := range waiting {
		r.log.Warn("this setting changes with the next start", "setting", name)
	}
	if len(renewed.names) == 0 {
		return nil
	}
	if err := r.accept(ctx, renewed.config, slack, okta); err != nil {
		r.refuse(ctx, "the new secrets are not accepted, the old ones stay", err)
		return nil
	}
	r.tell(ctx, "secrets_renewed", map[string]string{"secrets": strings.Join(renewed.names, " ")})
	return renewed
}

// refuse tells that something was not reloaded.
func (r *reloader) refuse(ctx context.Context, what string, err error) {
	r.log.Error(what, "err", err)
	r.tell(ctx, "reload_refused", map[string]string{"why": strings.ReplaceAll(err.Error(), "\n", "; ")})
	r.count.Failures.Inc()
}

// renew returns what the bot was started with, but for the secrets and the policy,
// which are the changed ones; and whose secrets are others.
func renew(began, changed *config.Config) (r *renewal, slack, okta bool) {
	cfg := *began
	r = &renewal{config: &cfg}
	for _, s := range []struct {
		name     string
		old, now config.Secret
		whose    *bool
	}{
		{"SLACK_APP_TOKEN", began.Slack.AppToken, changed.Slack.AppToken, &slack},
		{"SLACK_BOT_TOKEN", began.Slack.BotToken, changed.Slack.BotToken, &slack},
		{"OKTA_API_TOKEN", began.Okta.APIToken, changed.Okta.APIToken, &okta},
		{"OKTA_PRIVATE_KEY", began.Okta.PrivateKey, changed.Okta.PrivateKey, &okta},
		{"FACTORBOT_WEBHOOK_SECRET", began.WebhookSecret, changed.WebhookSecret, new(bool)},
	} {
		if s.old.Reveal() != s.now.Reveal() {
			r.names = append(r.names, s.name)
			*s.whose = true
		}
	}
	cfg.Slack.AppToken, cfg.Slack.BotToken, cfg.WebhookSecret = changed.Slack.AppToken, changed.Slack.BotToken, changed.WebhookSecret
	if okta {
		cfg.Okta.APIToken, cfg.Okta.ClientID, cfg.Okta.PrivateKey, cfg.Okta.PrivateKeyID = changed.Okta.APIToken, changed.Okta.ClientID, changed.Okta.PrivateKey, changed.Okta.PrivateKeyID
	}
	cfg.Policy = changed.Policy
	return r, slack, okta
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
		{"slack.api_url", old.Slack.APIURL, changed.Slack.APIURL},
		{"okta", withoutSecrets(old.Okta), withoutSecrets(changed.Okta)},
		{"db", old.DB, changed.DB},
		{"etcd", old.Etcd, changed.Etcd},
		{"control", old.Control, changed.Control},
		{"http_addr", old.HTTPAddr, changed.HTTPAddr},
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

// withoutSecrets leaves what a reload of the secrets does not take over.
func withoutSecrets(o config.OktaConfig) config.OktaConfig {
	o.APIToken, o.ClientID, o.PrivateKey, o.PrivateKeyID = config.Secret{}, "", config.Secret{}, ""
	return o
}
