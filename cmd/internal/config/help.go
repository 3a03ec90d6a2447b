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
		if v.Default != "" {
			help += " (default " + v.Default + ")"
		}
		if v.secret {
			help += "; secret"
		}
		fmt.Fprintf(t, "  %s\t%s\n", v.Name, help)
	}
	fmt.Fprintf(t, "  %s\tthe policy file\n", FileVariable)
	fmt.Fprint(t, "\nFlags, which override the environment:\n\n", flags.FlagUsagesWrapped(100))
	fmt.Fprintf(t, "\nThe policy file is YAML:\n\n%s", defaultPolicy)
	return t.Flush()
}
