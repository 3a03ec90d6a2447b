package drill

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The clock that the drill gives its bots is set by minutes, once more in the middle,
// and what was measured by the monotonic clock is not.
func TestClock_is_set(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":             "module factorbot\n\ngo 1.26\n",
		"settime/settime.go": clockSource,
		"main.go":            "package main\n\nimport (\n\t\"fmt\"\n\t\"time\"\n)\n\nfunc main() {\n\tbegan := time.Now()\n\tfmt.Println(began.Unix())\n\t<-time.After(200 * time.Millisecond)\n\tnow := time.Now()\n\tfmt.Println(now.Unix())\n\tfmt.Println(time.Since(began).Milliseconds())\n\tfmt.Println(int(time.Since(began.Round(0)).Seconds()))\n}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	main := filepath.Join(dir, "main.go")
	changed, err := withClock(main)
	if err == nil {
		err = os.WriteFile(main, changed, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", clockEnv+"=1h0m0s 100ms -2h0m0s")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var said []int64
	for _, word := range strings.Fields(string(out)) {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			t.Fatalf("it says %s", out)
		}
		said = append(said, n)
	}
	near := func(got, want int64) bool { return got >= want-600 && got <= want+600 }
	now := time.Now().Unix()
	if len(said) != 4 || !near(said[0], now+3600) || !near(said[1], now-7200) || said[2] < 200 || said[2] > 600_000 || !near(said[3], -3*3600) {
		t.Errorf("now is %d, and it says %v", now, said)
	}
}
