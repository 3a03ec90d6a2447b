package view_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

var update = flag.Bool("update", false, "write the golden files again")

// schema compiles one definition of the Block Kit schema.
func schema(tb testing.TB, definition string) *jsonschema.Schema {
	tb.Helper()
	f, err := os.Open(filepath.Join("..", "slacksim", "blocks.schema.json"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		tb.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("blocks.json", doc); err != nil {
		tb.Fatal(err)
	}
	s, err := c.Compile("blocks.json#/definitions/" + definition)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// misfit says why something does not fit a definition, nil if it does.
func misfit(s *jsonschema.Schema, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

// golden compares what is rendered with the file of that name.
func golden(tb testing.TB, name string, v any) {
	tb.Helper()
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join("testdata", "golden", name+".json")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			tb.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		tb.Errorf("%s differs (-want +got):\n%s", path, d)
	}
}

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

const (
	fileSHA = reset.Digest("aaaa567890123456789012345678901234567890123456789012345678901234")
	digest  = reset.Digest("bbbb567890120000000000000000000000000000000000000000000000000000")
)

// planning returns a request for 500 rows of a file.
func planning() *reset.Request {
	r, _ := reset.Open("https://example.okta.com", reset.Ask{
		By: "U_REQUESTER", Channel: "C_FACTORS", At: noon, Reason: "Office move <!channel> @here *now*",
		Source: reset.Source{
			File: "move `list` <b>.csv", SHA256: "cccc567890123456789012345678901234567890123456789012345678901234",
			Bytes: 12345, TS: "1777896000.000100", Column: "User Id", Format: "CSV with semicolons, Windows-1252",
		},
	}, 500)
	r.ID = "FR-42"
	return r
}

func must(f reset.Fact, err error) reset.Fact {
	if err != nil {
		panic(err)
	}
	return f
}

func pending() *reset.Request {
	r := planning()
	must(r.FreezePlan(reset.Plan{
		Revision: 1, FileSHA: fileSHA, Digest: digest, FrozenAt: noon.Add(time.Minute), Targets: 500, Resets: 495,
		Skips:    map[reset.Reason]int{reset.NotFound: 3, reset.ProtectedAdmin: 1, reset.Duplicate: 1},
		Statuses: map[string]int{"ACTIVE": 490, "SUSPENDED": 5},
		Warnings: []string{"5 users are suspended in Okta", "ana@example.com is in FR-41 <https://evil.example|too>"},
	}, reset.Terms{Approvals: 2, ExecuteWithin: time.Hour}, noon.Add(24*time.Hour), noon.Add(time.Minute)))
	return r
}

func approved() *reset.Request {
	r := pending()
	must(r.Approve(reset.Decision{By: "U_APPROVER1", Digest: digest}, 0, noon.Add(2*time.Minute)))
	must(r.Approve(reset.Decision{By: "U_APPROVER2", Digest: digest}, 0, noon.Add(3*time.Minute)))
	return r
}

func running() *reset.Request {
	r := approved()
	must(r.Start(noon.Add(4 * time.Minute)))
	return r
}

func paused(c reset.Cause) *reset.Request {
	r := running()
	must(r.PauseFor(c, "U_APPROVER1", "10 calls to Okta in a row failed. The bot's role doesn't cover these users: ask a super administrator to widen it, then resume.", noon.Add(5*time.Minute)))
	return r
}

func settledTotals() reset.Totals {
	return reset.Totals{
		ByOutcome: map[reset.Outcome]int{reset.OutcomeReset: 490, reset.OutcomeSkipped: 5, reset.OutcomeFailed: 4, reset.OutcomeNotRun: 1},
		ByReason: map[reset.Reason]int{
			reset.NotFound: 3, reset.ProtectedAdmin: 1, reset.Duplicate: 1, reset.Forbidden: 3, reset.OktaError: 1, reset.InOtherRequest: 1,
		},
		Needs:  []reset.Need{{Row: 7, Login: "eve@example.com", Reason: reset.Forbidden}, {Row: 9, Login: "fay@example.com", Reason: reset.OktaError}},
		Proofs: map[reset.Proof]int{reset.ProofLog: 480, reset.ProofFactors: 8, reset.ProofNone: 2},
	}
}

func done() *reset.Request {
	r := running()
	must(r.Verify(noon.Add(8 * time.Minute)))
	must(r.Finish(settledTotals(), noon.Add(9*time.Minute)))
	return r
}

func dryRunDone() *reset.Request {
	r := running()
	r.Asked.Options.DryRun = true
	must(r.Verify(noon.Add(8 * time.Minute)))
	must(r.Finish(reset.Totals{
		ByOutcome: map[reset.Outcome]int{reset.OutcomeSkipped: 500},
		ByReason:  map[reset.Reason]int{reset.DryRun: 495, reset.NotFound: 3, reset.ProtectedAdmin: 1, reset.Duplicate: 1},
	}, noon.Add(9*time.Minute)))
	return r
}

func cancelled() *reset.Request {
	r := running()
	must(r.Cancel("U_APPROVER2", noon.Add(6*time.Minute)))
	must(r.Stopped(settledTotals(), noon.Add(7*time.Minute)))
	return r
}

func rejected() *reset.Request {
	r := planning()
	must(r.Reject("nothing_left", "Nobody is left to reset: all 500 rows are skipped.", noon.Add(time.Minute)))
	return r
}

func with(r *reset.Request, move func(*reset.Request)) *reset.Request {
	move(r)
	return r
}

// states is one request for each state that people see.
func states() map[string]*reset.Request {
	at := noon.Add(10 * time.Minute)
	return map[string]*reset.Request{
		"pending":      pending(),
		"half":         with(pending(), func(r *reset.Request) { must(r.Approve(reset.Decision{By: "U_APPROVER1", Digest: digest}, 0, at)) }),
		"approved":     approved(),
		"denied":       with(pending(), func(r *reset.Request) { must(r.Deny("U_APPROVER1", digest, "not in <my> name", at)) }),
		"expired":      with(pending(), func(r *reset.Request) { must(r.Expire(noon.Add(25 * time.Hour))) }),
		"lapsed":       with(approved(), func(r *reset.Request) { must(r.Lapse(noon.Add(2 * time.Hour))) }),
		"withdrawn":    with(pending(), func(r *reset.Request) { must(r.Cancel("U_REQUESTER", at)) }),
		"running":      running(),
		"paused":       paused(reset.CauseErrors),
		"frozen":       paused(reset.CauseFreeze),
		"stopping":     with(running(), func(r *reset.Request) { must(r.Cancel("U_APPROVER2", at)) }),
		"verifying":    with(running(), func(r *reset.Request) { must(r.Verify(at)) }),
		"done":         done(),
		"cancelled":    cancelled(),
		"rejected":     rejected(),
		"planning":     planning(),
		"command":      command(),
		"dry_run":      with(pending(), func(r *reset.Request) { r.Asked.Options.DryRun = true }),
		"dry_run_runs": with(running(), func(r *reset.Request) { r.Asked.Options.DryRun = true }),
		"dry_run_done": dryRunDone(),
		"some_factors": someFactors(),
		"group":        ofSource(reset.Source{Group: "Sales `East` <!here>"}),
		"search":       ofSource(reset.Source{Search: `profile.department eq "Sales" and status eq "ACTIVE" <!here>`}),
		"listing":      listing(reset.Source{Group: "Sales"}),
		"searching":    listing(reset.Source{Search: `status eq "LOCKED_OUT"`}),
		"no_group":     with(listing(reset.Source{Group: "Sails"}), func(r *reset.Request) { must(r.Reject("no_group", "Okta has no group of this name.", at)) }),
		"restarted":    with(running(), func(r *reset.Request) { must(r.RecordRestart(42*time.Second, 4, at)) }),
		"later":        with(planning(), func(r *reset.Request) { r.Asked.NotTill, r.Asked.Options.DryRun = at, true }),
		"three": with(command(), func(r *reset.Request) {
			r.Rows, r.Plan.Resets, r.Plan.Names = 3, 3, []string{"Ana Lima", "Bo <Chen>", "cy@example.com"}
		}),
		"of_earlier": with(pending(), func(r *reset.Request) {
			r.Plan.Odd, r.Plan.BreakGlassUsers = []string{"12 users were reset before."}, 1
		}),
		"second_plan":  with(pending(), func(r *reset.Request) { r.Plan.Revision = 2 }),
		"odd":          standingOut(),
		"break_glass":  breakGlass(),
		"glass_asked":  with(planning(), func(r *reset.Request) { r.Asked.Options.BreakGlass = true }),
		"waiting":      with(approved(), func(r *reset.Request) { r.RecordWait("There is room at that moment.", at.Add(time.Hour), at) }),
		"no_room_yet":  with(approved(), func(r *reset.Request) { r.RecordWait("There is room when others have ended.", time.Time{}, at) }),
		"at":           with(approved(), func(r *reset.Request) { r.Asked.NotTill = at.Add(19 * time.Hour) }),
		"waves":        with(running(), func(r *reset.Request) { r.Terms.Waves, r.Waves = []int{10, 100}, 1 }),
		"not_allowed":  with(approved(), func(r *reset.Request) { must(r.Withdraw("The requester can no longer ask.", at)) }),
		"export":       export(),
		"export_runs":  exporting(),
		"export_done":  exportDone(),
		"export_off":   with(exporting(), func(r *reset.Request) { must(r.Cancel("U_APPROVER2", at)); must(r.Stopped(reset.Totals{}, at)) }),
		"approval_off": with(approved(), func(r *reset.Request) { must(r.Revoke("U_APPROVER1", "left the group", at)) }),
	}
}

// standingOut has all that a decider should look at.
func standingOut() *reset.Request {
	r := pending()
	r.Asked.Source.Notes = []string{"3 rows were cut off at a quote that never ends", "<!here> & so on"}
	r.Plan.Risks = []reset.Risk{
		{Kind: reset.RiskResetBefore, Users: 12, Most: 2, Last: noon.Add(-3 * time.Hour), Requests: []reset.ID{"FR-41"}},
		{Kind: reset.RiskResistant, Users: 1},
		{Kind: reset.RiskDepartments, Users: 147, Departments: []reset.Department{{Name: "Engineering", Users: 76}, {Name: "People", Users: 71}}},
		{Kind: reset.RiskNew, Users: 2}, {Kind: reset.RiskInactive, Users: 14},
		{Kind: reset.RiskElsewhere, Users: 3, Requests: []reset.ID{"FR-40"}}, {Kind: reset.RiskFirst},
	}
	r.Terms = reset.Terms{Approvals: 3, Able: 2, Large: true, Recent: 120, Confirm: 495, ExecuteWithin: time.Hour, From: []reset.Quorum{
		{Name: "@security", Members: []string{"S1"}}, {Name: "@helpdesk", Members: []string{"S2"}},
	}}
	must(r.Approve(reset.Decision{By: "U_APPROVER1", Okta: "00u1", Login: "ana.admin@example.com", Digest: digest, From: []int{0}}, 495, noon.Add(2*time.Minute)))
	return r
}

func breakGlass() *reset.Request {
	r := pending()
	r.Asked.Options.BreakGlass, r.Plan.BreakGlassUsers = true, 2
	r.Plan.Risks = []reset.Risk{{Kind: reset.RiskProtected, Users: 2}}
	r.Terms.From = []reset.Quorum{{Name: "those who approve break-glass", Members: []string{"U1"}}}
	return r
}

// export returns a request for a list of users that waits for approval.
func export() *reset.Request {
	r, _ := reset.Open("https://example.okta.com", reset.Ask{
		Kind: reset.KindExport, By: "U_REQUESTER", Channel: "C_FACTORS", At: noon, Reason: "yearly review", Columns: []string{"id", "login", "factors"},
		Source: reset.Source{Filter: `status eq "ACTIVE" <!here>`},
	}, 0)
	r.ID = "FR-42"
	must(r.FreezePlan(reset.Plan{
		Revision: 1, FileSHA: fileSHA, Digest: digest, FrozenAt: noon.Add(time.Minute), Targets: 480,
		Warnings: []string{"Okta doesn't say which attributes users have."},
		Costs:    []string{"The file will have about 480 users with 3 columns: id, login, factors."},
	}, reset.Terms{Approvals: 1, ExecuteWithin: time.Hour}, noon.Add(24*time.Hour), noon.Add(time.Minute)))
	return r
}

func exporting() *reset.Request {
	r := export()
	must(r.Approve(reset.Decision{By: "U_APPROVER1", Digest: digest}, 0, noon.Add(2*time.Minute)))
	must(r.Start(noon.Add(4 * time.Minute)))
	return r
}

func exportDone() *reset.Request {
	r := exporting()
	if _, err := r.Exported(reset.Export{Users: 481, Bytes: 20000, SHA256: fileSHA, Columns: r.Asked.Columns, Unread: 2, Note: "Okta shows no more <b>."}, noon.Add(5*time.Minute)); err != nil {
		panic(err)
	}
	must(r.Finish(reset.Totals{}, noon.Add(6*time.Minute)))
	return r
}

func command() *reset.Request {
	r := pending()
	r.Asked.Source = reset.Source{}
	r.Rows, r.Plan.Targets, r.Plan.Resets, r.Plan.Skips, r.Plan.Warnings = 1, 1, 1, nil, nil
	r.Plan.Names, r.Plan.Takes = []string{"Diego Larsen"}, 4*time.Second
	r.Terms.Approvals = 1
	return r
}

// helpers are those who can decide.
func helpers() view.Helpers {
	return view.Helpers{People: []reset.Person{"U_APPROVER1", "U_APPROVER2", "U_REQUESTER"}}
}

// known is what an announcer knows of a request beside its head: a few of its
// users, and how far the run is.
func known(r *reset.Request) view.Known {
	k := view.Known{Helpers: helpers()}
	if r.State == reset.Pending && r.Plan.Resets > 0 {
		k.Users = listed(r)
	}
	if r.State.Active() {
		p := pace()
		k.Pace = &p
	}
	return k
}

// listed is a listing of the request's users; some of them stand out.
func listed(r *reset.Request) *view.Listing {
	l := view.NewListing(r)
	created := noon.Add(-49 * time.Hour)
	for i := range min(r.Plan.Resets, 7) {
		t := reset.Target{
			Row: i + 1, Login: fmt.Sprintf("user%d@example.com", i+1), Name: fmt.Sprintf("User <%d>", i+1), Department: "Sales",
			Status: "ACTIVE", Action: reset.ActionReset,
		}
		switch i {
		case 1:
			t.Status, t.Detail = "SUSPENDED", "is suspended"
		case 2:
			t.Detail = "reset by FR-41 at 2026-05-04T09:30:00Z"
		case 3:
			t.Created, t.Read, t.Factors = &created, true, []string{"sms", "push"}
		}
		l.Add(t)
	}
	return l
}

func pace() view.Pace {
	return view.Pace{
		ByOutcome: map[reset.Outcome]int{reset.OutcomeReset: 196, reset.OutcomeFailed: 2},
		PerMinute: 118.6, Left: 151 * time.Second, Retrying: 3, After: reset.RestartOutcome{Had: 2, Now: 1, Other: 1},
	}
}

// rendered is every message of a request that its state allows.
func rendered(r *reset.Request) map[string]view.Message {
	all := map[string]view.Message{
		"approval": view.Approval(r, known(r)),
		"reply":    view.Reply(r, "https://example.slack.com/archives/C_FACTORS/p1777896000000200"),
		"status":   view.Status([]*reset.Request{r}),
		"opened":   view.Opened(r),
		"moved":    view.Moved(r),
	}
	const link = "https://example.slack.com/archives/C_FACTORS/p1777896000000200"
	if r.Plan.Digest != "" {
		all["ask"] = view.AskApprover(r, 1, "U_APPROVER9", link, known(r))
	}
	if r.State == reset.Pending {
		all["reminder"], all["remind_approver"] = view.Reminder(r), view.RemindApprover(r, link, known(r))
	}
	if r.State.Settled() {
		all["ended"] = view.Ended(r, link)
	}
	all["untold"] = view.Undelivered(r, []reset.Person{r.Asked.By, "U_APPROVER9"})
	all["astray"], all["found"] = view.ChannelUnreachable(r, "the channel is archived"), view.ChannelUnreachable(r, "")
	if view.HasDecision(r) {
		all["decision"] = view.Decision(r)
	}
	if r.HasRun() {
		all["progress"] = view.Progress(r, pace())
	}
	if r.Restarted != nil {
		all["restarted"] = view.Restarted(r, pace().After)
	}
	if r.State == reset.Paused {
		all["pause"] = view.Paused(r, helpers())
		all["pause_over"] = view.PauseOver(r, r.Pause.At)
	}
	return all
}

func TestMessages_golden(t *testing.T) {
	fits := schema(t, "Message")
	for state, r := range states() {
		t.Run(state, func(t *testing.T) {
			all := rendered(r)
			for name, m := range all {
				if err := misfit(fits, map[string]any{"blocks": m.Blocks}); err != nil {
					t.Errorf("%s does not fit the schema: %v", name, err)
				}
				if m.Text == "" {
					t.Errorf("%s has no fallback text", name)
				}
			}
			golden(t, state, all)
			older := map[string]view.Message{}
			for name, m := range all {
				if p := m.Plain(); len(newTypes(m)) > 0 {
					if err := misfit(fits, map[string]any{"blocks": p.Blocks}); err != nil {
						t.Errorf("%s in older blocks does not fit the schema: %v", name, err)
					}
					if left := newTypes(p); len(left) > 0 {
						t.Errorf("%s in older blocks has %v", name, left)
					}
					older[name] = p
				}
			}
			if len(older) > 0 {
				golden(t, state+"_older", older)
			}
		})
	}
}

// newTypes are the types of the blocks in a message that older workspaces lack.
func newTypes(m view.Message) (types []string) {
	for _, b := range m.Blocks {
		switch t := string(b.BlockType()); t {
		case "data_table", "container", "data_visualization":
			types = append(types, t)
		}
	}
	return types
}

func TestNotes_golden(t *testing.T) {
	golden(t, "notes", map[string]string{
		"plan":      view.PlanNote(pending()),
		"plan_2":    view.PlanNote(with(pending(), func(r *reset.Request) { r.Plan.Revision = 2 })),
		"result":    view.ResultNote(done()),
		"cancelled": view.ResultNote(cancelled()),
		"export":    view.ExportNote(exportDone()),
	})
}

func TestAnswers_golden(t *testing.T) {
	all := map[string]view.Message{
		"help":       view.Help(),
		"no_status":  view.Status(nil),
		"refused":    view.Refused("You wrote <!channel> & more."),
		"not_csv":    view.NotCSV.About("book `1`.xlsx"),
		"too_late":   view.TooLate(&reset.TransitionError{ID: "FR-42", Move: reset.MoveApprove, Found: reset.Denied, By: "U_APPROVER2"}),
		"puzzled":    view.InternalError("ABCD1234"),
		"add_reason": view.AddReason(view.Upload{Channel: "C_FACTORS", TS: "1777896000.000100", File: "F0123456"}, "list.csv"),
	}
	fits := schema(t, "Message")
	for name, m := range all {
		if err := misfit(fits, map[string]any{"blocks": m.Blocks}); err != nil {
			t.Errorf("%s does not fit the schema: %v", name, err)
		}
	}
	golden(t, "answers", all)
}

func TestReasonModal_golden(t *testing.T) {
	m := view.ReasonModal("C_FACTORS:1777896000.000100:F0123456")
	if err := misfit(schema(t, "Modal"), m); err != nil {
		t.Errorf("does not fit the schema: %v", err)
	}
	golden(t, "reason_modal", m)
}

func TestParseValue(t *testing.T) {
	r := pending()
	id, d, err := view.ParseValue(view.Value(r))
	if err != nil || id != "FR-42" || d != "bbbb56789012" {
		t.Errorf("got %s, %s, %v", id, d, err)
	}
	if id, d, err = view.ParseValue(view.Value(planning())); err != nil || id != "FR-42" || d != "" {
		t.Errorf("before a plan: %s, %s, %v", id, d, err)
	}
	for _, bad := range []string{"", "FR-42", "FR-42:", "FR-42:xyz", "fr-42:-", "FR-0:-", "FR-42:BBBB56789012", "FR-42:bbbb567890123", " FR-42:-"} {
		if _, _, err := view.ParseValue(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestParseUpload(t *testing.T) {
	for _, u := range []view.Upload{
		{Channel: "C_FACTORS", TS: "1777896000.000100", File: "F0123456"},
		{Channel: "C_FACTORS", TS: "1777896000.000100"}, // of an earlier version
	} {
		if got, err := view.ParseUpload(u.Value()); err != nil || got != u {
			t.Errorf("%s: got %+v, %v", u.Value(), got, err)
		}
	}
	for _, bad := range []string{"", "C1", ":1.2", "C_FACTORS:", "C_FACTORS:1;2", "../x:1.2", "C1:1.2:", "C1:1.2:../x", "C1:1.2:F1:F2"} {
		if _, err := view.ParseUpload(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestMessage_Hash_tellsApart(t *testing.T) {
	a, err := view.Approval(pending(), known(pending())).Hash()
	if err != nil {
		t.Fatal(err)
	}
	b, _ := view.Approval(approved(), known(approved())).Hash()
	again, _ := view.Approval(pending(), known(pending())).Hash()
	if a == b || a != again {
		t.Errorf("hashes: pending %s and %s, approved %s", a, again, b)
	}
}

// buttons lists the action IDs in a message.
func buttons(m view.Message) []string {
	var ids []string
	for _, b := range m.Blocks {
		a, ok := b.(*slack.ActionBlock)
		if !ok {
			continue
		}
		for _, e := range a.Elements.ElementSet {
			switch e := e.(type) {
			case *slack.ButtonBlockElement:
				ids = append(ids, e.ActionID)
			case *slack.OverflowBlockElement:
				ids = append(ids, e.ActionID)
			}
		}
	}
	return ids
}

func TestButtons(t *testing.T) {
	s := states()
	for _, c := range []struct {
		name string
		m    view.Message
		want []string
	}{
		{"pending", view.Approval(s["pending"], known(s["pending"])), []string{"approve", "review", "deny", "more"}},
		{"half approved", view.Approval(s["half"], known(s["half"])), []string{"approve", "review", "deny", "more"}},
		{"approved", view.Approval(s["approved"], known(s["approved"])), nil},
		{"denied", view.Approval(s["denied"], known(s["denied"])), nil},
		{"done, with rows left", view.Approval(s["done"], known(s["done"])), []string{"retry_failed"}},
		{"running", view.Progress(s["running"], pace()), []string{"pause", "cancel"}},
		{"paused", view.Progress(s["paused"], pace()), nil},
		{"paused, its own message", view.Paused(s["paused"], helpers()), []string{"resume", "cancel"}},
		{"frozen, its own message", view.Paused(s["frozen"], helpers()), []string{"cancel"}},
		{"export", view.Approval(s["export"], known(s["export"])), []string{"approve", "deny", "more"}},
		{"verifying", view.Progress(s["verifying"], pace()), nil},
		{"finished", view.Progress(s["done"], pace()), nil},
	} {
		if d := cmp.Diff(c.want, buttons(c.m)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}
