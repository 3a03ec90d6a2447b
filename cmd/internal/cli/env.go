package cli

import (
	"io"
	"log/slog"
	"os"
	"strings"
)

// Lookup returns the value of a variable in "NAME=value" entries, the last one if
// there are several.
func Lookup(environ []string, name string) string {
	value := ""
	for _, e := range environ {
		if n, v, ok := strings.Cut(e, "="); ok && n == name {
			value = v
		}
	}
	return value
}

// Env is what a program is given besides its arguments.
type Env struct {
	Vars   []string // "NAME=value"
	Stdout io.Writer
	Stderr io.Writer
	Reload <-chan os.Signal // somebody wants the policy to be read again; nil: nobody will
}

// NewLogger logs text to a terminal and JSON elsewhere.
func NewLogger(w io.Writer) *slog.Logger {
	if isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

// NewQuietLogger logs only errors to a terminal, and everything elsewhere.
func NewQuietLogger(w io.Writer) *slog.Logger {
	if isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelError}))
	}
	return NewLogger(w)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
