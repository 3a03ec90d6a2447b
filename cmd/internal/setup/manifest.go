package setup

import (
	"context"
	"maps"
	"slices"
	"strings"

	"factorbot/cmd/internal/cli"
)

// appManifest is what Slack is told of the app, in the shape of its manifest
// (docs.slack.dev, app manifest reference; schema: github.com/slackapi/manifest-schema).
type appManifest struct {
	Display  display     `yaml:"display_information" json:"display_information"`
	Features features    `yaml:"features" json:"features"`
	OAuth    oauthConfig `yaml:"oauth_config" json:"oauth_config"`
	Settings appSettings `yaml:"settings" json:"settings"`
}

type display struct {
	Name        string `yaml:"name" json:"name"`               // at most 35 characters
	Description string `yaml:"description" json:"description"` // at most 140
}

type features struct {
	AppHome       appHome        `yaml:"app_home" json:"app_home"`
	BotUser       botUser        `yaml:"bot_user" json:"bot_user"`
	SlashCommands []slashCommand `yaml:"slash_commands" json:"slash_commands"`
}

type appHome struct {
	HomeTab      bool `yaml:"home_tab_enabled" json:"home_tab_enabled"`
	MessagesTab  bool `yaml:"messages_tab_enabled" json:"messages_tab_enabled"`
	MessagesRead bool `yaml:"messages_tab_read_only_enabled" json:"messages_tab_read_only_enabled"` // people cannot write there
}

type botUser struct {
	DisplayName  string `yaml:"display_name" json:"display_name"`
	AlwaysOnline bool   `yaml:"always_online" json:"always_online"`
}

type slashCommand struct {
	Command     string `yaml:"command" json:"command"`
	Description string `yaml:"description" json:"description"`
	UsageHint   string `yaml:"usage_hint" json:"usage_hint"`
	Escape      bool   `yaml:"should_escape" json:"should_escape"` // mentions arrive as user IDs
}

type oauthConfig struct {
	Scopes struct {
		Bot []string `yaml:"bot" json:"bot"`
	} `yaml:"scopes" json:"scopes"`
}

type appSettings struct {
	Events struct {
		Bot []string `yaml:"bot_events" json:"bot_events"`
	} `yaml:"event_subscriptions" json:"event_subscriptions"`
	Interactivity struct {
		Enabled bool `yaml:"is_enabled" json:"is_enabled"`
	} `yaml:"interactivity" json:"interactivity"`
	OrgDeploy     bool `yaml:"org_deploy_enabled" json:"org_deploy_enabled"`
	SocketMode    bool `yaml:"socket_mode_enabled" json:"socket_mode_enabled"`
	TokenRotation bool `yaml:"token_rotation_enabled" json:"token_rotation_enabled"` // cannot be undone once on; the bot does not renew
}

// SlackManifest is the app as the bot needs it.
func SlackManifest() appManifest {
	m := appManifest{
		Display: display{Name: "factorbot", Description: "Resets Okta MFA factors in bulk, after approval"},
		Features: features{
			AppHome: appHome{HomeTab: true, MessagesTab: true, MessagesRead: true},
			BotUser: botUser{DisplayName: "factorbot", AlwaysOnline: true},
			SlashCommands: []slashCommand{{
				Command: "/factor-reset", Description: "Reset MFA factors of one or many users",
				UsageHint: "USERS because REASON", Escape: true,
			}},
		},
	}
	m.OAuth.Scopes.Bot = ScopeNames()
	m.Settings.Events.Bot = BotEvents()
	m.Settings.Interactivity.Enabled = true
	m.Settings.SocketMode = true
	return m
}

const manifestHead = `Print the manifest from which the Slack app is made, or files to run the bot by.

Usage: factorbot manifest [app] [--json]
       factorbot manifest alerts|systemd|compose|kubernetes|kubernetes-etcd

`

// RunManifest prints the app manifest, or another file that is used as it is printed.
func RunManifest(_ context.Context, args []string, env cli.Env) error {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name := args[0]
		if _, ok := printed()[name]; ok {
			return printFile(name, args[1:], env)
		}
		if name != "app" {
			known := append(slices.Collect(maps.Keys(printed())), "app")
			problem := "is nothing that can be printed: see factorbot manifest --help"
			if near := cli.Nearest(name, known); near != "" {
				problem = "is nothing that can be printed; did you mean " + near + "?"
			}
			return cli.BadSetting(cli.Printable(name), problem)
		}
		args = args[1:]
	}
	flags := cli.NewFlags("manifest")
	asJSON := flags.Bool("json", false, "JSON instead of YAML")
	if err := cli.Parse(flags, args, env.Stdout, manifestHead); err != nil {
		return err
	}
	return cli.PrintAs(env.Stdout, *asJSON, SlackManifest())
}
