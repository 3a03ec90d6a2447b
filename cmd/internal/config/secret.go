package config

import (
	"fmt"
	"log/slog"
)

// redacted is what every rendering of a Secret shows.
const redacted = "[secret]"

// Secret is a token or a key. No way of printing, logging or marshalling it
// shows the value; only Reveal does. The value is behind a pointer so that it
// stays hidden where fmt cannot call a method, in an unexported field.
type Secret struct{ value *string }

// NewSecret keeps s; an empty s is the zero Secret.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{value: &s}
}

// Reveal returns the value, "" if it is not set.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsSet reports whether there is a value.
func (s Secret) IsSet() bool { return s.value != nil }

func (s Secret) String() string {
	if s.value == nil {
		return ""
	}
	return redacted
}

// Format renders every verb, %#v and %x too, without the value.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// GoString is for callers that ask for it outside fmt.
func (s Secret) GoString() string { return s.String() }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText covers encoding/json, encoding/xml and map keys.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes the value as it is configured.
func (s *Secret) UnmarshalText(b []byte) error {
	*s = NewSecret(string(b))
	return nil
}

// MarshalYAML is the method that YAML encoders look for.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }
