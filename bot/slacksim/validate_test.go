package slacksim

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestBlocks_refused lists blocks that Slack refuses, and where its answer points.
func TestBlocks_refused(t *testing.T) {
	w := mustNew(t, Options{})
	button := `{"type":"button","text":{"type":"plain_text","text":"Go"},"action_id":"go"}`
	section := `{"type":"section","text":{"type":"mrkdwn","text":"x"}}`
	for name, tc := range map[string]struct{ blocks, pointer string }{
		"good":                    {`[` + section + `,{"type":"actions","elements":[` + button + `]}]`, ""},
		"unknown block":           {`[{"type":"marquee"}]`, "/blocks/0/type"},
		"unknown field":           {`[` + section + `,{"type":"divider","color":"red"}]`, "/blocks/1"},
		"section text too long":   {`[{"type":"section","text":{"type":"mrkdwn","text":"` + strings.Repeat("x", 3001) + `"}}]`, "/blocks/0/text/text"},
		"section text longest":    {`[{"type":"section","text":{"type":"mrkdwn","text":"` + strings.Repeat("é", 3000) + `"}}]`, ""},
		"empty text":              {`[{"type":"section","text":{"type":"mrkdwn","text":""}}]`, "/blocks/0/text/text"},
		"section of nothing":      {`[{"type":"section"}]`, "/blocks/0"},
		"button text too long":    {`[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"` + strings.Repeat("x", 76) + `"}}]}]`, "/blocks/0/elements/0/text/text"},
		"button with mrkdwn":      {`[{"type":"actions","elements":[{"type":"button","text":{"type":"mrkdwn","text":"x"}}]}]`, "/blocks/0/elements/0/text/type"},
		"button value too long":   {`[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"x"},"value":"` + strings.Repeat("x", 2001) + `"}]}]`, "/blocks/0/elements/0/value"},
		"no elements":             {`[{"type":"actions","elements":[]}]`, "/blocks/0/elements"},
		"header too long":         {`[{"type":"header","text":{"type":"plain_text","text":"` + strings.Repeat("x", 151) + `"}}]`, "/blocks/0/text/text"},
		"context of 11":           {`[{"type":"context","elements":[` + strings.TrimSuffix(strings.Repeat(`{"type":"mrkdwn","text":"x"},`, 11), ",") + `]}]`, "/blocks/0/elements"},
		"51 blocks":               {`[` + strings.TrimSuffix(strings.Repeat(`{"type":"divider"},`, 51), ",") + `]`, "/blocks"},
		"50 blocks":               {`[` + strings.TrimSuffix(strings.Repeat(`{"type":"divider"},`, 50), ",") + `]`, ""},
		"action_id twice":         {`[{"type":"actions","elements":[` + button + `,` + button + `]}]`, "/blocks/0"},
		"action_id in two blocks": {`[{"type":"actions","elements":[` + button + `]},{"type":"actions","elements":[` + button + `]}]`, ""},
		"block_id twice":          {`[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`, "/blocks/1/block_id"},
		"alert in a message":      {`[{"type":"alert","text":{"type":"mrkdwn","text":"x"}}]`, "/blocks/0/type"},
		"confirm title too long":  {`[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"x"},"confirm":{"title":{"type":"plain_text","text":"` + strings.Repeat("x", 101) + `"},"text":{"type":"plain_text","text":"x"},"confirm":{"type":"plain_text","text":"x"},"deny":{"type":"plain_text","text":"x"}}}]}]`, "/blocks/0/elements/0/confirm/title/text"},
	} {
		t.Run(name, func(t *testing.T) {
			var blocks any
			if err := json.Unmarshal([]byte(tc.blocks), &blocks); err != nil {
				t.Fatal(err)
			}
			w.settings.NoLimits = true
			o := callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "x", "blocks": blocks})
			if tc.pointer == "" {
				if o["ok"] != true {
					t.Fatalf("refused: %v", o)
				}
				return
			}
			errs, _ := o["errors"].([]any)
			messages, _ := o["response_metadata"].(object)["messages"].([]any)
			want := "[json-pointer:" + tc.pointer + "]"
			if o["error"] != "invalid_blocks" || len(errs) == 0 || !strings.HasSuffix(errs[0].(string), want) || !strings.HasSuffix(messages[0].(string), want) {
				t.Errorf("got %v, want a pointer to %s", o, tc.pointer)
			}
		})
	}
}

// TestView_refused lists views that Slack refuses; its answer is
// invalid_arguments, with pointers below /view.
func TestView_refused(t *testing.T) {
	w := mustNew(t, Options{})
	title := `"title":{"type":"plain_text","text":"T"}`
	input := `{"type":"input","block_id":"b","label":{"type":"plain_text","text":"L"},"element":{"type":"plain_text_input","action_id":"a"}}`
	for name, tc := range map[string]struct{ view, pointer string }{
		"good":                 {`{"type":"modal",` + title + `,"submit":{"type":"plain_text","text":"Go"},"blocks":[` + input + `]}`, ""},
		"input without submit": {`{"type":"modal",` + title + `,"blocks":[` + input + `]}`, "/view/submit"},
		"title too long":       {`{"type":"modal","title":{"type":"plain_text","text":"` + strings.Repeat("x", 25) + `"},"blocks":[]}`, "/view/title/text"},
		"metadata too long":    {`{"type":"modal",` + title + `,"private_metadata":"` + strings.Repeat("x", 3001) + `","blocks":[]}`, "/view/private_metadata"},
		"container":            {`{"type":"modal",` + title + `,"blocks":[{"type":"container","child_blocks":[{"type":"divider"}]}]}`, "/view/blocks/0/type"},
		"label missing":        {`{"type":"modal",` + title + `,"blocks":[{"type":"input","element":{"type":"plain_text_input"}}]}`, "/view/blocks/0"},
	} {
		t.Run(name, func(t *testing.T) {
			var view any
			if err := json.Unmarshal([]byte(tc.view), &view); err != nil {
				t.Fatal(err)
			}
			_, err := w.viewBody(view)
			if tc.pointer == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e, ok := err.(*refusal)
			if !ok || e.code != "invalid_arguments" || !strings.HasSuffix(e.messages[0], "[json-pointer:"+tc.pointer+"]") {
				t.Errorf("got %+v, want a pointer to %s", err, tc.pointer)
			}
		})
	}
}
