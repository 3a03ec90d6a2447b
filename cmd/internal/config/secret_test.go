package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestSecret_noRenderingShowsIt(t *testing.T) {
	s := NewSecret(canary)
	hidden := struct{ inner Secret }{s} // fmt calls no method in there
	var texts []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3s"} {
		texts = append(texts, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, hidden), fmt.Sprintf(verb, []Secret{s}))
	}
	texts = append(texts, s.String(), s.GoString(), fmt.Sprint(s), fmt.Errorf("token %v", s).Error())

	js, err := json.Marshal(map[Secret]any{s: hidden, NewSecret("x"): s})
	if err != nil {
		t.Fatal(err)
	}
	value, err := s.MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	ym, err := yaml.Marshal(map[string]any{"a": s, "b": value})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "token", s, "config", &Config{WebhookSecret: s})
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "token", s, "config", Config{WebhookSecret: s})

	for _, text := range append(texts, string(js), string(ym), log.String()) {
		if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) || strings.Contains(text, fmt.Sprintf("%X", canary)) {
			t.Errorf("a secret is shown: %s", text)
		}
	}
	if !strings.Contains(log.String(), redacted) {
		t.Errorf("the log does not say that there is a secret: %s", log.String())
	}
}

func TestSecret_Reveal(t *testing.T) {
	if s := NewSecret(canary); s.Reveal() != canary || !s.IsSet() {
		t.Error("the value is lost")
	}
	if s := NewSecret(""); s.Reveal() != "" || s.IsSet() || s.String() != "" {
		t.Error("an empty value counts as set")
	}
}
