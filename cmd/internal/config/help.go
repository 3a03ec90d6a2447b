package config

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/pflag"
)

// writeRunHelp teaches every setting of "factorbot run" with its default.
func writeRunHelp(w io.Writer, flags *pflag.FlagSet) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprint(t, `Run the bot.

Usage: factorbot run [--config FILE] [flags]

Environment (each secret also as NAME_FILE, the path of a file that holds it):

`)
	for _, v := range Variables() {
		help := v.help
		if f := flags.Lookup(flagName(v.Key)); f != nil && f.DefValue != "" {
			help += " (default " + f.DefValue + ")"
		}
		if v.secret {
			help += "; secret"
		}
		fmt.Fprintf(t, "  %s\t%s\n", v.Name, help)
	}
	fmt.Fprintf(t, "  %s\tthe YAML file\n", FileVariable)
	fmt.Fprint(t, `
Flags; each is a key of the YAML file too (--large-batch.over is "over" under
"large_batch"). Flags win over the environment, the environment over the file.
Only the file takes approvals_from: [[S_SECURITY], [S_HELPDESK]], one approval
from each.

`)
	fmt.Fprint(t, flags.FlagUsagesWrapped(100))
	return t.Flush()
}
