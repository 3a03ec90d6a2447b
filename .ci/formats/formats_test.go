package formats

import (
	"bytes"
	"context"
	"debug/elf"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	compose "github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	promql "github.com/prometheus/prometheus/promql/parser"
)

const root = "../.."

// mostBytes is what the image may hold.
const mostBytes = 35_000_000

func mustRead(tb testing.TB, path string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func stages(tb testing.TB) (build, final instructions.Stage) {
	tb.Helper()
	parsed, err := parser.Parse(bytes.NewReader(mustRead(tb, "Dockerfile")))
	if err != nil {
		tb.Fatal(err)
	}
	all, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if len(all) != 2 {
		tb.Fatalf("%d stages", len(all))
	}
	return all[0], all[1]
}

// built does what the build stage does, without an engine: it copies, and runs
// the commands, with the stage's /out in a folder of this test.
func built(tb testing.TB, stage instructions.Stage) (out string) {
	tb.Helper()
	src, out := tb.TempDir(), tb.TempDir()
	for _, c := range stage.Commands {
		switch c := c.(type) {
		case *instructions.CopyCommand:
			for _, from := range c.SourcePaths {
				to := c.DestPath
				if strings.HasSuffix(to, "/") {
					to = filepath.Join(to, from)
				}
				mustCopy(tb, filepath.Join(root, from), filepath.Join(src, to))
			}
		case *instructions.RunCommand:
			script := strings.ReplaceAll(strings.Join(c.CmdLine, " "), "/out/", out+"/")
			cmd := exec.Command("sh", "-ec", script)
			cmd.Dir = src
			cmd.Env = append(os.Environ(), "VERSION=v9.8.7", "COMMIT=0123456789abcdef", "GOFLAGS=", "GOWORK=off")
			if text, err := cmd.CombinedOutput(); err != nil {
				tb.Fatalf("%s: %v\n%s", script, err, text)
			}
		}
	}
	return out
}

func mustCopy(tb testing.TB, from, to string) {
	tb.Helper()
	info, err := os.Stat(from)
	if err != nil {
		tb.Fatal(err)
	}
	if info.IsDir() {
		err = os.CopyFS(to, os.DirFS(from))
	} else if b, rerr := os.ReadFile(from); rerr != nil {
		err = rerr
	} else {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

func TestDockerfile_buildsASmallStaticProgram(t *testing.T) {
	build, final := stages(t)
	out := built(t, build)
	program := filepath.Join(out, "factorbot")
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Error("the program is linked dynamically")
		}
	}
	text, err := exec.Command(program, "version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(text), "factorbot v9.8.7, commit 0123456789ab, go") {
		t.Errorf("%v: %s", err, text)
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, c := range final.Commands {
		cp, ok := c.(*instructions.CopyCommand)
		if !ok {
			continue
		}
		from := strings.Replace(cp.SourcePaths[0], "/out/", out+"/", 1)
		from = strings.Replace(from, "/usr/local/go/", strings.TrimSpace(string(goroot))+"/", 1)
		err := filepath.WalkDir(from, func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			total += info.Size()
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	t.Logf("the image holds %d bytes", total)
	if total > mostBytes {
		t.Errorf("the image holds %d bytes, more than %d", total, mostBytes)
	}
}

// Two builds, in two folders: no path, time or checkout is in the program.
func TestDockerfile_buildIsReproducible(t *testing.T) {
	build, _ := stages(t)
	first, err := os.ReadFile(filepath.Join(built(t, build), "factorbot"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(filepath.Join(built(t, build), "factorbot"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Errorf("two builds of the same source differ: %d and %d bytes", len(first), len(second))
	}
}

func TestDockerfile_runsAsNobodyOnNothing(t *testing.T) {
	_, final := stages(t)
	if final.BaseName != "scratch" {
		t.Errorf("the image is made from %s", final.BaseName)
	}
	var user string
	var health, entry, cmd []string
	for _, c := range final.Commands {
		switch c := c.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.HealthCheckCommand:
			health = c.Health.Test
		case *instructions.EntrypointCommand:
			entry = c.CmdLine
		case *instructions.CmdCommand:
			cmd = c.CmdLine
		case *instructions.RunCommand:
			t.Errorf("there is no shell to run %v", c.CmdLine)
		}
	}
	if !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(user) {
		t.Errorf("it runs as %q", user)
	}
	if !slices.Equal(health, []string{"CMD", "/factorbot", "health"}) || !slices.Equal(entry, []string{"/factorbot"}) || !slices.Equal(cmd, []string{"run"}) {
		t.Errorf("health check %v, entry point %v, command %v", health, entry, cmd)
	}
}

func TestAlerts_arePrometheusRules(t *testing.T) {
	rules := mustRead(t, "cmd/internal/setup/deploy/alerts.yaml")
	groups, errs := rulefmt.Parse(rules, false, model.UTF8Validation, promql.NewParser(promql.Options{}), slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	n := 0
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			n++
			if r.Alert == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["action"] == "" {
				t.Errorf("%s lacks a severity, a summary or an action", r.Alert)
			}
		}
	}
	if n < 10 {
		t.Errorf("%d rules", n)
	}
	wrong := bytes.Replace(rules, []byte("absent("), []byte("absent(("), 1)
	if _, errs := rulefmt.Parse(wrong, false, model.UTF8Validation, promql.NewParser(promql.Options{}), slog.New(slog.DiscardHandler)); len(errs) == 0 {
		t.Error("a rule that is wrong passes")
	}
}

func TestManifest_composeFile(t *testing.T) {
	load := func(text []byte) (*compose.Project, error) {
		return loader.LoadWithContext(context.Background(), compose.ConfigDetails{
			WorkingDir: root, ConfigFiles: []compose.ConfigFile{{Filename: "compose.yaml", Content: text}},
		}, func(o *loader.Options) { o.SetProjectName("factorbot", true) })
	}
	text := mustRead(t, "cmd/internal/setup/deploy/compose.yaml")
	project, err := load(text)
	if err != nil {
		t.Fatal(err)
	}
	s := project.Services["factorbot"]
	if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || len(s.Secrets) != 3 {
		t.Errorf("the service may do more than it needs: %+v", s)
	}
	if !slices.ContainsFunc(s.Volumes, func(v compose.ServiceVolumeConfig) bool {
		return v.Target == "/etc/factorbot" && v.Type == "bind" && v.ReadOnly
	}) {
		t.Errorf("the policy is not mounted as a folder, so a replaced file would not be seen: %+v", s.Volumes)
	}
	if _, err := load(bytes.Replace(text, []byte("read_only:"), []byte("readonly:"), 1)); err == nil {
		t.Error("an unknown key passes")
	}
}

func TestManifest_unit(t *testing.T) {
	dir := t.TempDir()
	unit := filepath.Join(dir, "factorbot.service")
	program, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	verify := func(text []byte) ([]byte, error) {
		text = bytes.Replace(text, []byte("/usr/local/bin/factorbot"), []byte(program), 1)
		if err := os.WriteFile(unit, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return exec.Command("systemd-analyze", "verify", "--recursive-errors=no", "--man=no", unit).CombinedOutput()
	}
	text := mustRead(t, "cmd/internal/setup/deploy/factorbot.service")
	if out, err := verify(text); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("%v: %s", err, out)
	}
	if out, _ := verify(bytes.Replace(text, []byte("ProtectSystem=strict"), []byte("ProtectSistem=strict"), 1)); len(bytes.TrimSpace(out)) == 0 {
		t.Error("an unknown setting passes")
	}
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=20", unit).CombinedOutput()
	if err != nil {
		t.Errorf("the unit is exposed: %v\n%s", err, out)
	}
}
