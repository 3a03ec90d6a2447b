package view_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slack-go/slack"
	"pgregory.net/rapid"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// forms is one of each modal that asks for something.
func forms() map[string]slack.ModalViewRequest {
	all := map[string]slack.ModalViewRequest{
		"deny":    view.DenyModal(pending(), "C_FACTORS"),
		"confirm": view.ConfirmModal(pending(), "C_FACTORS", 495),
	}
	many := attributes(120)
	all["export"] = view.ExportModal(view.Frame{Channel: "C_FACTORS"}, many[:20], false)
	all["export_partial"] = view.ExportModal(view.Frame{Channel: "C_FACTORS", NamedBy: view.NamedByQuery}, many[:3], true)
	all["export_many"] = view.ExportModal(view.Frame{Channel: "C_FACTORS", NamedBy: view.NamedByFilter}, many, false)
	all["request"] = view.RequestModal(view.Frame{Channel: "C_FACTORS"})
	all["request_more"] = view.RequestModal(view.Frame{Channel: "C_FACTORS", NoWhy: true, More: true})
	return all
}

// attributes are those of every org and n of an org's own.
func attributes(n int) []view.Attribute {
	all := []view.Attribute{{Name: "login", Title: "Username"}, {Name: "email", Title: "Primary email"}, {Name: "department", Title: ""}}
	for i := range n {
		all = append(all, view.Attribute{Name: fmt.Sprintf("own%d", i), Title: fmt.Sprintf("Our <!here> %d", i), Custom: true})
	}
	return all
}

func TestFoundColumns(t *testing.T) {
	for typed, want := range map[string]int{"": 100, "OWN1": 31, "our <!here> 7": 11, "factors": 1, "no such": 0} {
		if got := view.FoundColumns(attributes(120), typed); len(got) != want {
			t.Errorf("%q finds %d columns, want %d", typed, len(got), want)
		}
	}
}

func TestForms_golden(t *testing.T) {
	fits := schema(t, "Modal")
	for name, m := range forms() {
		t.Run(name, func(t *testing.T) {
			if err := misfit(fits, m); err != nil {
				t.Errorf("does not fit the schema: %v", err)
			}
			golden(t, "form_"+name, m)
		})
	}
}

func TestForms_stayInsideSlacksLimits(t *testing.T) {
	fits := schema(t, "Modal")
	rapid.Check(t, func(t *rapid.T) {
		r := anyRequest(t)
		r.ID = reset.ID("FR-" + rapid.StringMatching(`[1-9][0-9]{0,18}`).Draw(t, "id"))
		channel := reset.Channel(nasty().Draw(t, "channel"))
		for name, m := range map[string]slack.ModalViewRequest{
			"deny":    view.DenyModal(r, channel),
			"confirm": view.ConfirmModal(r, channel, rapid.Int().Draw(t, "number")),
			"export":  view.ExportModal(view.Frame{Channel: channel}, rapid.SliceOfN(rapid.Custom(anyAttribute), 0, 130).Draw(t, "attributes"), true),
			"request": view.RequestModal(view.Frame{Channel: channel, More: rapid.Bool().Draw(t, "more")}),
		} {
			checkModal(t, name, fits.Validate, m)
		}
		checkMessage(t, "ask number", view.AskNumber(r, 7))
	})
}

func anyAttribute(t *rapid.T) view.Attribute {
	return view.Attribute{Name: nasty().Draw(t, "name"), Title: nasty().Draw(t, "title"), Custom: rapid.Bool().Draw(t, "custom")}
}

// checkModal holds a modal against the schema and what the schema does not say.
func checkModal(t *rapid.T, name string, fits func(any) error, m slack.ModalViewRequest) {
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	if err := fits(doc); err != nil {
		t.Fatalf("%s does not fit: %v", name, err)
	}
	if len(b) > 250_000 {
		t.Fatalf("%s has %d bytes", name, len(b))
	}
	ids := map[string]bool{}
	walk(doc, func(o map[string]any) {
		if s, ok := o["text"].(string); ok && o["type"] == "mrkdwn" {
			if o["verbatim"] != true {
				t.Fatalf("%s: not verbatim: %q", name, s)
			}
			checkAlive(t, name, s)
		}
		if s, ok := o["text"].(string); ok && utf8.RuneCountInString(s) == 0 {
			t.Fatalf("%s: an empty text: %v", name, o)
		}
		if id, ok := o["block_id"].(string); ok && id != "" {
			if ids[id] {
				t.Fatalf("%s: block_id %q twice", name, id)
			}
			ids[id] = true
		}
		if o["type"] == "alert" {
			if s := o["text"].(map[string]any)["text"].(string); utf8.RuneCountInString(s) > 200 {
				t.Fatalf("%s: an alert of %d characters", name, utf8.RuneCountInString(s))
			}
		}
	})
}

func TestFrame_travels(t *testing.T) {
	f := view.FrameOf(pending(), "C_FACTORS")
	f.Out, f.Search, f.Page = "3,7-9", `"<x>`, 4
	got, err := view.ParseFrame(f.String())
	if err != nil || got != f {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "null", "C1:1.2", `{"c":"../x"}`, `{"r":"FR-0"}`, `{"r":"fr-1"}`, `{"d":"xyz"}`, `{"p":"1"}`, `[]`} {
		if _, err := view.ParseFrame(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	long := view.Frame{Request: "FR-1", Search: strings.Repeat("<", 900), Out: strings.Repeat("1,", 2000)}
	if s := long.String(); utf8.RuneCountInString(s) > 3000 {
		t.Errorf("%d characters", utf8.RuneCountInString(s))
	}
}
