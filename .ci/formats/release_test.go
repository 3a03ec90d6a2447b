package formats

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// mostProgram is what a stripped program may have, in bytes.
const mostProgram = 35_000_000

// A release has programs that are small, say which they are, and come with a checksum
// and a list of what is in them. Here only that of this machine is built.
func TestRelease(t *testing.T) {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	name := "factorbot-v9.8.7-" + runtime.GOOS + "-" + runtime.GOARCH
	folder := t.TempDir()
	build := exec.Command("../release", folder, platform)
	build.Env = append(os.Environ(), "VERSION=v9.8.7", "COMMIT=0123456789abcdef", "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program := filepath.Join(folder, name)
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the program has %d bytes", info.Size())
	if info.Size() >= mostProgram {
		t.Errorf("the program has %d bytes, more than %d", info.Size(), mostProgram)
	}
	if out, err := exec.Command(program, "version").CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "factorbot v9.8.7, commit 0123456789ab, go") {
		t.Errorf("%v: %s", err, out)
	}
	check := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = folder
	if out, err := check.CombinedOutput(); err != nil || strings.Count(string(out), ": OK") != 2 {
		t.Errorf("%v: %s", err, out)
	}
	b, err := os.ReadFile(program + ".cdx.json")
	if err != nil {
		t.Fatal(err)
	}
	var sbom struct {
		BOMFormat  string
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(b, &sbom); err != nil {
		t.Fatal(err)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(sbom.Components, func(c struct{ Name, Version string }) bool { return c.Name == name && c.Version != "" })
	}
	if sbom.BOMFormat != "CycloneDX" || !has("github.com/slack-go/slack") || !has("go.etcd.io/bbolt") || has("github.com/chromedp/chromedp") {
		t.Errorf("the SBOM (%s) has %d components", sbom.BOMFormat, len(sbom.Components))
	}
}
