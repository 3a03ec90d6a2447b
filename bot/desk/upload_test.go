package desk_test

import (
	"context"
	"errors"
	"testing"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// fakeUsers knows users by their logins.
type fakeUsers struct {
	known map[string]reset.UserID
	err   error
	asked *int
}

func (f fakeUsers) Lead(_ context.Context, refs []reset.Ref) ([]reset.UserID, error) {
	*f.asked += len(refs)
	users := make([]reset.UserID, len(refs))
	for i, r := range refs {
		users[i] = f.known[r.Value]
	}
	return users, f.err
}

// A column that leads to other users of Okta is asked about, and so is one that may
// while Okta is away; each name is looked up once.
func TestDesk_Doubt(t *testing.T) {
	known := map[string]reset.UserID{"ana@example.com": "00u1", "bob@example.com": "00u2", "eve@example.com": "00u3", "ana.lima@example.com": "00u1"}
	for name, c := range map[string]struct {
		file  string
		err   error
		asks  bool
		looks int
	}{
		"another's":              {"login,boss\nana@example.com,eve@example.com\nbob@example.com,eve@example.com\n", nil, true, 3},
		"nobody's":               {"login,colleague\nana@example.com,a@home.example\nbob@example.com,b@home.example\n", nil, false, 4},
		"the same user's":        {"login,old mail\nana@example.com,ana.lima@example.com\n", nil, false, 2},
		"nobody in doubt":        {"login\nana@example.com\n", nil, false, 0},
		"nobody's, Okta is away": {"login,colleague\nana@example.com,a@home.example\n", errors.New("no answer"), true, 2},
		"several without header": {"ana@example.com,eve@example.com\nbob@example.com,eve@example.com\n", nil, true, 0},
		"users nobody knows":     {"login,boss\nx@example.com,eve@example.com\n", nil, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			o, asked := mustOpenOffice(t), 0
			o.Users = fakeUsers{known: known, err: c.err, asked: &asked}
			q, err := o.Doubt(t.Context(), mustRoster(t, c.file))
			if err != nil || (q != nil) != c.asks || asked != c.looks {
				t.Errorf("asks %+v after %d names, %v", q, asked, err)
			}
			if q != nil && (q.Words == "" || len(q.Columns) < 2) {
				t.Errorf("the question is %+v", q)
			}
		})
	}
}

// A result file is known by its name and its calls, and of one that is not nobody is
// reset before it is known who was reset already.
func TestDesk_Open_resultFile(t *testing.T) {
	const header = "row,input,user_id,login,outcome,reason,detail,factors,attempts,okta_request_id,proof,finished_at\n"
	for name, c := range map[string]struct {
		file, call string
		anyway     bool
		want       reset.ID // the request it is of
		refused    bool
	}{
		"by its name":                       {"FR-1-results.csv", "call-1", false, "FR-1", false},
		"by its name, a second download":    {"FR-1-results (1).csv", "call-1", false, "FR-1", false},
		"by its name, without a call":       {"FR-1-results.csv", "", false, "FR-1", false},
		"by its calls":                      {"list.csv", "call-1", false, "FR-1", false},
		"by its calls, by another's name":   {"FR-2-results.csv", "call-1", false, "FR-1", false},
		"the name lies":                     {"FR-1-results.csv", "call-9", false, "", true},
		"unknown":                           {"list.csv", "call-9", false, "", true},
		"of a request that there is not":    {"FR-7-results.csv", "", false, "", true},
		"unknown, and all are reset anyway": {"list.csv", "call-9", true, "", false},
		"by its name, all are reset anyway": {"FR-1-results.csv", "call-1", true, "FR-1", false},
	} {
		t.Run(name, func(t *testing.T) {
			o := mustOpenOffice(t)
			r := o.mustPlan(t, "00u1")
			o.mustRun(t, r.ID)
			step := reset.Step{Row: 1, User: "00u1", Kind: reset.StepReset}
			if err := o.term.Append(t.Context(), r.ID, reset.Entry{Kind: reset.EntryOutcome, At: o.now, Step: &step, Outcome: reset.OutcomeReset, RequestID: "call-1"}); err != nil {
				t.Fatal(err)
			}
			content := header + "1,ana@example.com,,ana@example.com,failed,,,,1," + c.call + ",,\n"
			made, err := o.Open(t.Context(), o.intent("op", requester), desk.OpenAsk{
				Reason: "lost phone", Source: reset.Source{File: c.file, Anyway: c.anyway}, Roster: mustRoster(t, content),
			})
			var refusal *policy.Refusal
			if errors.As(err, &refusal) != c.refused || c.refused && refusal.Code != "unknown_results" {
				t.Fatalf("got %+v, %v", made, err)
			}
			if !c.refused && (err != nil || made.Asked.Source.Result != c.want) {
				t.Errorf("of %q, want %q: %v", made.Asked.Source.Result, c.want, err)
			}
		})
	}
}

// The limit is on users: rows that name one twice, or nobody, do not count.
func TestDesk_Open_countsUsers(t *testing.T) {
	for file, want := range map[string]reset.State{
		"login\na@example.com\nA@example.com\nb@example.com\nx\nc@example.com\na@example.com\n": reset.Planning,
		"login\na@example.com\nb@example.com\nc@example.com\nd@example.com\n":                   reset.Rejected,
	} {
		o := mustOpenOffice(t)
		r, err := o.Open(t.Context(), o.intent("op", requester), desk.OpenAsk{Reason: "lost phone", Roster: mustRoster(t, file)})
		if err != nil || r.State != want {
			t.Errorf("%q: %+v, %v", file, r, err)
		}
	}
}
