package slacksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// settings are what can be changed while the workspace runs. Their JSON names
// are the keys of [Workspace.Set].
type settings struct {
	Faults
	FailNext     []FailNext `json:"slack_fail_next"`
	NoLimits     bool       `json:"slack_no_limits"`     // no rate limits
	TokenRevoked bool       `json:"slack_token_revoked"` // every token: token_revoked
	AppToken     string     `json:"slack_app_token"`
	BotToken     string     `json:"slack_bot_token"`
	Scopes       []string   `json:"slack_scopes"`      // of the bot token
	Events       []string   `json:"slack_events"`      // subscribed bot events
	HomeTab      bool       `json:"slack_home_tab"`    // off: views.publish says not_enabled
	ShareDelay   duration   `json:"slack_share_delay"` // from completeUploadExternal to the message
	Retries      []duration `json:"slack_retries"`     // waits before an event is sent again
	Patience     duration   `json:"slack_patience"`    // how long an acknowledgement, an answer and the use of a trigger may take; Slack's own is 3 s
	OldBlocks    bool       `json:"old_blocks"`        // data_table, container and data_visualization are not known
	StubFiles    bool       `json:"slack_stub_files"`  // every file in a message is a stub
	Enterprise   string     `json:"slack_enterprise"`  // the Enterprise Grid organization's ID; empty: none
	OrgInstall   bool       `json:"slack_org_install"` // the app is installed for the whole organization
}

// usualPatience is how long Slack waits for an app. A test on a busy machine, of which it
// does not want to learn how busy it is, sets more.
const usualPatience = 3 * time.Second

// patience is how long the workspace waits for an app.
func (w *Workspace) patience() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.settings.Patience)
}

// duration is written as Go writes it ("1m30s"), or as a number of seconds.
type duration time.Duration

func (d *duration) UnmarshalJSON(raw []byte) error {
	var seconds float64
	if json.Unmarshal(raw, &seconds) == nil {
		*d = duration(seconds * float64(time.Second))
		return nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	v, err := time.ParseDuration(s)
	*d = duration(v)
	return err
}

func (d duration) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(d).String())
}

// acts are the keys of Set that do something once.
var acts = []string{"slack_drop_sockets", "slack_disconnect", "slack_frame", "slack_channels", "slack_people", "slack_groups"}

func defaultSettings(o Options, methods map[string]*method) settings {
	s := settings{
		Faults:   Faults{RetryAfter: 1},
		AppToken: o.AppToken, BotToken: o.BotToken,
		Scopes: o.Scopes, Events: o.Events, HomeTab: true,
		ShareDelay: duration(100 * time.Millisecond), Patience: duration(usualPatience),
	}
	if s.Scopes == nil {
		s.Scopes = allScopes(methods)
	}
	if s.Events == nil {
		s.Events = []string{
			"message.channels", "message.groups", "message.im", "message.mpim", "app_home_opened",
			"app_mention", "file_shared", "member_joined_channel", "member_left_channel", "user_change",
			"channel_left", "group_left", "channel_archive", "channel_unarchive", "group_archive", "group_unarchive",
		}
	}
	for _, d := range o.Retries {
		s.Retries = append(s.Retries, duration(d))
	}
	return s
}

