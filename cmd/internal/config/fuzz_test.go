package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"factorbot/cmd/internal/cli"
)

// FuzzPolicyFile holds that the YAML file either is refused by one short line
// that names a setting, or has nothing in it but known keys with values of their type.
func FuzzPolicyFile(f *testing.F) {
	for _, seed := range []string{
		documented, goodPolicy, "", "a", "[1]", "a: &x [*x]", "okta: {reserve: 5}\n---\nx: 1", "protect.users: [a]",
		"? [a, b]\n: 1", "channels: [C1, ~, 5, {a: b}]", "expires_after: 99999999999d", "approvals_from: [[S1], S2]",
		"max_targets: 0x10", "max_targets: 1e3", "retain: 2026-01-01", "<<: {verify: log}", "verify: !!binary aGk=", "verify: \"\\u2028\"",
		"\"a\\nb\": 1", "\ufeffverify: log", "okta: {api_token: x}",
	} {
		f.Add([]byte(seed))
	}
	known := leaves("", reflect.TypeFor[Config]())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := policyFile{}.Unmarshal(b)
		if err == nil {
			checkLeaves(t, "", m, known)
			return
		}
		var setting *cli.SettingError
		if !errors.As(err, &setting) || setting.Name == "" {
			t.Fatalf("error %v names no setting", err)
		}
		if len(err.Error()) > 500 || strings.ContainsFunc(err.Error(), unicode.IsControl) {
			t.Errorf("the error is not one short line: %q", err)
		}
	})
}

func checkLeaves(t *testing.T, prefix string, m map[string]any, known map[string]reflect.Type) {
	for name, v := range m {
		key := strings.TrimPrefix(prefix+"."+name, ".")
		if inner, ok := v.(map[string]any); ok {
			checkLeaves(t, key, inner, known)
			continue
		}
		typ, ok := known[key]
		switch {
		case !ok:
			t.Errorf("%s is taken", key)
		case typ == reflect.TypeFor[Secret]():
			t.Errorf("the secret %s is taken", key)
		case typ.Kind() == reflect.Slice:
			if _, ok := v.([]any); !ok {
				t.Errorf("%s is a %T", key, v)
			}
		case reflect.TypeOf(v) != typ:
			t.Errorf("%s is a %T, want %v", key, v, typ)
		}
	}
}
