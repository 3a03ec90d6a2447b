package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"factorbot/cmd/internal/cli"

	"github.com/knadh/koanf/parsers/yaml"
)

// maxPolicyBytes bounds the YAML file.
const maxPolicyBytes = 1 << 20

// policyFile parses the YAML file for koanf. It refuses what Config has no field
// for and what has another shape, by the key's name; durations come out as
// time.Duration.
type policyFile struct{}

// Unmarshal implements koanf.Parser.
func (policyFile) Unmarshal(b []byte) (map[string]any, error) {
	switch {
	case len(b) > maxPolicyBytes:
		return nil, cli.BadSetting(FileVariable, "the file is over 1 MiB")
	case !utf8.Valid(b):
		return nil, cli.BadSetting(FileVariable, "the file is not UTF-8 text")
	case severalDocuments(b):
		return nil, cli.BadSetting(FileVariable, "the file holds several YAML documents: keep one")
	}
	parsed, err := yaml.Parser().Unmarshal(b)
	if err != nil {
		return nil, cli.BadSetting(FileVariable, "the file is not valid YAML"+atLine(err))
	}
	shaped, err := shape("", parsed, reflect.TypeFor[Config]())
	if err != nil {
		return nil, err
	}
	return shaped.(map[string]any), nil
}

// Marshal implements koanf.Parser; settings are never written.
func (policyFile) Marshal(map[string]any) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

// fileError names the file's variable where the file could not be read at all.
func fileError(err error) error {
	if setting := (*cli.SettingError)(nil); errors.As(err, &setting) {
		return setting
	}
	return cli.BadSetting(FileVariable, "the file "+FileProblem(err))
}

// atLine takes the line out of the YAML library's error; the rest of its text may
// quote the file.
func atLine(err error) string {
	line := regexp.MustCompile(`line \d+`).FindString(err.Error())
	if line == "" {
		return ""
	}
	return ": see " + line
}

// severalDocuments reports whether a document starts after some content: the
// parser would pass over it without a word.
func severalDocuments(b []byte) bool {
	content := false
	for line := range bytes.Lines(b) {
		line = bytes.TrimRight(line, "\r\n\t ")
		switch {
		case bytes.HasPrefix(line, []byte("---")):
			if content {
				return true
			}
			content = len(line) > len("---")
		case len(line) > 0 && line[0] != '#' && line[0] != '%':
			content = true
		}
	}
	return false
}

// shape returns v as a value of type t, or an error that names the key.
func shape(key string, v any, t reflect.Type) (any, error) {
	switch {
	case t == reflect.TypeFor[Secret]():
		name := settingName(key)
		return nil, cli.BadSetting(key, "secrets are not read from the YAML file: set "+name+" or "+name+fileSuffix)
	case t.Kind() == reflect.Struct:
		return shapeMap(key, v, t)
	case v == nil:
		return nil, cli.BadSetting(key, "has no value")
	case t == reflect.TypeFor[time.Duration]():
		return shapeDuration(key, v)
	case t.Kind() == reflect.Slice:
		return shapeList(key, v, t)
	case reflect.TypeOf(v) != t:
		return nil, cli.BadSetting(key, "must be "+kindInWords(t.Kind()))
	}
	return v, nil
}

func kindInWords(k reflect.Kind) string {
	switch k {
	case reflect.Int:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	default:
		return "text; put it in quotes"
	}
}

func shapeMap(key string, v any, t reflect.Type) (any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, cli.BadSetting(key, "must be a mapping of keys, such as "+slices.Min(slices.Collect(maps.Keys(fields(t)))))
	}
	known := fields(t)
	out := make(map[string]any, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		path := strings.TrimPrefix(key+"."+name, ".")
		field, ok := known[name]
		if !ok {
			return nil, unknownKey(path, name, slices.Sorted(maps.Keys(known)))
		}
		value, err := shape(path, m[name], field)
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, nil
}

func shapeList(key string, v any, t reflect.Type) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, cli.BadSetting(key, "must be a list: [first, second]")
	}
	out := make([]any, len(list))
	for i, e := range list {
		value, err := shape(fmt.Sprintf("%s entry %d", key, i+1), e, t.Elem())
		if err != nil {
			return nil, err
		}
		out[i] = value
	}
	return out, nil
}

func shapeDuration(key string, v any) (any, error) {
	s, _ := v.(string)
	d, err := cli.ParseDuration(s)
	if err != nil {
		return nil, cli.BadSetting(key, cli.DurationWords)
	}
	return d, nil
}

// fields returns the keys that a struct takes, with their types.
func fields(t reflect.Type) map[string]reflect.Type {
	known := map[string]reflect.Type{}
	for f := range t.Fields() {
		tag := f.Tag.Get("koanf")
		if tag == ",squash" {
			maps.Copy(known, fields(f.Type))
			continue
		}
		known[tag] = f.Type
	}
	return known
}

func unknownKey(path, name string, known []string) error {
	problem := "is not a key of the YAML file"
	if near := cli.Nearest(name, known); near != "" {
		problem += "; did you mean " + strings.TrimSuffix(path, name) + near + "?"
	}
	return cli.BadSetting(cli.Printable(path), problem)
}
