package formats

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// actionlint is GitHub's workflow syntax in a program. It is run, not imported: it does
// not compile with the version of yaml that others here need.
const actionlint = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"

func TestWorkflows(t *testing.T) {
	bin := t.TempDir()
	install := exec.Command("go", "install", actionlint)
	install.Env = append(os.Environ(), "GOBIN="+bin)
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lint := func(path string) ([]byte, error) {
		return exec.Command(filepath.Join(bin, "actionlint"), "-no-color", "-shellcheck=", "-pyflakes=", path).CombinedOutput()
	}
	files, err := filepath.Glob(root + "/.github/workflows/*.yml")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		if out, err := lint(file); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		wrong := filepath.Join(t.TempDir(), "wrong.yml")
		if err := os.WriteFile(wrong, []byte(strings.Replace(string(text), "runs-on:", "run-on:", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := lint(wrong); err == nil {
			t.Errorf("%s with a wrong key passes: %s", file, out)
		}
	}
	ci := string(mustRead(t, ".github/workflows/ci.yml"))
	for _, step := range []string{"bash .ci/run", "govulncheck@latest ./..."} {
		if !strings.Contains(ci, step) {
			t.Errorf("CI does not run %s", step)
		}
	}
}

// Who reports a fault is asked for what it takes to find it.
func TestIssueTemplates(t *testing.T) {
	files, err := filepath.Glob(root + "/.github/ISSUE_TEMPLATE/*.yml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var form struct {
			Name, Description string
			Body              []struct {
				Type       string
				Attributes struct{ Label, Value string }
			}
		}
		if err := yaml.Unmarshal(text, &form); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if filepath.Base(file) == "config.yml" {
			continue
		}
		asks := ""
		for _, field := range form.Body {
			if field.Type == "" || field.Attributes.Label+field.Attributes.Value == "" {
				t.Errorf("%s has a field without a type or a label: %+v", file, field)
			}
			asks += field.Attributes.Label + "\n"
		}
		if form.Name == "" || form.Description == "" || !strings.Contains(asks, "`factorbot doctor --json`") {
			t.Errorf("%s (%s) asks for\n%s", file, form.Name, asks)
		}
	}
}
