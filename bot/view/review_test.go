package view_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"pgregory.net/rapid"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// targets are 60 rows: every tenth is skipped, a few stand out.
func targets() []reset.Target {
	young, old := noon.Add(-50*time.Hour), noon.Add(-1000*time.Hour)
	var all []reset.Target
	for i := range 60 {
		t := reset.Target{
			Row: i + 1, Input: fmt.Sprintf("u%02d@example.com", i), Login: fmt.Sprintf("u%02d@example.com", i),
			User: reset.UserID(fmt.Sprintf("00u%017d", i)), Status: "ACTIVE", Action: reset.ActionReset, Created: &old,
			Department: []string{"Sales", "Ops <!here>", ""}[i%3], Read: i < 5,
		}
		switch {
		case i%10 == 9:
			t.Action, t.Reason, t.Detail, t.Login = reset.ActionSkip, reset.NotFound, "line 7", ""
		case i == 40:
			t.Status = "SUSPENDED"
		case i == 41:
			t.Created = &young
		case i == 2:
			t.Factors = []string{"webauthn"}
		case i < 5:
			t.Factors = []string{"sms", "push"}
		}
		all = append(all, t)
	}
	return all
}

func review(f view.Frame) *view.Review {
	g := view.FrameOf(pending(), "C_FACTORS")
	f.Request, f.Digest, f.Channel = g.Request, g.Digest, g.Channel
	v := view.NewReview(pending(), f)
	for _, t := range targets() {
		v.Add(t)
	}
	return v
}

func TestReview_golden(t *testing.T) {
	fits := schema(t, "Modal")
	full := review(view.Frame{Search: "u0"})
	full.Full()
	ticked := review(view.Frame{Out: "3", Show: view.ShowOdd})
	ticked.Ticked()
	for name, m := range map[string]slack.ModalViewRequest{
		"first":   review(view.Frame{Out: "3,42", Show: view.ShowReset}).Modal(),
		"last":    review(view.Frame{Page: 99, Show: view.ShowReset}).Modal(),
		"search":  review(view.Frame{Search: "SALES", Page: 1, Show: view.ShowReset}).Modal(),
		"odd":     review(view.Frame{}).Modal(), // it opens at what stands out
		"ticked":  ticked.Modal(),
		"skipped": review(view.Frame{Show: view.ShowSkip}).Modal(),
		"looking": review(view.Frame{Looking: true}).Modal(),
		"nobody":  review(view.Frame{Search: "<!channel>"}).Modal(),
		"full":    full.Modal(),
		"notice":  view.Notice("The plan has changed", "Close this."),
	} {
		t.Run(name, func(t *testing.T) {
			if err := misfit(fits, m); err != nil {
				t.Errorf("does not fit the schema: %v", err)
			}
			golden(t, "review_"+name, m)
		})
	}
}

// boxes returns the rows that a modal shows with a box, and those that have a tick.
func boxes(tb testing.TB, m slack.ModalViewRequest) (shown, ticked []int) {
	tb.Helper()
	for _, b := range m.Blocks.BlockSet {
		row, ok := b.(*slack.SectionBlock)
		if !ok || row.Accessory == nil {
			continue
		}
		box := row.Accessory.CheckboxGroupsBlockElement
		if box == nil {
			tb.Fatalf("a row has another accessory: %+v", row.Accessory)
		}
		rows, ok := view.ShownRows(box.ActionID)
		if !ok || len(rows) != len(box.Options) {
			tb.Fatalf("%s shows %d rows", box.ActionID, len(box.Options))
		}
		for _, o := range box.Options {
			shown = append(shown, atoi(tb, o.Value))
		}
		for _, o := range box.InitialOptions {
			ticked = append(ticked, atoi(tb, o.Value))
		}
	}
	return shown, ticked
}

func atoi(tb testing.TB, s string) int {
	tb.Helper()
	var n int
	if _, err := fmt.Sscan(s, &n); err != nil {
		tb.Fatal(err)
	}
	return n
}

func TestReview_pages(t *testing.T) {
	var all []int
	for page := range 3 {
		shown, _ := boxes(t, review(view.Frame{Page: page, Show: view.ShowReset}).Modal())
		all = append(all, shown...)
	}
	if d := cmp.Diff([]int{3, 41, 42}, all[:3]); d != "" {
		t.Errorf("rows that stand out are not first: %s", d)
	}
	if len(all) != 54 || len(slices.Compact(slices.Sorted(slices.Values(all)))) != 54 {
		t.Errorf("the pages show %d rows: %v", len(all), all)
	}
	if _, ticked := boxes(t, review(view.Frame{Out: "3,5", Show: view.ShowReset}).Modal()); !slices.Contains(ticked, 3) || !slices.Contains(ticked, 5) {
		t.Errorf("ticks of before are lost: %v", ticked)
	}
	found := review(view.Frame{Search: "suspended"})
	found.TickFound()
	if shown, ticked := boxes(t, found.Modal()); !slices.Equal(shown, []int{41}) || !slices.Equal(ticked, shown) {
		t.Errorf("the search finds %v, ticks %v", shown, ticked)
	}
}

