package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rowsOf returns the rows that a review shows with a box, by the ID of their field.
func rowsOf(tb testing.TB, view map[string]any) map[string][]string {
	tb.Helper()
	var v struct {
		Blocks []struct {
			ID      string `json:"block_id"`
			Element struct {
				Options []struct {
					Value string `json:"value"`
				} `json:"options"`
			} `json:"accessory"`
		} `json:"blocks"`
	}
	if err := json.Unmarshal([]byte(text(view)), &v); err != nil {
		tb.Fatal(err)
	}
	all := map[string][]string{}
	for _, b := range v.Blocks {
		if strings.HasPrefix(b.ID, "rows:") {
			for _, o := range b.Element.Options {
				all[b.ID] = append(all[b.ID], o.Value)
			}
		}
	}
	return all
}

// tick is what a person enters to tick the first n rows that a review shows.
func tick(tb testing.TB, view map[string]any, n int) (entered answers, rows []string) {
	tb.Helper()
	entered = answers{}
	for field, values := range rowsOf(tb, view) {
		chosen := []string{}
		for _, v := range values {
			if len(rows) < n {
				chosen, rows = append(chosen, v), append(rows, v)
			}
		}
		entered[field] = chosen
	}
	if len(rows) != n {
		tb.Fatalf("the review shows %d rows, want %d", len(rows), n)
	}
	return entered, rows
}

func TestReview_rows_taken_out(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "80", "--rate-limit", "6000")
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	pending := s.awaitPending(1)
	opened := s.opened(func() map[string]any { return s.click("U_APPROVER1", pending, "review") })
	if !strings.Contains(text(opened), "Remove ticked") || strings.Contains(fmt.Sprint(opened["submit"]), "Remove") {
		t.Errorf("removing is the modal's own button: %s", text(opened))
	}
	review := s.turn("U_APPROVER1", opened, "review_show", "reset", nil)
	if shown := rowsOf(t, review); len(slices.Concat(mapValues(shown)...)) != 25 {
		t.Fatalf("a page shows %v", shown)
	}
	s.submit("U_APPROVER1", review, nil) // nothing is ticked, so nothing happens
	late := s.turn("U_APPROVER2", s.opened(func() map[string]any { return s.click("U_APPROVER2", pending, "review") }), "review_show", "reset", nil)
	review = s.turn("U_APPROVER1", s.opened(func() map[string]any { return s.click("U_APPROVER1", pending, "review") }), "review_show", "reset", nil)
	first, out := tick(t, review, 2)
	review = s.turn("U_APPROVER1", review, "review_on", "1", first) // ticks stay over pages
	second, more := tick(t, review, 1)
	out = append(out, more...)
	if strings.Contains(strings.Join(out[:2], " "), more[0]) {
		t.Fatalf("the second page shows the rows of the first: %v", out)
	}
	if wrong := s.try("U_APPROVER1", review, second); !strings.Contains(fmt.Sprint(wrong), "3 users are ticked. Press Remove ticked") {
		t.Errorf("the modal's own button with ticks: %v", wrong)
	}
	if removed := s.turn("U_APPROVER1", review, "review_remove", pending.value("review"), second); !strings.Contains(text(removed), "removed 3 users") {
		t.Errorf("after removing: %s", text(removed))
	}

	again := s.awaitMessage("the second plan", func(m message) bool { return len(m.Files) == 1 && m.Files[0].Name == "FR-1-plan-2.csv" })
	plan := string(s.get("/sandbox/files/" + again.Files[0].ID))
	if n := strings.Count(plan, "taken_out"); n != 3 {
		t.Errorf("%d rows are taken out", n)
	}
	lines := strings.Split(plan, "\r\n")
	for _, row := range out {
		n, _ := strconv.Atoi(row)
		if !strings.Contains(lines[n], "taken_out") {
			t.Errorf("row %s: %s", row, lines[n])
		}
	}
	s.click("U_APPROVER2", pending, "approve") // of the first plan
	s.toldPrivately("U_APPROVER2", "plan has changed")
	if turned := s.turn("U_APPROVER2", late, "review_on", "1", nil); !strings.Contains(text(turned), "a newer plan") {
		t.Errorf("an old review: %s", text(turned))
	}
	now := s.awaitMessage("the new buttons", func(m message) bool { return m.has("approve") && m.value("approve") != pending.value("approve") })
	s.click("U_APPROVER2", now, "approve")
	byOutcome, byReason, rows := outcomes(t, s.awaitResults(1))
	if byReason["taken_out"] != 3 {
		t.Errorf("outcomes %v, reasons %v", byOutcome, byReason)
	}
	checkResets(t, s, rows)
}

func mapValues(m map[string][]string) (all [][]string) {
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

func TestReview_search_and_looking(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "60", "--rate-limit", "6000")
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	pending := s.awaitPending(1)
	review := s.opened(func() map[string]any { return s.click("U_APPROVER1", pending, "review") })
	found := s.turn("U_APPROVER1", review, "review_search", "ana@", answers{"review_search": "ana@"})
	if rows := slices.Concat(mapValues(rowsOf(t, found))...); len(rows) != 1 || !strings.Contains(text(found), "ana@example.com") {
		t.Errorf("the search finds %v", rows)
	}
	all := s.turn("U_APPROVER1", found, "review_all", "all", answers{"review_search": "ana@"})
	if !strings.Contains(text(all), "1 user ticked") {
		t.Errorf("nothing is ticked: %s", text(all))
	}
	skipped := s.turn("U_APPROVER1", all, "review_show", "skip", answers{"review_search": ""})
	if !strings.Contains(text(skipped), "1 user ticked") || len(rowsOf(t, skipped)) != 0 {
		t.Errorf("the skipped: %s", text(skipped))
	}
	looking := s.opened(func() map[string]any { return s.click("U_REQUESTER", pending, "review") })
	if len(rowsOf(t, looking)) != 0 || !strings.Contains(text(looking), "@example.com") {
		t.Errorf("the requester sees %s", text(looking))
	}
	s.submit("U_REQUESTER", looking, nil)
	if m := s.awaitPending(1); m.value("approve") != pending.value("approve") {
		t.Error("looking changed the plan")
	}
}

// Slack keeps what was entered into a field over an update of the modal, even
// nothing: rows that the bot ticks must come in new fields.
func TestReview_all_found_are_taken_out(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "60", "--rate-limit", "6000")
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	review := s.opened(func() map[string]any { return s.click("U_APPROVER1", s.awaitPending(1), "review") })
	found := s.turn("U_APPROVER1", review, "review_search", "ana@", answers{"review_search": "ana@"})
	unticked := answers{"review_search": "ana@"}
	for field := range rowsOf(t, found) {
		unticked[field] = []string{}
	}
	ticked := s.turn("U_APPROVER1", found, "review_all", "all", unticked)
	if removed := s.turn("U_APPROVER1", ticked, "review_remove", nil, nil); !strings.Contains(text(removed), "removed 1 user") {
		t.Errorf("after removing: %s", text(removed))
	}
}

// 80 users with 80 % of 240 calls a minute take about half a minute.
func TestApproval_saysHowLongItTakes(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "120", "--rate-limit", "240")
	s.upload("U_REQUESTER", "lost phones", "some.csv", []byte(strings.Join(strings.SplitAfter(string(s.get("/sample.csv")), "\n")[:81], "")))
	if m := s.awaitPending(1); !regexp.MustCompile(`expires [^,]+, takes about [23]0 s`).MatchString(m.all()) {
		t.Errorf("the message does not say it: %s", m.all())
	}
}
