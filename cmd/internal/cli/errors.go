package cli

// ExitSetting is the exit code for a missing or malformed setting.
const ExitSetting = 2

// SettingError is a missing or malformed setting. Its text is one line and never
// holds a value, because a value in the wrong place may be a secret.
type SettingError struct {
	Name    string // as the operator writes it: "OKTA_ORG_URL", "large_batch.over", "--users"
	Problem string // what is wrong and what to do
}

func (e *SettingError) Error() string { return e.Name + ": " + e.Problem }

// BadSetting returns the error of a setting or an argument that somebody has to change.
func BadSetting(name, problem string) error {
	setting := SettingError{name, problem}
	return &setting
}
