package slacksim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// args are the arguments of a Web API call. A form gives strings; a JSON body
// may give anything.
type args map[string]any

const maxBody = 4 << 20 // bytes of a Web API call without a file

// readArgs returns the arguments of r from query, form and JSON body, and the
// warning that Slack adds for a missing or needless charset.
func readArgs(r *http.Request, takesJSON bool) (a args, warning string, err error) {
	a = args{}
	for k, v := range r.URL.Query() {
		a[k] = v[0]
	}
	if r.Method == http.MethodGet {
		return a, "", nil
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		if params["charset"] == "" {
			warning = "missing_charset"
		}
		if !takesJSON {
			return a, warning, nil
		}
		return a, warning, a.readJSON(r.Body)
	case "multipart/form-data":
		err = r.ParseMultipartForm(maxBody)
	case "application/x-www-form-urlencoded", "":
		if params["charset"] != "" {
			warning = "superfluous_charset"
		}
		err = r.ParseForm()
	default:
		return a, "", refuse("invalid_post_type")
	}
	if err != nil {
		return a, warning, refuse("invalid_form_data")
	}
	for k, v := range r.PostForm {
		a[k] = v[0]
	}
	return a, warning, nil
}

func (a args) readJSON(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil || len(raw) == 0 {
		return nil // apps.connections.open is posted with no body
	}
	var v any
	if decode(raw, &v) != nil {
		return refuse("invalid_json")
	}
	if v == nil {
		return nil
	}
	o, ok := v.(object)
	if !ok {
		return refuse("json_not_object")
	}
	maps.Copy(a, o)
	return nil
}

// decode reads JSON whose numbers stay as they are written.
func decode(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(v)
}

// has says whether the argument was given and is not empty or null.
func (a args) has(name string) bool { return a.given(name) && a[name] != "" }

// given says whether the argument was sent at all, empty too.
func (a args) given(name string) bool { return a[name] != nil }

func (a args) str(name string) string {
	switch v := a[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func (a args) bool(name string) bool {
	given := strings.ToLower(a.str(name))
	return given == "true" || given == "1"
}

func (a args) int(name string, otherwise int) int {
	n, err := strconv.Atoi(a.str(name))
	if err != nil {
		return otherwise
	}
	return n
}

// list returns a comma-separated argument, or an array.
func (a args) list(name string) []string {
	var out []string
	if items, ok := a[name].([]any); ok {
		for _, v := range items {
			out = append(out, fmt.Sprint(v))
		}
		return out
	}
	for v := range strings.SplitSeq(a.str(name), ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// json returns an argument that is JSON: in a form as text, in a JSON body as
// text or as it is. ok is false if it was given and is not JSON.
func (a args) json(name string) (v any, ok bool) {
	s, isText := a[name].(string)
	if !isText {
		return a[name], true
	}
	if s == "" {
		return nil, true
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if d.Decode(&v) != nil || d.More() {
		return nil, false
	}
	return v, true
}
