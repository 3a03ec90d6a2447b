package app

import (
	"context"
	"time"

	"factorbot/bot/announcer"
	"factorbot/bot/reset"
	"factorbot/bot/runner"
	"factorbot/cmd/internal/people"
	"factorbot/cmd/internal/webhook"
	"factorbot/okta"
)

// announce starts what tells people, in Slack and by the webhook, which also announces runs.
func (p *process) announce(ctx context.Context, client *okta.Client, seconds func(*reset.Request) int) (runner.Announcement, error) {
	lc, cfg, log, rec := p.lc, p.cfg, p.log, p.rec
	posts := &announcer.Announcer{Slack: p.slack, Record: rec, Approvers: people.Approvers{People: p.who, Plans: rec}, Usergroups: func() []string { return p.current().Approvers.Usergroups }, Exports: rec, Log: log.With("part", "announcer"), Now: time.Now}
	p.posts.Store(posts)
	lc.Start("announcer", posts.Run)
	notifier := &announcer.Notifier{
		Slack: p.slack, Record: rec, Affected: people.Affected{People: p.who, Okta: client}, Max: cfg.Policy.Notify.Max,
		Log: log.With("part", "notices"), Now: time.Now,
	}
	lc.Start("notices", notifier.Run)
	alarm := &announcer.AlertPoster{Slack: p.slack, Record: rec, Channel: reset.Channel(cfg.Policy.Alerts.Channel), Log: log.With("part", "alerts"), Now: time.Now}
	lc.Start("alerts", alarm.Run)
	freezes := &announcer.FreezeAnnouncer{
		Slack: p.slack, Trail: rec, Channels: func() []reset.Channel { return p.current().Channels }, Alerts: reset.Channel(cfg.Policy.Alerts.Channel),
		Org: p.file.Org(), Log: log.With("part", "freezes"), Now: time.Now,
	}
	lc.Start("freezes", freezes.Run)
	if cfg.Policy.Alerts.Webhook == "" {
		return nil, nil
	}
	hook, err := webhook.New(ctx, cfg, rec, seconds, log.With("part", "webhook"))
	if err != nil {
		return nil, err
	}
	lc.Start("webhook", hook.Run)
	return hook, nil
}