// allScopes are those that the methods here and what is sent unasked need, but for
// chat:write.public: without it a post to a channel that the bot has not joined is refused.
func allScopes(methods map[string]*method) []string {
	all := []string{"commands", "reactions:read"}
	for _, m := range methods {
		all = append(all, m.scopes...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Set changes what can be changed while the workspace runs, all of it or
// nothing. Keys that are not the workspace's own go to Options.Org; what
// neither knows is an error.
//
// Beside the settings' own keys it takes
//
//	slack_drop_sockets: true          cut every socket without a word
//	slack_disconnect: "warning"       send each socket a disconnect with this reason
//	slack_frame: {...}                send one socket this frame, whatever it is
//	slack_channels: {"C_FACTORS": {"is_archived": true, "members": [...]}}
//	slack_people: {"U_APPROVER1": {"deleted": true}}
//	slack_groups: {"S_SECURITY": {"users": ["U_APPROVER2"]}}
func (w *Workspace) Set(values map[string]json.RawMessage) error {
	own, others, err := w.split(values)
	if err != nil {
		return err
	}
	w.mu.Lock()
	changed := w.settings.clone()
	w.mu.Unlock()
	if err := json.Unmarshal(own, &changed); err != nil {
		return fmt.Errorf("set: %w", err)
	}
	if err := changed.check(); err != nil {
		return fmt.Errorf("set: %w", err)
	}
	if err := w.setOrg(others); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settings = changed
	close(w.mended)
	w.mended = make(chan struct{})
	err = w.act(values)
	if changed.Down {
		w.dropSockets()
	}
	w.changed(Change{Type: "settings"})
	return err
}

// split parts the keys into ours, as one JSON object, and the org's.
func (w *Workspace) split(values map[string]json.RawMessage) (own []byte, others map[string]json.RawMessage, err error) {
	known := w.Settings()
	mine := map[string]json.RawMessage{}
	others = map[string]json.RawMessage{}
	for k, v := range values {
		switch _, ok := known[k]; {
		case slices.Contains(acts, k):
		case ok:
			mine[k] = v
		default:
			others[k] = v
		}
	}
	own, err = json.Marshal(mine)
	return own, others, err
}

func (w *Workspace) setOrg(others map[string]json.RawMessage) error {
	unknown := slices.Sorted(maps.Keys(others))
	if w.opt.Org != nil && len(others) > 0 {
		var err error
		if unknown, err = w.opt.Org.Set(others); err != nil {
			return fmt.Errorf("set: %w", err)
		}
	}
	if len(unknown) > 0 {
		return fmt.Errorf("set: nobody knows %q", unknown)
	}
	return nil
}

func (s settings) clone() settings {
	s.FailNext, s.Scopes = slices.Clone(s.FailNext), slices.Clone(s.Scopes)
	s.Events, s.Retries, s.Methods = slices.Clone(s.Events), slices.Clone(s.Retries), slices.Clone(s.Methods)
	return s
}

func (s settings) check() error {
	shares := s.shares()
	for _, f := range append(shares, faultShare{"", "slack_duplicates", s.Duplicates}) {
		if f.share < 0 || f.share > 1 {
			return fmt.Errorf("%s is a share, 0 to 1, not %v", f.key, f.share)
		}
	}
	for _, next := range s.FailNext {
		if !slices.ContainsFunc(shares, func(f faultShare) bool { return f.kind == fault(next.Kind) }) {
			return fmt.Errorf("slack_fail_next: unknown kind %q", next.Kind)
		}
	}
	return nil
}

// Settings returns the settings of [Workspace.Set] by key.
func (w *Workspace) Settings() map[string]any {
	w.mu.Lock()
	defer w.mu.Unlock()
	raw, err := json.Marshal(w.settings)
	if err != nil {
		return nil
	}
	o := object{}
	_ = json.Unmarshal(raw, &o)
	return o
}

// act does what Set's one-time keys ask for. The caller holds mu.
func (w *Workspace) act(values map[string]json.RawMessage) error {
	var drop bool
	var reason string
	var channels, people, groups map[string]json.RawMessage
	for key, into := range map[string]any{
		"slack_drop_sockets": &drop, "slack_disconnect": &reason,
		"slack_channels": &channels, "slack_people": &people, "slack_groups": &groups,
	} {
		if raw, ok := values[key]; ok {
			if err := json.Unmarshal(raw, into); err != nil {
				return fmt.Errorf("set: %s: %w", key, err)
			}
		}
	}
	if frame, ok := values["slack_frame"]; ok {
		w.sendFrame(frame)
	}
	if reason != "" {
		w.disconnect(reason)
	}
	if drop {
		w.dropSockets()
	}
	for _, kind := range []struct {
		changes map[string]json.RawMessage
		change  func(id string, raw json.RawMessage) error
	}{{channels, w.changeChannel}, {groups, w.changeGroup}, {people, w.changePerson}} {
		for id, raw := range kind.changes {
			if err := kind.change(id, raw); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Workspace) changeChannel(id string, raw json.RawMessage) error {
	c := w.conversation[id]
	if c == nil {
		return fmt.Errorf("set: no channel %s", id)
	}
	changed := c.Channel
	changed.Members = slices.Clone(c.Members)
	if err := json.Unmarshal(raw, &changed); err != nil {
		return fmt.Errorf("set: channel %s: %w", id, err)
	}
	changed.ID = id
	w.reshape(c, changed, "U_APPROVER1")
	return nil
}

func (w *Workspace) changeGroup(id string, raw json.RawMessage) error {
	i := slices.IndexFunc(w.groups, func(g UserGroup) bool { return g.ID == id })
	if i < 0 {
		return fmt.Errorf("set: no user group %s", id)
	}
	if err := json.Unmarshal(raw, &w.groups[i]); err != nil {
		return fmt.Errorf("set: user group %s: %w", id, err)
	}
	w.groups[i].ID = id
	return nil
}

func (w *Workspace) changePerson(id string, raw json.RawMessage) error {
	p := w.person(id)
	if p == nil {
		return fmt.Errorf("set: no person %s", id)
	}
	if err := json.Unmarshal(raw, p); err != nil {
		return fmt.Errorf("set: person %s: %w", id, err)
	}
	p.ID = id
	w.emit(object{"type": "user_change", "user": w.user(p, true), "cache_ts": 0, "event_ts": w.nextTS()})
	return nil
}
