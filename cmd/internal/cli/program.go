package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// Command is one subcommand of a program.
type Command struct {
	Name  string
	About string // one line
	Run   func(ctx context.Context, args []string, env Env) error
}

// Program is a program with subcommands.
type Program struct {
	Name     string
	About    string // what it does, in a sentence
	Commands []Command
	Start    string // the last line of the usage: where to begin
}

// Run runs the subcommand that args name. It returns the exit code: 0, 1 for a failure
// that may pass, 2 for a setting or an argument that somebody has to change.
func (p *Program) Run(ctx context.Context, args []string, env Env) int {
	err := p.dispatch(ctx, args, env)
	if err == nil || errors.Is(err, pflag.ErrHelp) {
		return 0
	}
	// One line; that nobody reads it changes nothing.
	_, _ = fmt.Fprintf(env.Stderr, "%s: %s\n", p.Name, strings.ReplaceAll(err.Error(), "\n", "; "))
	if setting := (*SettingError)(nil); errors.As(err, &setting) {
		return ExitSetting
	}
	return 1
}

func (p *Program) dispatch(ctx context.Context, args []string, env Env) error {
	if len(args) == 0 || args[0] == "--help" || args[0] == "-h" || len(args) == 1 && args[0] == "help" {
		return p.usage(env.Stdout)
	}
	if args[0] == "help" {
		args = []string{args[1], "--help"}
	}
	var names []string
	for _, c := range p.Commands {
		if c.Name == args[0] {
			return c.Run(ctx, args[1:], env)
		}
		names = append(names, c.Name)
	}
	problem := "is not a subcommand: see " + p.Name + " help"
	if near := Nearest(args[0], names); near != "" {
		problem = "is not a subcommand; did you mean " + near + "?"
	}
	return BadSetting(Printable(args[0]), problem)
}

func (p *Program) usage(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n\nUsage: %s SUBCOMMAND [flags]\n\n", p.Name, p.About, p.Name)
	for _, c := range p.Commands {
		fmt.Fprintf(&b, "  %-10s %s\n", c.Name, c.About)
	}
	fmt.Fprintf(&b, "\n%s\n", p.Start)
	_, err := io.WriteString(w, b.String())
	return err
}
