package slacksim

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestBlocks_refused lists blocks that Slack refuses, and where its answer points.
func TestBlocks_refused(t *testing.T) {
	w := mustNew(t, Options{})
	button := `{"type":"button","text":{"type":"plain_text","text":"Go"},"action_id":"go"}`
	section := `{"type":"section","text":{"type":"mrkdwn","text":"x"}}`
	for name, tc := range map[string]struct{ blocks, pointer string }{
		"good":                     {`[` + section + `,{"type":"actions","elements":[` + button + `]}]`, ""},
		"unknown block":            {`[{"type":"marquee"}]`, "/blocks/0/type"},
		"unknown field":            {`[` + section + `,{"type":"divider","color":"red"}]`, "/blocks/1"},
		"section text too long":    {`[{"type":"section","text":{"type":"mrkdwn","text":"` + strings.Repeat("x", 3001) + `"}}]`, "/blocks/0/text/text"},
		"section text longest":     {`[{"type":"section","text":{"type":"mrkdwn","text":"` + strings.Repeat("é", 3000) + `"}}]`, ""},
		"empty text":               {`[{"type":"section","text":{"type":"mrkdwn","text":""}}]`, "/blocks/0/text/text"},
		"section of nothing":       {`[{"type":"section"}]`, "/blocks/0"},
		"button text too long":     {`[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"` + strings.Repeat("x", 76) + `"}}]}]`, "/blocks/0/elements/0/text/text"},
		"button with mrkdwn":       {`[{"type":"actions","elements":[{"type":"button","text":{"type":"mrkdwn","text":"x"}}]}]`, "/blocks/0/elements/0/text/type"},
		"button value too long":    {`[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"x"},"value":"` + strings.Repeat("x", 2001) + `"}]}]`, "/blocks/0/elements/0/value"},
		"no elements":              {`[{"type":"actions","elements":[]}]`, "/blocks/0/elements"},
		"header too long":          {`[{"type":"header","text":{"type":"plain_text","text":"` + strings.Repeat("x", 151) + `"}}]`, "/blocks/0/text/text"},
		"context of 11":            {`[{"type":"context","elements":[` + strings.TrimSuffix(strings.Repeat(`{"type":"mrkdwn","text":"x"},`, 11), ",") + `]}]`, "/blocks/0/elements"},
		"51 blocks":                {`[` + strings.TrimSuffix(strings.Repeat(`{"type":"divider"},`, 51), ",") + `]`, "/blocks"},
		"50 blocks":                {`[` + strings.TrimSuffix(strings.Repeat(`{"type":"divider"},`, 50), ",") + `]`, ""},
		"action_id twice":          {`[{"type":"actions","elements":[` + button + `,` + button + `]}]`, "/blocks/0"},
		"action_id in two blocks":  {`[{"type":"actions","elements":[` + button + `]},{"type":"actions","elements":[` + button + `]}]`, ""},
		"block_id twice":           {`[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`, "/blocks/1/block_id"},
		"alert in a message":       {`[{"type":"alert","text":{"type":"mrkdwn","text":"x"}}]`, "/blocks/0/type"},
		"alert text too long":      {`[{"type":"alert","text":{"type":"mrkdwn","text":"` + strings.Repeat("x", 201) + `"}}]`, "/blocks/0/type"},
		"a number input":           {`[{"type":"input","label":{"type":"plain_text","text":"L"},"element":{"type":"number_input","is_decimal_allowed":false}}]`, "/blocks/0/element/type"},
		"container":                {`[{"type":"container","title":{"type":"plain_text","text":"T"},"child_blocks":[{"type":"actions","elements":[` + button + `]},{"type":"actions","elements":[` + button + `]}]}]`, ""},
		"container untitled":       {`[{"type":"container","child_blocks":[{"type":"divider"}]}]`, "/blocks/0"},
		"container's block_id":     {`[{"type":"divider","block_id":"a"},{"type":"container","title":{"type":"plain_text","text":"T"},"child_blocks":[{"type":"divider","block_id":"a"}]}]`, "/blocks/1/block_id"},
		"container of a section":   {`[{"type":"container","title":{"type":"plain_text","text":"T"},"child_blocks":[{"type":"section"}]}]`, "/blocks/0/child_blocks/0"},
		"carousel":                 {`[{"type":"carousel","elements":[{"type":"card","title":{"type":"mrkdwn","text":"T"},"actions":[` + button + `]}]}]`, ""},
		"card of nothing":          {`[{"type":"card","subtitle":{"type":"mrkdwn","text":"x"}}]`, "/blocks/0"},
		"card of four buttons":     {`[{"type":"card","actions":[` + strings.TrimSuffix(strings.Repeat(`{"type":"button","text":{"type":"plain_text","text":"Go"}},`, 4), ",") + `]}]`, "/blocks/0/actions"},
		"data table":               {`[{"type":"data_table","caption":"c","page_size":25,"rows":[[{"type":"raw_text","text":"a"},{"type":"raw_text","text":"b"}],[{"type":"raw_number","value":1,"text":"1"},{"type":"raw_text","text":"b"}]]}]`, ""},
		"data table without rows":  {`[{"type":"data_table","caption":"c","rows":[[{"type":"raw_text","text":"a"}]]}]`, "/blocks/0/rows"},
		"data table of 201 rows":   {`[{"type":"data_table","caption":"c","rows":[` + strings.Repeat(`[{"type":"raw_text","text":"a"}],`, 201) + `[{"type":"raw_text","text":"a"}]]}]`, "/blocks/0/rows"},
		"data table, ragged":       {`[{"type":"data_table","caption":"c","rows":[[{"type":"raw_text","text":"a"}],[{"type":"raw_text","text":"a"},{"type":"raw_text","text":"b"}]]}]`, "/blocks/0/rows/1"},
		"data table, rich head":    {`[{"type":"data_table","caption":"c","rows":[[{"type":"rich_text","elements":[]}],[{"type":"raw_text","text":"a"}]]}]`, "/blocks/0/rows/0/0/type"},
		"data table, large pages":  {`[{"type":"data_table","caption":"c","page_size":101,"rows":[[{"type":"raw_text","text":"a"}],[{"type":"raw_text","text":"a"}]]}]`, "/blocks/0/page_size"},
		"data table, long":         {`[{"type":"data_table","caption":"c","rows":[[{"type":"raw_text","text":"a"}],[{"type":"raw_text","text":"` + strings.Repeat("x", 20000) + `"}]]}]`, "/blocks/0/rows"},
		"two data tables, long":    {`[` + longTable(12000) + `,` + longTable(12000) + `]`, "/blocks/1/rows"},
		"pie":                      {`[{"type":"data_visualization","title":"T","chart":{"type":"pie","segments":[{"label":"reset","value":3}]}}]`, ""},
		"pie of nothing":           {`[{"type":"data_visualization","title":"T","chart":{"type":"pie","segments":[{"label":"reset","value":0}]}}]`, "/blocks/0/chart/segments/0/value"},
		"chart, title too long":    {`[{"type":"data_visualization","title":"` + strings.Repeat("x", 51) + `","chart":{"type":"pie","segments":[{"label":"a","value":1}]}}]`, "/blocks/0/title"},
		"line":                     {`[` + lineChart(`{"label":"a","value":1},{"label":"b","value":2}`) + `]`, ""},
		"line, a point is missing": {`[` + lineChart(`{"label":"a","value":1}`) + `]`, "/blocks/0/chart/series/0/data"},
		"line, another label":      {`[` + lineChart(`{"label":"a","value":1},{"label":"c","value":2}`) + `]`, "/blocks/0/chart/series/0/data"},
		"three charts":             {`[` + strings.Repeat(lineChart(`{"label":"a","value":1},{"label":"b","value":2}`)+`,`, 2) + lineChart(`{"label":"a","value":1},{"label":"b","value":2}`) + `]`, "/blocks/2"},
		"table, long":              {`[{"type":"table","rows":[[{"type":"raw_text","text":"a"}],[{"type":"raw_text","text":"` + strings.Repeat("x", 10000) + `"}]]}]`, "/blocks/0/rows"},
		"confirm title too long":   {`[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"x"},"confirm":{"title":{"type":"plain_text","text":"` + strings.Repeat("x", 101) + `"},"text":{"type":"plain_text","text":"x"},"confirm":{"type":"plain_text","text":"x"},"deny":{"type":"plain_text","text":"x"}}}]}]`, "/blocks/0/elements/0/confirm/title/text"},
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
		"data table":           {`{"type":"modal",` + title + `,"blocks":[{"type":"data_table","caption":"c","rows":[[{"type":"raw_text","text":"a"}],[{"type":"raw_text","text":"a"}]]}]}`, "/view/blocks/0/type"},
		"card":                 {`{"type":"modal",` + title + `,"blocks":[{"type":"card","title":{"type":"mrkdwn","text":"T"}}]}`, "/view/blocks/0/type"},
		"alert":                {`{"type":"modal",` + title + `,"blocks":[{"type":"alert","level":"error","text":{"type":"mrkdwn","text":"x"}}]}`, ""},
		"alert too long":       {`{"type":"modal",` + title + `,"blocks":[{"type":"alert","text":{"type":"mrkdwn","text":"` + strings.Repeat("x", 201) + `"}}]}`, "/view/blocks/0/text/text"},
		"alert in a home":      {`{"type":"home","blocks":[{"type":"alert","text":{"type":"mrkdwn","text":"x"}}]}`, "/view/blocks/0/type"},
		"card in a home":       {`{"type":"home","blocks":[{"type":"card","title":{"type":"mrkdwn","text":"T"}},{"type":"container","title":{"type":"plain_text","text":"T"},"child_blocks":[{"type":"divider"}]}]}`, ""},
		"table in a home":      {`{"type":"home","blocks":[{"type":"table","rows":[[{"type":"raw_text","text":"a"}]]}]}`, "/view/blocks/0/type"},
		"time in a home":       {`{"type":"home","blocks":[{"type":"actions","elements":[{"type":"datetimepicker","action_id":"at"}]}]}`, "/view/blocks/0/elements/0/type"},
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

func longTable(n int) string {
	return `{"type":"data_table","caption":"c","rows":[[{"type":"raw_text","text":"a"}],[{"type":"raw_text","text":"` + strings.Repeat("x", n) + `"}]]}`
}

func lineChart(points string) string {
	return `{"type":"data_visualization","title":"T","chart":{"type":"line","axis_config":{"categories":["a","b"]},"series":[{"name":"n","data":[` + points + `]}]}}`
}

// TestBlocks_old: a workspace without the new blocks names each by its pointer.
func TestBlocks_old(t *testing.T) {
	w := mustNew(t, Options{})
	mustSet(t, w, `{"old_blocks": true}`)
	blocks := `[{"type":"divider"},` + longTable(1) + `,{"type":"container","title":{"type":"plain_text","text":"T"},"child_blocks":[{"type":"divider"}]},` +
		lineChart(`{"label":"a","value":1},{"label":"b","value":2}`) + `]`
	o := callForm(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "x", "blocks": blocks})
	var pointers []string
	for _, e := range o["errors"].([]any) {
		_, p, _ := strings.Cut(e.(string), "[json-pointer:")
		pointers = append(pointers, p)
	}
	if want := []string{"/blocks/1/type]", "/blocks/2/type]", "/blocks/3/type]"}; o["error"] != "invalid_blocks" || !slices.Equal(pointers, want) {
		t.Errorf("got %v", o)
	}
	mustSet(t, w, `{"old_blocks": false}`)
	if o := callForm(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "x", "blocks": blocks}); o["ok"] != true {
		t.Errorf("with new blocks: %v", o)
	}
}
