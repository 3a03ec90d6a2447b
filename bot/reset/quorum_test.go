package reset_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"factorbot/bot/reset"
)

// The names of three quorums; a decision stands for one of them at most.
func TestRequest_StillNeeded(t *testing.T) {
	for _, c := range []struct {
		name      string
		approvals int
		quorums   []string
		decisions [][]int // for each approval the quorums that it could stand for
		want      reset.Needed
	}{
		{"nobody yet", 2, nil, nil, reset.Needed{More: 2}},
		{"one of two", 2, nil, [][]int{nil}, reset.Needed{More: 1}},
		{"enough", 2, nil, [][]int{nil, nil}, reset.Needed{}},
		{"nothing is asked", 0, nil, nil, reset.Needed{}},
		{"one from each", 1, []string{"a", "b"}, nil, reset.Needed{More: 2, Groups: 2, From: []string{"a", "b"}}},
		{"the first of them", 1, []string{"a", "b"}, [][]int{{0}}, reset.Needed{More: 1, Groups: 1, From: []string{"b"}}},
		{"one who is in both stands for one", 1, []string{"a", "b"}, [][]int{{0, 1}}, reset.Needed{More: 1, Groups: 1, From: []string{"a", "b"}}},
		{"the other takes the place that is left", 1, []string{"a", "b"}, [][]int{{0, 1}, {0}}, reset.Needed{}},
		{"two of the same are not two", 1, []string{"a", "b"}, [][]int{{0}, {0}}, reset.Needed{More: 1, Groups: 1, From: []string{"b"}}},
		{"of none of them", 1, []string{"a"}, [][]int{nil}, reset.Needed{More: 1, Groups: 1, From: []string{"a"}}},
		{"three are asked, of which one from a", 3, []string{"a"}, [][]int{nil}, reset.Needed{More: 2, Groups: 1, From: []string{"a"}}},
		{"quorums that there are not", 1, []string{"a"}, [][]int{{7, 1, -1}}, reset.Needed{More: 1, Groups: 1, From: []string{"a"}}},
		{"a chain of places", 1, []string{"a", "b", "c"}, [][]int{{0, 1}, {1, 2}, {0}}, reset.Needed{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &reset.Request{Terms: reset.Terms{Approvals: c.approvals}}
			for _, q := range c.quorums {
				r.Terms.From = append(r.Terms.From, reset.Quorum{Name: q})
			}
			for _, from := range c.decisions {
				r.Approved = append(r.Approved, reset.Decision{From: from})
			}
			got := r.StillNeeded()
			if got.More != c.want.More || got.Groups != c.want.Groups || !slices.Equal(got.From, c.want.From) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestRequest_Approve_by_number(t *testing.T) {
	r := mustPending(t, 1)
	r.Terms.Confirm = 2
	for _, typed := range []int{0, 1, 3, -2} {
		var confirm *reset.ConfirmError
		if _, err := r.Approve(reset.Decision{By: first, Digest: digest('a')}, typed, start); !errors.As(err, &confirm) || confirm.Users != 2 || len(r.Approved) != 0 {
			t.Errorf("%d: %v", typed, err)
		}
	}
	if _, err := r.Approve(reset.Decision{By: first, Digest: digest('a')}, 2, start); err != nil || r.State != reset.Approved {
		t.Errorf("the number: %v", err)
	}
}

func TestRequest_Approve_one_person_by_two_accounts(t *testing.T) {
	r := mustPending(t, 2)
	r.Asked.Okta = "00uROSA"
	for _, step := range []struct {
		decision reset.Decision
		want     error
	}{
		{reset.Decision{By: "U_ROSA2", Okta: "00uROSA"}, reset.ErrOwnRequest},
		{reset.Decision{By: first, Okta: "00uAVERY"}, nil},
		{reset.Decision{By: "U_AVERY2", Okta: "00uAVERY"}, reset.ErrAlreadyCounted},
		{reset.Decision{By: second}, nil},
	} {
		step.decision.Digest = digest('a')
		if _, err := r.Approve(step.decision, 0, start); !errors.Is(err, step.want) {
			t.Errorf("%+v: %v", step.decision, err)
		}
	}
	if r.State != reset.Approved {
		t.Errorf("in %s", r.State)
	}
}

func TestRequest_TightenTerms(t *testing.T) {
	for _, c := range []struct {
		name      string
		had, asks reset.Terms
		want      reset.Terms
		grew      bool
	}{
		{"more approvals", reset.Terms{Approvals: 1}, reset.Terms{Approvals: 2, Large: true, Recent: 5}, reset.Terms{Approvals: 2, Large: true, Recent: 5}, true},
		{"the number too", reset.Terms{Approvals: 2}, reset.Terms{Approvals: 2, Confirm: 9, Large: true}, reset.Terms{Approvals: 2, Confirm: 9, Large: true}, true},
		{"fewer now", reset.Terms{Approvals: 2, Confirm: 9, Large: true, Recent: 5}, reset.Terms{Approvals: 1}, reset.Terms{Approvals: 2, Confirm: 9, Large: true, Recent: 5}, false},
		{"the same", reset.Terms{Approvals: 2}, reset.Terms{Approvals: 2, Recent: 7}, reset.Terms{Approvals: 2}, false},
	} {
		r := &reset.Request{State: reset.Pending, Terms: c.had}
		f, grew := r.TightenTerms(c.asks, start)
		if grew != c.grew || grew != (f.Name == "terms_grew") || r.Terms.Approvals != c.want.Approvals || r.Terms.Confirm != c.want.Confirm || r.Terms.Large != c.want.Large || r.Terms.Recent != c.want.Recent {
			t.Errorf("%s: %+v, %v", c.name, r.Terms, grew)
		}
	}
	r := &reset.Request{State: reset.Approved, Terms: reset.Terms{Approvals: 1}}
	if _, grew := r.TightenTerms(reset.Terms{Approvals: 2}, start); grew {
		t.Error("what is approved does not change its terms")
	}
}

func TestRequest_Revoke_asks_again(t *testing.T) {
	r := mustPending(t, 1)
	if _, err := r.Approve(reset.Decision{By: first, Digest: digest('a')}, 0, start); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Revoke(first, "left", start); err != nil || r.State != reset.Pending || !r.ApprovedAt.IsZero() || len(r.Approved) != 0 || len(r.Revoked) != 1 || r.Revoked[0].Why != "left" {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := r.Approve(reset.Decision{By: second, Digest: digest('a')}, 0, start); err != nil || r.State != reset.Approved {
		t.Errorf("another: %v", err)
	}
	if _, err := mustRunning(t).Revoke(first, "left", start); err == nil {
		t.Error("what runs does not go back")
	}
}

func TestRequest_Report(t *testing.T) {
	for _, c := range []struct {
		name   string
		resets int
		rows   []int
		paused int // by the how-manieth word; 0: not at all
	}{
		{"three of many", 1000, []int{5, 6, 7}, 3},
		{"two of many", 1000, []int{5, 6}, 0},
		{"one of a hundred", 100, []int{5}, 1},
		{"one of a hundred and one", 101, []int{5}, 0},
		{"two of two hundred", 200, []int{5, 6}, 2},
		{"one of one", 1, []int{1}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := mustRunning(t)
			r.Rows, r.Plan.Targets, r.Plan.Resets = c.resets, c.resets, c.resets
			at := 0
			for i, row := range c.rows {
				_, paused, err := r.Report(reset.Report{Row: row, By: "U_ANA", At: start})
				if err != nil {
					t.Fatal(err)
				}
				if paused {
					at = i + 1
				}
			}
			if at != c.paused || (r.State == reset.Paused) != (at > 0) || at > 0 && r.Pause.Cause != reset.CauseReported {
				t.Errorf("paused by word %d, in %s, want %d", at, r.State, c.paused)
			}
			if _, _, err := r.Report(reset.Report{Row: c.rows[0], By: "U_ANA", At: start}); !errors.Is(err, reset.ErrAlreadyCounted) || len(r.Reported) != len(c.rows) {
				t.Errorf("the same row again: %v", err)
			}
			if _, err := r.Resume(requester, true, start.Add(time.Minute)); r.State == reset.Paused && !errors.Is(err, reset.ErrNotTheirs) {
				t.Errorf("the requester lifts it: %v", err)
			}
		})
	}
	for row, r := range map[int]*reset.Request{0: mustRunning(t), 4: mustRunning(t), 1: mustPending(t, 1)} {
		if _, _, err := r.Report(reset.Report{Row: row, By: "U_ANA", At: start}); err == nil {
			t.Errorf("row %d of %s was reported", row, r.State)
		}
	}
}
