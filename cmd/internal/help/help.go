package help

import (
	"embed"
	"io"
	"os"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/term"

	"factorbot/cmd/internal/cli"
)

//go:embed *.md
var pages embed.FS

// Topics returns the pages in the order in which they are listed.
func Topics() []cli.Topic {
	return []cli.Topic{
		topic("slack", "for the Slack admin: the app, its scopes, how to remove it"),
		topic("okta", "for the Okta admin: the role, its permissions, how to remove it"),
		topic("deploy", "from tokens to a running bot: systemd, containers, Kubernetes"),
		topic("etcd", "several machines: when it is worth it, and what each failure does"),
		topic("settings", "every setting, with its default"),
		topic("recipes", "whole policies: a small team, two teams, a regulated company"),
		topic("commands", "what to type in Slack, and who may decide"),
		topic("files", "the lists it reads, the files it posts, every reason code"),
		topic("messages", "what each message means, and what to do"),
		topic("limits", "how fast it is, what it costs, what it cannot promise"),
		topic("outage", "when Slack, Okta or the machine is away"),
		topic("backup", "backup, restore, upgrade"),
		topic("audit", "the audit trail, and how to verify it"),
		topic("webhook", "tell a SIEM which resets to expect"),
		topic("metrics", "every metric"),
		topic("faq", "questions people ask"),
	}
}

func topic(name, about string) cli.Topic {
	return cli.Topic{Name: name, About: about, Show: func(env cli.Env) error { return show(name, env) }}
}

// show writes a page: as it is, or with styles where a terminal takes them. NO_COLOR
// and CLICOLOR_FORCE override what the terminal says.
func show(name string, env cli.Env) error {
	page, err := pages.ReadFile(name + ".md")
	if err != nil {
		return err
	}
	f, ok := env.Stdout.(*os.File)
	if !ok || cli.Lookup(env.Vars, "NO_COLOR") != "" || colorprofile.Detect(f, env.Vars) < colorprofile.ANSI {
		_, err = env.Stdout.Write(page)
		return err
	}
	width, _, err := term.GetSize(f.Fd())
	if err != nil || width < narrowest {
		width = usual
	}
	_, err = io.WriteString(env.Stdout, render(page, min(width, widest)))
	return err
}
