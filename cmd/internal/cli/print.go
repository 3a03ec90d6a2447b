package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// ParsePrintFlags parses the flags of a subcommand that prints something. help
// is true when the help was asked for, and has been written.
func ParsePrintFlags(flags *pflag.FlagSet, args []string, out io.Writer, head string) (help bool, err error) {
	err = ParseFlags(flags, args)
	if !errors.Is(err, pflag.ErrHelp) {
		return false, err
	}
	if _, err := fmt.Fprint(out, head, flags.FlagUsagesWrapped(100)); err != nil {
		return true, fmt.Errorf("write help: %w", err)
	}
	return true, nil
}

// PrintAs writes a document as JSON or YAML.
func PrintAs(out io.Writer, asJSON bool, v any) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	enc := yaml.NewEncoder(out)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write YAML: %w", err)
	}
	return enc.Close()
}

// IsWord reports whether s is short, of letters, digits, underscores and the
// extra bytes: fit for a label.
func IsWord(s, extra string) bool {
	return s != "" && len(s) <= 60 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && !strings.ContainsRune(extra, r)
	})
}
