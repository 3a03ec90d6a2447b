package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
)

// clockEnv sets the clock of a bot with a [clockTag]: "2m30s" from its start on, and
// with "2m30s 400ms -1m0s" it is set once more, 400 ms later.
const clockEnv = "FACTORBOT_CLOCK"

// clockTag is the build tag by which a program with a clock that can be set is known.
const clockTag = "settable_clock"

// clockSource is the package whose Now the bot asks instead of the package time's, in
// a drill alone. It sets the wall clock by whole seconds and leaves the monotonic one,
// as a machine's clock is set.
const clockSource = `package settime

import (
	"os"
	"strings"
	"time"
	"unsafe"
)

var (
	start = time.Now()
	steps = strings.Fields(os.Getenv("` + clockEnv + `"))
)

func ahead(at int) time.Duration {
	d, _ := time.ParseDuration(steps[at])
	return d
}

func Now() time.Time {
	now := time.Now()
	if len(steps) == 0 {
		return now
	}
	by := ahead(0)
	if len(steps) == 3 && now.Sub(start) > ahead(1) {
		by = ahead(2)
	}
	// A time with a monotonic reading has its seconds from bit 30 on.
	*(*uint64)(unsafe.Pointer(&now)) += uint64(by/time.Second) << 30
	return now
}

func Since(t time.Time) time.Duration { return Now().Sub(t) }

func Until(t time.Time) time.Duration { return t.Sub(Now()) }
`

// buildLab builds this program with a clock that can be set: our packages, and no
// others, are compiled with another source of the time, by an overlay of their files.
func buildLab(ctx context.Context, dir, binary string) error {
	overlay, err := overlayClock(ctx, dir)
	if err != nil {
		return fmt.Errorf("build the bot of the drill: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", clockTag, "-overlay", overlay, "-o", binary, "factorbot/cmd/factorlab")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the bot of the drill: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// hasClock reports whether this program was built by buildLab.
func hasClock() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "-tags" && s.Value == clockTag })
}

// overlayClock writes the changed files and the list of them, and returns its path.
func overlayClock(ctx context.Context, dir string) (string, error) {
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-f",
		`{{if .Module}}{{if .Module.Main}}{{.Module.Dir}}{{range .GoFiles}}{{"\t"}}{{$.Dir}}/{{.}}{{end}}{{end}}{{end}}`, "factorbot/cmd/factorlab")
	out, err := list.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
		}
		return "", fmt.Errorf("list our files: %w", err)
	}
	replace := map[string]string{}
	put := func(file string, content []byte) error {
		replace[file] = filepath.Join(dir, fmt.Sprintf("overlay%d.go", len(replace)))
		return os.WriteFile(replace[file], content, 0o600)
	}
	for line := range strings.Lines(string(out)) {
		files := strings.Split(strings.TrimSpace(line), "\t")
		if len(replace) == 0 && files[0] != "" {
			if err := put(filepath.Join(files[0], "settime", "settime.go"), []byte(clockSource)); err != nil {
				return "", err
			}
		}
		for _, file := range files[1:] {
			changed, err := withClock(file)
			if err == nil && changed != nil {
				err = put(file, changed)
			}
			if err != nil {
				return "", err
			}
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}

// withClock returns a file that asks settime for the time, nil if it asks for none.
func withClock(file string) ([]byte, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	changed := regexp.MustCompile(`\btime\.(Now|Since|Until)\b`).ReplaceAll(source, []byte("settime.$1"))
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(changed, source) || !slices.ContainsFunc(parsed.Imports, func(s *ast.ImportSpec) bool { return s.Path.Value == `"time"` }) {
		return nil, nil
	}
	clause := regexp.MustCompile(`(?m)^package \w+`).FindIndex(changed)
	if clause == nil {
		return nil, fmt.Errorf("%s has no package clause", file)
	}
	changed = slices.Insert(changed, clause[1], []byte(`; import "factorbot/settime"`)...)
	return append(changed, "\nvar _ time.Duration // which keeps the import\nvar _ = settime.Now\n"...), nil
}
