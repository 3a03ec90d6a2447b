package slacksim

import (
	"cmp"
	"slices"
	"strings"
)

func authTest(w *Workspace, _ *call) (object, error) {
	reply := object{
		"url": w.base + "/", "team": teamName, "user": "factorbot", "team_id": Team,
		"user_id": BotUser, "bot_id": BotID, "is_enterprise_install": w.orgInstall(),
	}
	if id := w.enterprise(); id != nil {
		reply["enterprise_id"] = id
	}
	if w.orgInstall() { // the token is of the organization, not of one workspace
		reply["team_id"], reply["team"] = w.settings.Enterprise, enterpriseName
	}
	return reply, nil
}

func botInfo(_ *Workspace, c *call) (object, error) {
	if id := c.str("bot"); id != "" && id != BotID {
		return nil, refuse("bot_not_found")
	}
	return object{"bot": object{
		"id": BotID, "app_id": AppID, "user_id": BotUser, "name": "factorbot",
		"deleted": false, "updated": 1700000000, "icons": object{},
	}}, nil
}

func teamInfo(w *Workspace, c *call) (object, error) {
	if id := c.str("team"); id != "" && id != Team {
		return nil, refuse("team_not_found")
	}
	return object{"team": object{
		"id": Team, "name": teamName, "domain": teamDomain, "url": w.base + "/",
		"email_domain": "example.com", "icon": object{"image_default": true},
	}}, nil
}

func (w *Workspace) seesEmail() bool { return slices.Contains(w.settings.Scopes, "users:read.email") }

func userInfo(w *Workspace, c *call) (object, error) {
	p := w.person(c.str("user"))
	if p == nil {
		return nil, refuse("user_not_found")
	}
	if w.seesEmail() {
		w.books.use(c.name, "users:read.email")
	}
	u := w.user(p, w.seesEmail())
	if c.bool("include_locale") {
		u["locale"] = "en-US"
	}
	return object{"user": u}, nil
}

func userList(w *Workspace, c *call) (object, error) {
	people, next, err := pageOf(c, w.people, 1000, 1000, func(p *Person) string { return p.ID })
	if err != nil {
		return nil, err
	}
	members := []object{}
	for _, p := range people {
		members = append(members, w.user(p, w.seesEmail()))
	}
	return object{
		"members": members, "cache_ts": c.now.Unix(),
		"response_metadata": object{"next_cursor": next},
	}, nil
}

func userByEmail(w *Workspace, c *call) (object, error) {
	for _, p := range w.people {
		if strings.EqualFold(p.Email, c.str("email")) && !p.Deleted && !p.Bot {
			return object{"user": w.user(p, true)}, nil
		}
	}
	return nil, refuse("users_not_found")
}

func userProfile(w *Workspace, c *call) (object, error) {
	p := w.person(cmp.Or(c.str("user"), BotUser))
	if p == nil {
		return nil, refuse("user_not_found")
	}
	return object{"profile": w.user(p, w.seesEmail())["profile"]}, nil
}

func groupList(w *Workspace, c *call) (object, error) {
	groups := []object{}
	for _, g := range w.groups {
		o := object{
			"id": g.ID, "team_id": Team, "is_usergroup": true, "is_subteam": true, "name": g.Name,
			"handle": g.Handle, "description": "", "is_external": false, "date_create": 1700000000,
			"date_update": 1700000000, "date_delete": 0, "auto_type": nil, "created_by": "U_APPROVER1",
			"updated_by": "U_APPROVER1", "deleted_by": nil, "enterprise_subteam_id": "",
			"prefs": object{"channels": []any{}, "groups": []any{}},
		}
		if c.bool("include_users") {
			o["users"] = g.Users
		}
		if c.bool("include_count") {
			o["user_count"] = len(g.Users)
		}
		groups = append(groups, o)
	}
	return object{"usergroups": groups}, nil
}

func groupUsers(w *Workspace, c *call) (object, error) {
	for _, g := range w.groups {
		if g.ID == c.str("usergroup") {
			return object{"users": g.Users}, nil
		}
	}
	return nil, refuse("no_such_subteam")
}
