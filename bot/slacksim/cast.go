package slacksim

import (
	"cmp"
	"maps"
	"time"
)

// IDs of the one app and its workspace.
const (
	Team        = "T_SANDBOX"   // the workspace
	PartnerTeam = "T_PARTNER"   // where Slack Connect strangers come from
	AppID       = "A_FACTORBOT" // the installed app
	BotUser     = "U_FACTORBOT" // its bot user
	BotID       = "B_FACTORBOT" // its bot
	slackbot    = "USLACKBOT"   // Slack's own voice: "operation_timeout" and the like
	teamDomain  = "sandbox"
	teamName    = "Sandbox"
)

// Person is a member of the workspace, or somebody known to it.
type Person struct {
	ID       string `json:"id"`
	Name     string `json:"name"`      // the handle, "ana" in @ana
	RealName string `json:"real_name"` // "Ana Lima"
	Title    string `json:"title"`     // shown on the page beside the name
	Email    string `json:"email"`
	Team     string `json:"team"` // empty: this workspace
	TZ       string `json:"tz"`   // "Europe/Berlin"; empty: UTC

	Deleted         bool `json:"deleted"`             // deactivated
	Restricted      bool `json:"is_restricted"`       // a guest
	UltraRestricted bool `json:"is_ultra_restricted"` // a guest of one channel
	Admin           bool `json:"is_admin"`
	Bot             bool `json:"is_bot"`
}

// Channel is a conversation that people find by name.
type Channel struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"` // without the #
	Topic    string   `json:"topic"`
	Private  bool     `json:"is_private"`
	Archived bool     `json:"is_archived"`
	Members  []string `json:"members"` // user IDs; the bot is a member if it is here
}

// UserGroup is a group such as @security.
type UserGroup struct {
	ID     string   `json:"id"`
	Handle string   `json:"handle"`
	Name   string   `json:"name"`
	Users  []string `json:"users"`
}

// SlashCommand is a command that the app registered.
type SlashCommand struct {
	Command     string // "/factor-reset"
	Description string
	UsageHint   string
	Escape      bool // should_escape: @ana arrives as <@U_ANA|ana>
	Examples    []Example
}

// Example is what the page's composer suggests to type after a command.
type Example struct{ Text, Hint string }

// Cast returns the people of a sandbox. The bot's own user is not among them.
func Cast() []Person {
	return []Person{
		{ID: "U_REQUESTER", Name: "rosa", RealName: "Rosa Quint", Title: "Service desk, asks", Email: "requester@example.com"},
		{ID: "U_APPROVER1", Name: "avery", RealName: "Avery Stone", Title: "Security lead, approves", Email: "approver1@example.com", Admin: true},
		{ID: "U_APPROVER2", Name: "alex", RealName: "Alex Moreno", Title: "Security lead, approves", Email: "approver2@example.com", Admin: true},
		{ID: "U_ANA", Name: "ana", RealName: "Ana Lima", Title: "Sales, lost a phone", Email: "ana@example.com"},
		{ID: "U_GUEST", Name: "gil", RealName: "Gil Ferris", Title: "Guest", Email: "guest@example.com", Restricted: true},
		{ID: "U_STRANGER", Name: "sam", RealName: "Sam Weld", Title: "Partner company, Slack Connect", Email: "stranger@partner.example", Team: PartnerTeam},
		{ID: "U_GONE", Name: "greta", RealName: "Greta Holm", Title: "Deactivated", Email: "gone@example.com", Deleted: true},
	}
}

// CastChannels returns the channels of a sandbox: the bot is in C_FACTORS only.
func CastChannels() []Channel {
	all := []string{"U_REQUESTER", "U_APPROVER1", "U_APPROVER2", "U_ANA", "U_GUEST", "U_STRANGER"}
	staff := []string{"U_REQUESTER", "U_APPROVER1", "U_APPROVER2", "U_ANA"}
	return []Channel{
		{ID: "C_FACTORS", Name: "factor-resets", Topic: "Drop a CSV here, or use /factor-reset", Members: append([]string{BotUser}, all...)},
		{ID: "C_GENERAL", Name: "general", Topic: "Company-wide announcements", Members: staff},
		{ID: "C_LEADS", Name: "security-leads", Private: true, Members: []string{"U_APPROVER1", "U_APPROVER2"}},
		{ID: "C_ARCHIVED", Name: "old-resets", Archived: true, Members: staff},
	}
}

// castGroups returns the user groups of a sandbox: one of each can approve what
// the requester asks, because Alex is in both.
func castGroups() []UserGroup {
	return []UserGroup{
		{ID: "S_SECURITY", Handle: "security", Name: "Security leads", Users: []string{"U_APPROVER1", "U_APPROVER2"}},
		{ID: "S_HELPDESK", Handle: "helpdesk", Name: "Service desk", Users: []string{"U_REQUESTER", "U_APPROVER2"}},
	}
}

func botPerson() Person {
	return Person{ID: BotUser, Name: "factorbot", RealName: "factorbot", Title: "App", Bot: true}
}

// user returns the person as the user object of the Web API. The e-mail is left
// out unless the app has users:read.email.
func (p *Person) user(email bool) object {
	team, tz := p.team(), cmp.Or(p.TZ, "Etc/UTC")
	profile := object{
		"real_name": p.RealName, "real_name_normalized": p.RealName,
		"display_name": p.Name, "display_name_normalized": p.Name,
		"title": p.Title, "team": team, "avatar_hash": "g" + p.ID,
		"status_text": "", "status_emoji": "", "fields": nil,
	}
	if email && p.Email != "" {
		profile["email"] = p.Email
	}
	u := object{
		"id": p.ID, "team_id": team, "name": p.Name, "deleted": p.Deleted,
		"profile": profile, "is_bot": p.Bot, "is_app_user": false, "updated": 1700000000,
	}
	if p.Bot {
		profile["bot_id"], profile["api_app_id"] = BotID, AppID
	}
	if p.Deleted { // a deactivated account keeps less of its object
		return u
	}
	maps.Copy(u, object{
		"real_name": p.RealName, "tz": tz, "tz_label": tz, "tz_offset": zoneOffset(tz), "color": "4bbe2e",
		"is_admin": p.Admin, "is_owner": false, "is_primary_owner": false,
		"is_restricted": p.Restricted || p.UltraRestricted, "is_ultra_restricted": p.UltraRestricted,
		"is_email_confirmed": true, "who_can_share_contact_card": "EVERYONE",
	})
	if team != Team {
		u["is_stranger"] = false // true only for outsiders who share no channel with us
	}
	return u
}

// zoneOffset is how many seconds a zone is ahead of UTC now.
func zoneOffset(tz string) int {
	zone, err := time.LoadLocation(tz)
	if err != nil {
		return 0
	}
	_, offset := time.Now().In(zone).Zone()
	return offset
}

func (p *Person) team() string { return cmp.Or(p.Team, Team) }
