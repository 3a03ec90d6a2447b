package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Command is one subcommand of a program.
type Command struct {
	Name  string
	About string // one line
	Run   func(ctx context.Context, args []string, env Env) error
}

// Topic is a page that "help NAME" shows.
type Topic struct {
	Name  string
	About string // one line
	Show  func(env Env) error
}

// Program is a program with subcommands.
type Program struct {
	Name     string
	About    string // what it does, in a sentence
	Commands []Command
	Topics   []Topic // a topic comes before the help of a subcommand with the same name
	Start    string  // the last line of the usage: where to begin
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
		return p.help(ctx, args[1], env)
	}
	if c := p.command(args[0]); c != nil {
		return c.Run(ctx, args[1:], env)
	}
	return p.unknown(args[0], "is not a subcommand", p.commandNames())
}

// help shows the page of that name, else the help of the subcommand.
func (p *Program) help(ctx context.Context, name string, env Env) error {
	names := p.commandNames()
	for _, t := range p.Topics {
		if t.Name == name {
			return t.Show(env)
		}
		names = append(names, t.Name)
	}
	if c := p.command(name); c != nil {
		return c.Run(ctx, []string{"--help"}, env)
	}
	return p.unknown(name, "is neither a topic nor a subcommand", names)
}

func (p *Program) command(name string) *Command {
	i := slices.IndexFunc(p.Commands, func(c Command) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Commands[i]
}

func (p *Program) commandNames() (names []string) {
	for _, c := range p.Commands {
		names = append(names, c.Name)
	}
	return names
}

// unknown returns the error for a name that is none of those known.
func (p *Program) unknown(name, problem string, known []string) error {
	if near := Nearest(name, known); near != "" {
		return BadSetting(Printable(name), problem+"; did you mean "+near+"?")
	}
	return BadSetting(Printable(name), problem+": see "+p.Name+" help")
}

func (p *Program) usage(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n\nUsage: %s SUBCOMMAND [flags]\n\n", p.Name, p.About, p.Name)
	for _, c := range p.Commands {
		fmt.Fprintf(&b, "  %-10s %s\n", c.Name, c.About)
	}
	if len(p.Topics) > 0 {
		fmt.Fprintf(&b, "\nPages to read: %s help TOPIC\n\n", p.Name)
	}
	for _, t := range p.Topics {
		fmt.Fprintf(&b, "  %-10s %s\n", t.Name, t.About)
	}
	fmt.Fprintf(&b, "\n%s\n", p.Start)
	_, err := io.WriteString(w, b.String())
	return err
}
