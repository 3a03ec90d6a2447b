package slacksim

import (
	"slices"
	"strings"
	"testing"
)

// TestTour_ticksAreEarned: each step of the tour is ticked by that step alone, whatever else
// happens in the channel.
func TestTour_ticksAreEarned(t *testing.T) {
	w := mustNew(t, Options{Org: newMade(1), Sample: func() []byte { return []byte("id\n") }})
	post := func(text, thread string, actions ...string) (ts string) {
		t.Helper()
		var buttons []any
		for _, a := range actions {
			buttons = append(buttons, pressable(a, a, ""))
		}
		blocks := []any{object{"type": "section", "text": mrkdwn(text)}}
		if buttons != nil {
			blocks = append(blocks, object{"type": "actions", "elements": buttons})
		}
		o := callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": text, "thread_ts": thread, "blocks": blocks})
		ts, _ = o["ts"].(string)
		if ts == "" {
			t.Fatal(o)
		}
		return ts
	}
	plain := func(ts, text string) {
		t.Helper()
		o := callAPI(w, "chat.update", object{"channel": "C_FACTORS", "ts": ts, "text": text, "blocks": []any{object{"type": "section", "text": mrkdwn(text)}}})
		if o["ok"] != true {
			t.Fatal(o)
		}
	}
	drop := func() (ts string) {
		t.Helper()
		ts, err := w.Upload(Upload{User: "U_REQUESTER", Channel: "C_FACTORS", Files: []UploadedFile{{"sample.csv", []byte("id\n")}}})
		if err != nil {
			t.Fatal(err)
		}
		return ts
	}
	linkTo := func(upload, request string) {
		t.Helper()
		o := callForm(w, "chat.getPermalink", object{"channel": "C_FACTORS", "message_ts": request})
		post("*<"+o["permalink"].(string)+"|FR-1>*: 3 to reset. Decide there.", upload)
	}
	results := func(thread string) (id string) {
		t.Helper()
		start := callForm(w, "files.getUploadURLExternal", object{"filename": "FR-1-results.csv", "length": "3"})
		id, _ = start["file_id"].(string)
		send(w, "POST", "/upload/v1/"+id, nil, "abc")
		changes, stop := w.watch()
		defer stop()
		callForm(w, "files.completeUploadExternal", object{"channel_id": "C_FACTORS", "thread_ts": thread, "files": `[{"id":"` + id + `"}]`})
		for c := range changes { // the message comes when the file is processed
			if c.ThreadTS == thread {
				break
			}
		}
		return id
	}
	ticked := func(when string, want ...int) {
		t.Helper()
		_, body := get(t, w, "/sandbox/part/conversation?user=U_REQUESTER&channel=C_FACTORS")
		_, bar, _ := strings.Cut(body, `<ol class="tour"`)
		bar, _, _ = strings.Cut(bar, "</ol>")
		var got []int
		for i, step := range strings.Split(bar, "<li")[1:] {
			if strings.Contains(step, "Done: ") {
				got = append(got, i+1)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: steps %v are ticked, want %v", when, got, want)
		}
	}
	next := func(when string, want bool) {
		t.Helper()
		_, body := get(t, w, "/sandbox/part/conversation?user=U_APPROVER1&channel=C_FACTORS")
		if got := strings.Contains(body, "What to try next"); got != want {
			t.Errorf("%s: what to try next is said: %v, want %v", when, got, want)
		}
	}

	byCommand := post("FR-1: reset MFA for Ana Lima", "", "approve", "deny")
	ticked("a request by command")
	post("FR-1 is running", byCommand, "pause")
	plain(byCommand, "FR-1 is running")
	get(t, w, "/sandbox/files/"+results(byCommand))
	ticked("a request by command that is done")

	refused := drop()
	ticked("a file without an answer")
	post("Reading sample.csv", refused)
	post("Nobody to reset", refused)
	ticked("a file that was refused")

	denied, its := drop(), post("FR-2: reset MFA for 3 users", "", "approve", "deny")
	linkTo(denied, its)
	ticked("a file that became a request", 1)
	plain(its, "Denied")
	ticked("a request that was denied", 1)

	upload, request := drop(), post("FR-3: reset MFA for 3 users", "", "approve", "deny")
	linkTo(upload, request)
	post("FR-3 is running", request, "pause")
	plain(request, "FR-3 is running")
	ticked("a request that runs", 1, 2)
	next("a request that runs", false)
	file := results(request)
	ticked("a result file that nobody took", 1, 2)
	next("a result file", true)
	changes, stop := w.watch()
	defer stop()
	if _, body := get(t, w, "/sandbox/files/"+file); body != "abc" {
		t.Fatalf("the file is %q", body)
	}
	if c := <-changes; c.Type != "file" {
		t.Errorf("the page hears of %v", c)
	}
	ticked("a result file that was taken", 1, 2, 3)
}
