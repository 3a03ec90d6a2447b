package cli

import "fmt"

// ExitSetting is the exit code for a missing or malformed setting.
const ExitSetting = 2

// SettingError is a missing or malformed setting. Its text is one line and never
// holds a value, because a value in the wrong place may be a secret.
type SettingError struct {
	Name    string // as the operator writes it: "OKTA_ORG_URL", "large_batch.over", "--users"
	Problem string // what is wrong and what to do
	Line    int    // of the policy file, 0 where it is not from there
}

func (e *SettingError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s: %s (line %d)", e.Name, e.Problem, e.Line)
	}
	return e.Name + ": " + e.Problem
}

// BadSetting returns the error of a setting or an argument that somebody has to change.
func BadSetting(name, problem string) error {
	return &SettingError{Name: name, Problem: problem}
}
