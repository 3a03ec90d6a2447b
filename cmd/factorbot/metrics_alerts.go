package main

import (
	_ "embed"
	"fmt"
)

// alertRules is a rule file of Prometheus.
//
//go:embed alerts.yaml
var alertRules string

// runAlerts prints the alert rules.
func runAlerts(args []string, env environment) error {
	flags := newFlags("manifest alerts")
	if help, err := parsePrintFlags(flags, args, env.stdout, "Print alert rules for Prometheus.\n\nUsage: factorbot manifest alerts\n"); help || err != nil {
		return err
	}
	_, err := fmt.Fprint(env.stdout, alertRules)
	return err
}