// Every row that is reset says department and factors, and times in the reader's zone.
func TestReview_everyRowSaysWhatIsKnown(t *testing.T) {
	again := review(view.Frame{Show: view.ShowReset})
	again.Add(reset.Target{
		Row: 61, Login: "eve@example.com", Name: "Eve", User: "00u00000000000000061", Status: "ACTIVE", Action: reset.ActionReset,
		Detail: "reset by FR-7 2026-04-30T09:15:00Z", Department: "Legal", Read: true,
	})
	for name, m := range map[string]slack.ModalViewRequest{
		"with boxes": again.Modal(), "last page": review(view.Frame{Page: 99, Show: view.ShowReset}).Modal(), "looking": review(view.Frame{Looking: true, Show: view.ShowReset}).Modal(),
	} {
		rows := 0
		for _, b := range m.Blocks.BlockSet {
			s, ok := b.(*slack.SectionBlock)
			if !ok || s.Text == nil || !strings.HasPrefix(s.Text.Text, "`") {
				continue
			}
			rows++
			words := s.Text.Text
			if !strings.Contains(words, "Sales") && !strings.Contains(words, "Ops") && !strings.Contains(words, "Legal") && !strings.Contains(words, "no department") {
				t.Errorf("%s: no department in %q", name, words)
			}
			if !strings.Contains(words, "SMS") && !strings.Contains(words, "WebAuthn") && !strings.Contains(words, "no MFA set up") && !strings.Contains(words, "factors not read") {
				t.Errorf("%s: no factors in %q", name, words)
			}
			if strings.Contains(words, "eve@") && !strings.Contains(words, "reset by FR-7 <!date^1777540500^{date_short_pretty} {time}|") {
				t.Errorf("%s: the time is not in the reader's zone: %q", name, words)
			}
		}
		if rows < 4 {
			t.Errorf("%s: %d rows", name, rows)
		}
	}
}

func TestFrame_Tick(t *testing.T) {
	f := view.Frame{Out: "3,7-9"}
	if !f.Tick([]int{7, 8, 9, 10}, []int{8, 10}) || f.Out != "3,8,10" {
		t.Errorf("got %q", f.Out)
	}
	var even []int
	for i := range 2000 {
		even = append(even, 2*i+2)
	}
	if f.Tick(even, even) || f.Out != "3,8,10" {
		t.Errorf("more than there is room for was taken: %d characters", len(f.Out))
	}
	if !f.Tick([]int{1}, nil) || f.Out != "3,8,10" {
		t.Errorf("got %q", f.Out)
	}
}

func TestRows_roundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfDistinct(rapid.IntRange(1, 100_000), rapid.ID).Draw(t, "rows")
		got, err := view.ParseRows(view.FormatRows(rows))
		slices.Sort(rows)
		if err != nil || !slices.Equal(got, rows) {
			t.Fatalf("%v became %v, %v", rows, got, err)
		}
	})
	for _, bad := range []string{"x", "0", "-1", "3-1", "1,,2", "1-99999999999", "1-2000000", "1-900000,1-900000"} {
		if rows, err := view.ParseRows(bad); err == nil {
			t.Errorf("%q was taken as %d rows", bad, len(rows))
		}
	}
}

func TestReview_staysInsideSlacksLimits(t *testing.T) {
	fits := schema(t, "Modal")
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) string { return nasty().Draw(t, label) }
		r := pending()
		f := view.FrameOf(r, "C_FACTORS")
		f.Search, f.Show, f.Page = draw("search"), draw("show"), rapid.IntRange(0, 50).Draw(t, "page")
		f.Looking = rapid.Bool().Draw(t, "looking")
		v := view.NewReview(r, f)
		for i := range rapid.IntRange(0, 80).Draw(t, "n") {
			v.Add(reset.Target{
				Row: i*1000 + 1, Input: draw("input"), Login: draw("login"), Status: draw("status"), Department: draw("department"),
				Action: rapid.SampledFrom([]reset.Action{reset.ActionReset, reset.ActionSkip}).Draw(t, "action"),
				Reason: reset.Reason(draw("reason")), Detail: draw("detail"), Factors: []string{draw("factor")}, Read: true,
			})
		}
		if rapid.Bool().Draw(t, "all") {
			v.TickFound()
		}
		checkModal(t, "review", fits.Validate, v.Modal())
	})
}

func TestReview_searchNamesWhatItFinds(t *testing.T) {
	for _, search := range []string{"u41@EXAMPLE", "00u00000000000000041"} {
		if shown, _ := boxes(t, review(view.Frame{Search: search}).Modal()); !slices.Equal(shown, []int{42}) {
			t.Errorf("%s finds %v", search, shown)
		}
	}
	b := fmt.Sprint(review(view.Frame{Search: "webauthn"}).Modal().PrivateMetadata)
	if !strings.Contains(b, "webauthn") {
		t.Errorf("the frame forgot the search: %s", b)
	}
}
