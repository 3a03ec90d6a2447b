package app

import (
	"factorbot/bot/announcer"
	"factorbot/bot/desk"
	"factorbot/bot/handler"
	"factorbot/bot/hometab"
	"factorbot/bot/listener"
	"factorbot/bot/runner"
	"factorbot/cmd/internal/people"
	"factorbot/cmd/internal/webhook"
	"factorbot/okta"
)

// What each part asks for is what the others are.
var (
	_ desk.Record            = record{}
	_ desk.Plans             = record{}
	_ desk.FreezeStore       = record{}
	_ desk.People            = (*people.Directory)(nil)
	_ people.Accounts        = (*okta.Client)(nil)
	_ runner.Record          = record{}
	_ runner.Okta            = (*okta.Client)(nil)
	_ runner.People          = (*people.Directory)(nil)
	_ announcer.Exports      = record{}
	_ runner.Announcement    = (*webhook.Webhook)(nil)
	_ listener.Inbox         = record{}
	_ listener.ReadPositions = record{}
	_ announcer.Record       = record{}
	_ hometab.Source         = tabSource{}
	_ handler.Desk           = (*desk.Desk)(nil)
)
