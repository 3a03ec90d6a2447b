package setup

import (
	"embed"

	"factorbot/cmd/internal/cli"
)

// deploy has what "factorbot manifest NAME" prints as it is.
//
//go:embed deploy
var deploy embed.FS

// printed are the files of deploy, by the name under which they are printed.
func printed() map[string]struct{ file, about string } {
	return map[string]struct{ file, about string }{
		"alerts":          {"deploy/alerts.yaml", "alert rules for Prometheus"},
		"systemd":         {"deploy/factorbot.service", "a unit for systemd"},
		"compose":         {"deploy/compose.yaml", "a compose file for the container image"},
		"kubernetes":      {"deploy/kubernetes.yaml", "objects for Kubernetes: one replica with a volume"},
		"kubernetes-etcd": {"deploy/kubernetes-etcd.yaml", "objects for Kubernetes: two replicas with their record in etcd"},
	}
}

// printFile prints one of them.
func printFile(name string, args []string, env cli.Env) error {
	what := printed()[name]
	flags := cli.NewFlags("manifest " + name)
	if err := cli.Parse(flags, args, env.Stdout, "Print "+what.about+".\n\nUsage: factorbot manifest "+name+"\n"); err != nil {
		return err
	}
	text, err := deploy.ReadFile(what.file)
	if err != nil {
		return err
	}
	_, err = env.Stdout.Write(text)
	return err
}
