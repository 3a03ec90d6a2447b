package main

import (
	"path/filepath"
	"testing"

	"factorbot/cmd/internal/cli"
)

// The commands of operators find the record where run does: in the policy file, and with
// a policy, too, that run would refuse.
func TestOperator_readsTheSettingsOfRun(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "10")
	db := filepath.Join(t.TempDir(), "elsewhere.db")
	_, stop := s.mustRun(db, mustConfig(t, ""))
	if code := stop(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	policy := mustWrite(t, "policy.yaml", "db: "+db+"\nverify: wrong\n")
	nowhere := mustWrite(t, "none.yaml", "db: "+db+".none\n")
	for name, c := range map[string]struct {
		config, variable string
		code             int
	}{
		"by the flag": {config: policy}, "by the variable": {variable: policy}, "the flag first": {config: policy, variable: nowhere}, "nowhere": {config: nowhere, code: 1},
	} {
		for _, args := range [][]string{{"requests", "list"}, {"audit", "verify"}, {"audit", "export"}, {"backup", filepath.Join(t.TempDir(), "copy.db")}} {
			if c.config != "" {
				args = append(args, "--config", c.config)
			}
			out := &buffer{}
			if code := run(t.Context(), args, cli.Env{Vars: []string{"FACTORBOT_CONFIG=" + c.variable}, Stdout: out, Stderr: out}); code != c.code {
				t.Errorf("%s: factorbot %v: exit code %d, %s", name, args, code, out)
			}
		}
	}
}
