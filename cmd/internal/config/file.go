package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"factorbot/cmd/internal/cli"
)

const (
	// maxPolicyBytes bounds the policy file.
	maxPolicyBytes = 1 << 20
	// maxPolicyValues bounds what its aliases may repeat.
	maxPolicyValues = 100_000
)

// policyReader reads the policy file into a Config. It refuses keys that Config has no
// field for and values of another type than the field's, by key and line; their text
// is never repeated, because a value in the wrong place may be a secret.
type policyReader struct {
	config   *Config
	problems *problems
	values   int // seen so far
}

func newPolicyReader(c *Config) *policyReader {
	return &policyReader{config: c, problems: &problems{lines: map[string]int{}}}
}

// readFile reads the file at the path; "" is none.
func (r *policyReader) readFile(path string) {
	if path == "" {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		r.refuse("the file " + FileProblem(err))
		return
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPolicyBytes+1))
	if err != nil {
		r.refuse("the file " + FileProblem(err))
		return
	}
	r.read(b)
}

// refuse says what is wrong with the file as a whole.
func (r *policyReader) refuse(problem string) {
	r.problems.add(FileVariable, problem)
	r.problems.noFile = true
}

func (r *policyReader) read(b []byte) {
	switch {
	case len(b) > maxPolicyBytes:
		r.refuse("the file is over 1 MiB")
		return
	case !utf8.Valid(b):
		r.refuse("the file is not UTF-8 text")
		return
	}
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(b))
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) { // nothing but comments
		return
	}
	if err == nil {
		if err = dec.Decode(&more); err == nil {
			r.refuse("the file holds several YAML documents: keep one")
			return
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err != nil {
		r.refuse("the file is not valid YAML" + atLine(err))
		return
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" {
		return
	}
	if root.Kind != yaml.MappingNode {
		r.refuse("the file must hold keys and values, as in verify: log")
		return
	}
	r.mapping("", root, reflect.ValueOf(r.config).Elem())
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

// bad refuses the value of a key.
func (r *policyReader) bad(key string, n *yaml.Node, problem string) {
	r.problems.note(&cli.SettingError{Name: cli.Printable(key), Problem: problem, Line: n.Line})
	r.problems.ignored = append(r.problems.ignored, key)
}

// value sets v to what a node holds.
func (r *policyReader) value(key string, n *yaml.Node, v reflect.Value) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if r.values++; r.values > maxPolicyValues {
		if !r.problems.noFile {
			r.refuse("the file holds over 100,000 values")
		}
		return
	}
	r.problems.lines[key] = n.Line
	text, tag := n.Value, n.ShortTag()
	if n.Kind != yaml.ScalarNode {
		tag = ""
	}
	switch {
	case v.Type() == reflect.TypeFor[Secret]():
		name := settingName(key)
		r.bad(key, n, "secrets are not read from the policy file: set "+name+" or "+name+fileSuffix)
	case v.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		r.mapping(key, n, v)
	case v.Kind() == reflect.Struct:
		r.bad(key, n, "must be a mapping of keys, such as "+slices.Min(slices.Collect(maps.Keys(fields(v)))))
	case tag == "!!null":
		r.bad(key, n, "has no value")
	case v.Type() == reflect.TypeFor[time.Duration]():
		d, err := cli.ParseDuration(text)
		if err != nil || tag != "!!str" {
			r.bad(key, n, cli.DurationWords)
			return
		}
		v.SetInt(int64(d))
	case v.Kind() == reflect.Slice:
		r.list(key, n, v)
	case v.Kind() == reflect.Int:
		if tag != "!!int" || n.Decode(v.Addr().Interface()) != nil {
			r.bad(key, n, "must be a whole number")
		}
	case v.Kind() == reflect.Bool:
		if tag != "!!bool" {
			r.bad(key, n, "must be true or false")
			return
		}
		v.SetBool(strings.EqualFold(text, "true"))
	case tag != "!!str":
		r.bad(key, n, "must be text; put it in quotes")
	case v.Type() == reflect.TypeFor[*regexp.Regexp]():
		re, err := regexp.Compile(text)
		if err != nil {
			r.bad(key, n, "is not a regular expression: "+regexpProblem(err))
		} else if text != "" {
			v.Set(reflect.ValueOf(re))
		}
	default:
		v.SetString(text)
	}
}

func (r *policyReader) list(key string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		r.bad(key, n, "must be a list: [first, second]")
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, e := range n.Content {
		r.value(fmt.Sprintf("%s entry %d", key, i+1), e, list.Index(i))
	}
	v.Set(list)
}

func (r *policyReader) mapping(key string, n *yaml.Node, v reflect.Value) {
	known, seen := fields(v), map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		path := strings.TrimPrefix(key+"."+name.Value, ".")
		field, ok := known[name.Value]
		switch {
		case name.ShortTag() == "!!merge":
			r.bad(key+"<<", name, "merging is not supported: write the keys out")
		case name.Kind != yaml.ScalarNode:
			r.bad(key, name, "has a key that is no word")
		case seen[name.Value]:
			r.bad(path, name, "is there twice")
		case !ok:
			r.bad(path, name, "is not a key of the policy file"+didYouMean(path, name.Value, slices.Sorted(maps.Keys(known))))
		default:
			r.value(path, value, field)
		}
		seen[name.Value] = true
	}
}

// fields returns the fields of a struct by the keys that set them; one without a key is left out.
func fields(v reflect.Value) map[string]reflect.Value {
	known := map[string]reflect.Value{}
	for i := range v.NumField() {
		switch tag := v.Type().Field(i).Tag.Get("yaml"); tag {
		case "":
		case ",inline":
			maps.Copy(known, fields(v.Field(i)))
		default:
			known[tag] = v.Field(i)
		}
	}
	return known
}

func didYouMean(path, name string, known []string) string {
	near := cli.Nearest(name, known)
	if near == "" {
		return ""
	}
	return "; did you mean " + strings.TrimSuffix(path, name) + near + "?"
}
