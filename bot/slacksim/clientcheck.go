package slacksim

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"factorbot/bot/slacksim/kit"
)

// unfilled returns what Slack's own client says before it submits: a required
// input is empty, a value does not fit its element.
func (v *view) unfilled() map[string]string {
	wrong, state := map[string]string{}, v.state()
	for _, e := range elements(v.blocks()) {
		if e.input == nil {
			continue
		}
		key, _ := kit.ValueKeys(e.str("type"))
		value := kit.ObjectAt(state, e.block, e.action())[key]
		if isEmpty(value) {
			if e.input["optional"] != true {
				wrong[e.block] = "Please complete this required field."
			}
			continue
		}
		if words := misfit(e.body, value); words != "" {
			wrong[e.block] = words
		}
	}
	return wrong
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	}
	return false
}

// misfit says what is wrong with a value that was entered, as Slack's own client
// does before it lets anybody submit; "" if nothing.
func misfit(e object, v any) string {
	s := kit.Text(v)
	switch e["type"] {
	case "plain_text_input":
		return misfitText(e, s)
	case "number_input":
		return misfitNumber(e, s)
	case "email_text_input":
		if name, host, ok := strings.Cut(s, "@"); !ok || name == "" || !strings.Contains(host, ".") || strings.ContainsAny(s, " <>") {
			return "Please enter a valid email address."
		}
	case "url_text_input":
		if u, err := url.Parse(s); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return "Please enter a valid URL."
		}
	case "datetimepicker":
		if _, ok := v.(json.Number); !ok {
			return "Please enter a valid date and time."
		}
	case "file_input":
		return misfitFiles(e, kit.ListOf(v))
	}
	if most, ok := kit.IntOf(e["max_selected_items"]); ok && len(kit.ListOf(v)) > most {
		return fmt.Sprintf("Please choose at most %d.", most)
	}
	return ""
}

func misfitText(e object, s string) string {
	n := utf8.RuneCountInString(s)
	if low, ok := kit.IntOf(e["min_length"]); ok && n < low {
		return fmt.Sprintf("This input must be at least %d characters.", low)
	}
	high, ok := kit.IntOf(e["max_length"])
	if !ok {
		high = 3000
	}
	if n > high {
		return fmt.Sprintf("This input must be less than %d characters.", high+1)
	}
	return ""
}

func misfitNumber(e object, s string) string {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || e["is_decimal_allowed"] != true && strings.ContainsAny(s, ".eE") {
		return "Please enter a valid number."
	}
	limit := func(key string) (float64, bool) {
		text, ok := e[key].(string)
		v, err := strconv.ParseFloat(text, 64)
		return v, ok && err == nil
	}
	if low, ok := limit("min_value"); ok && n < low {
		return fmt.Sprintf("Please enter a number of at least %v.", low)
	}
	if high, ok := limit("max_value"); ok && n > high {
		return fmt.Sprintf("Please enter a number of at most %v.", high)
	}
	return ""
}

// maxInputFile is the most bytes of a file in a file_input
// (docs.slack.dev/reference/block-kit/block-elements/file-input-element).
const maxInputFile = 10 << 20

func misfitFiles(e object, files []any) string {
	most, ok := kit.IntOf(e["max_files"])
	if !ok {
		most = 10
	}
	if len(files) > most {
		return fmt.Sprintf("Please add at most %d.", most)
	}
	kinds := kit.ListOf(e["filetypes"])
	for _, v := range files {
		f := kit.ObjectAt(v)
		name := kit.Text(f["name"])
		if n, _ := kit.IntOf(f["size"]); n > maxInputFile {
			return name + " is larger than 10 MB."
		}
		fits := func(kind any) bool {
			return strings.HasSuffix(strings.ToLower(name), "."+strings.ToLower(kit.Text(kind)))
		}
		if len(kinds) > 0 && !slices.ContainsFunc(kinds, fits) {
			return name + " is not a file of the kind that is asked for."
		}
	}
	return ""
}
