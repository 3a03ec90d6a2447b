package main

// checkAvailable refuses another value than the default where nothing acts on it:
// a policy that is written down and not kept is worse than none. What begins to
// act loses its line here.
func (p *Policy) checkAvailable() error {
	for _, s := range []struct {
		name      string
		isDefault bool
	}{
		{"alerts.webhook", p.Alerts.Webhook == ""},
	} {
		if !s.isDefault {
			return &SettingError{s.name, "is not available in this version: leave it at its default"}
		}
	}
	return nil
}
