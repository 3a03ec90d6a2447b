package slacksim

// enterpriseName is what the Enterprise Grid organization is called.
const enterpriseName = "Sandbox Group"

// enterprise is the organization's ID, or nil outside Enterprise Grid.
func (w *Workspace) enterprise() any {
	if w.settings.Enterprise == "" {
		return nil
	}
	return w.settings.Enterprise
}

// orgInstall says whether the app is installed for the whole organization.
func (w *Workspace) orgInstall() bool { return w.settings.Enterprise != "" && w.settings.OrgInstall }

// installedTeam is the workspace that the app is installed in, or nil where it
// is the whole organization.
func (w *Workspace) installedTeam() any {
	if w.orgInstall() {
		return nil
	}
	return Team
}

// addEnterprise adds what an interaction says on Enterprise Grid.
func (w *Workspace) addEnterprise(p object) {
	id := w.enterprise()
	p["enterprise"], p["is_enterprise_install"] = nil, w.orgInstall()
	if id == nil {
		return
	}
	p["enterprise"] = object{"id": id, "name": enterpriseName}
	if w.orgInstall() {
		p["team"] = nil
	} else if team, ok := p["team"].(object); ok {
		team["enterprise_id"], team["enterprise_name"] = id, enterpriseName
	}
}

// user is a person's user object, with the organization's part on Enterprise Grid.
func (w *Workspace) user(p *Person, email bool) object {
	u := p.user(email)
	if id := w.enterprise(); id != nil && p.Team != PartnerTeam {
		u["enterprise_user"] = object{
			"id": p.ID, "enterprise_id": id, "enterprise_name": enterpriseName,
			"is_admin": false, "is_owner": false, "teams": []string{p.team()},
		}
	}
	return u
}
