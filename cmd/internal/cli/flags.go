package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/spf13/pflag"
)

const DurationWords = "must be a time with its unit, such as 90s, 10m, 24h or 400d"

// ParseDuration reads "400d" and "1w" besides what Go reads; a day has 24 hours.
func ParseDuration(s string) (time.Duration, error) {
	if d, err := model.ParseDuration(s); err == nil {
		return time.Duration(d), nil
	}
	return time.ParseDuration(s)
}

// Printable makes one short line of a key as found.
func Printable(key string) string {
	if key == "" {
		return `""`
	}
	key = strings.Map(func(r rune) rune {
		if !utf8.ValidRune(r) || r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, key)
	if r := []rune(key); len(r) > 60 {
		return string(r[:60]) + "..."
	}
	return key
}

// NewFlags returns a set that prints nothing by itself.
func NewFlags(name string) *pflag.FlagSet {
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.SortFlags = false
	flags.Usage = func() {}
	return flags
}

// Parse parses args as ParseFlags does, and writes the help where it is asked for: the
// flags between a head and a tail.
func Parse(flags *pflag.FlagSet, args []string, out io.Writer, head string, tail ...string) error {
	_, err := ParseWords(flags, args, out, head, tail...)
	return flagsOnly(flags, err)
}

// ParseWords is Parse for args that may hold other words too, which it returns.
func ParseWords(flags *pflag.FlagSet, args []string, out io.Writer, head string, tail ...string) ([]string, error) {
	err := parse(flags, args)
	if errors.Is(err, pflag.ErrHelp) {
		if _, werr := fmt.Fprint(out, head, flags.FlagUsagesWrapped(100), strings.Join(tail, "")); werr != nil {
			return nil, fmt.Errorf("write help: %w", werr)
		}
	}
	return flags.Args(), err
}

// ParseFlags parses args, which hold nothing but flags; it returns pflag.ErrHelp for --help.
func ParseFlags(flags *pflag.FlagSet, args []string) error {
	return flagsOnly(flags, parse(flags, args))
}

func flagsOnly(flags *pflag.FlagSet, err error) error {
	if err == nil && flags.NArg() > 0 {
		return BadSetting("arguments", flags.Name()+" takes flags only; see --help")
	}
	return err
}

// parse makes errors without the value, which may be a secret in the wrong place; those of
// the library quote it.
func parse(flags *pflag.FlagSet, args []string) error {
	err := flags.Parse(args)
	var unknown *pflag.NotExistError
	var bare *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return pflag.ErrHelp
	case errors.As(err, &unknown):
		return unknownFlag(flags, unknown.GetSpecifiedName())
	case errors.As(err, &bare):
		return BadSetting("--"+bare.GetSpecifiedName(), "needs a value")
	case errors.As(err, &invalid):
		return BadSetting("--"+invalid.GetFlag().Name, "must be "+typeInWords(invalid.GetFlag().Value.Type()))
	case err != nil:
		return BadSetting("arguments", "a flag is written --name=value")
	}
	return nil
}

func unknownFlag(flags *pflag.FlagSet, name string) error {
	var known []string
	flags.VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	near := Nearest(name, known)
	if near == "" {
		return BadSetting("arguments", "there is no such flag; see "+flags.Name()+" --help")
	}
	return BadSetting("--"+Printable(name), "is not a flag; did you mean --"+near+"?")
}

// typeInWords says what values the flag library's type names stand for.
func typeInWords(t string) string {
	switch t {
	case "int":
		return "a whole number"
	case "intSlice":
		return "whole numbers separated by commas"
	case "bool":
		return "true or false"
	case "float64":
		return "a number, such as 0.02"
	case durationType:
		return strings.TrimPrefix(DurationWords, "must be ")
	default:
		return "well formed; see --help"
	}
}

// durationType is how duration names itself to the flag library.
const durationType = "time"

// duration is a flag that takes days too.
type duration time.Duration

// DurationVar adds a duration flag that is kept in a variable.
func DurationVar(f *pflag.FlagSet, into *time.Duration, name string, value time.Duration, usage string) {
	*into = value
	f.Var((*duration)(into), name, usage)
}

func (d *duration) Set(s string) error {
	v, err := ParseDuration(s)
	*d = duration(v)
	return err
}

// String writes 24h and 400d as people do.
func (d *duration) String() string {
	v := time.Duration(*d)
	if v > 24*time.Hour && v%(24*time.Hour) == 0 {
		return model.Duration(v).String()
	}
	s := v.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = strings.TrimSuffix(s, zero[1:])
		}
	}
	return s
}

func (d *duration) Type() string { return durationType }
