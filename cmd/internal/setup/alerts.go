package setup

import (
	_ "embed"
	"fmt"

	"factorbot/cmd/internal/cli"
)

// alertRules is a rule file of Prometheus.
//
//go:embed alerts.yaml
var alertRules string

// runAlerts prints the alert rules.
func runAlerts(args []string, env cli.Env) error {
	flags := cli.NewFlags("manifest alerts")
	if help, err := cli.ParsePrintFlags(flags, args, env.Stdout, "Print alert rules for Prometheus.\n\nUsage: factorbot manifest alerts\n"); help || err != nil {
		return err
	}
	_, err := fmt.Fprint(env.Stdout, alertRules)
	return err
}
