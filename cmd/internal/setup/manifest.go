package setup

import (
	"context"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"factorbot/cmd/internal/cli"
)

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
	// What Slack is told of the app, in the shape of its manifest (docs.slack.dev, app
	// manifest reference; schema: github.com/slackapi/manifest-schema). should_escape makes
	// mentions arrive as user IDs. token_rotation_enabled cannot be undone once on, and the
	// bot does not renew its token.
	text, err := deploy.ReadFile("deploy/manifest.yaml")
	if err != nil {
		return err
	}
	if !*asJSON {
		_, err = env.Stdout.Write(text)
		return err
	}
	var manifest map[string]any
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		return err
	}
	return cli.PrintJSON(env.Stdout, manifest)
}
