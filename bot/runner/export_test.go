package runner_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/runner"
	"factorbot/okta/oktasim"
)

// export asks for an export.
func (b *bench) export(src reset.Source, columns ...string) reset.ID {
	b.t.Helper()
	r, f := reset.Open(orgURL, reset.Ask{Kind: reset.KindExport, By: "U_REQUESTER", Channel: "C_FACTORS", At: time.Now(), Reason: "audit", Source: src, Columns: columns}, 0)
	made, err := b.rec.Create(context.Background(), "", r, func(func(reset.Row) bool) {}, f)
	if err != nil {
		b.t.Fatal(err)
	}
	return made.ID
}

// exported reads the file that is kept, and checks it against the head.
func (b *bench) exported(id reset.ID) string {
	b.t.Helper()
	var file bytes.Buffer
	if err := b.rec.ReadExport(context.Background(), id, &file); err != nil {
		b.t.Fatal(err)
	}
	sum := sha256.Sum256(file.Bytes())
	if e := b.get(id).Export; e == nil || string(e.SHA256) != hex.EncodeToString(sum[:]) || e.Bytes != int64(file.Len()) {
		b.t.Errorf("%+v tells of %d bytes", e, file.Len())
	}
	return file.String()
}

func TestRunner_export(t *testing.T) {
	users, ids := people(450)
	for i := range users {
		users[i].Department = "Sales"
		users[i].FirstName = "=1+1"
	}
	users[7].Groups = []string{"Contractors"}
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		for _, c := range []struct {
			name    string
			src     reset.Source
			columns []string
			users   int
			line    string
		}{
			{"search", reset.Source{Search: `profile.department eq "Sales"`}, []string{"id", "firstName", "factors"}, 450, ids[7] + ",'=1+1,push sms"},
			{"filter", reset.Source{Filter: `status eq "ACTIVE"`}, []string{"login", "status"}, 450, "user7@example.com,ACTIVE"},
			{"group", reset.Source{Group: "Contractors"}, nil, 1, ids[7] + ",user7@example.com,user7@example.com,ACTIVE,Sales"},
			{"q", reset.Source{Query: "user7@"}, []string{"profile.department"}, 1, ids[7] + ",Sales"},
		} {
			id := b.export(c.src, c.columns...)
			r := b.await(id, reset.Pending)
			if told := strings.Join(r.Plan.Costs, " "); r.Plan.Targets < c.users || !strings.Contains(told, "column") || strings.Contains(told, "call for each user") != (c.name == "search") {
				t.Errorf("%s: %+v", c.name, r.Plan)
			}
			b.approve(id)
			r = b.await(id, reset.Done)
			file := b.exported(id)
			if r.Export.Users < c.users || strings.Count(file, "\r\n") != r.Export.Users+1 || !strings.Contains(file, "\r\n"+c.line+"\r\n") {
				t.Errorf("%s: %+v\n%.300s", c.name, r.Export, file)
			}
			if err := b.rec.DropExport(context.Background(), id); err != nil {
				t.Fatal(err)
			}
			var left bytes.Buffer
			if err := b.rec.ReadExport(context.Background(), id, &left); err != nil || left.Len() > 0 {
				t.Errorf("%d bytes are left, %v", left.Len(), err)
			}
		}
		for _, call := range b.org.Calls() {
			if call.Method != "GET" {
				t.Errorf("%s %s was sent", call.Method, call.Path)
			}
		}
	})
}

func TestRunner_export_refused(t *testing.T) {
	users, _ := people(3)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		for _, c := range []struct {
			name    string
			src     reset.Source
			columns []string
			code    string
			words   string
		}{
			{"a wrong search", reset.Source{Search: `status is "ACTIVE"`}, nil, "bad_search", "Okta doesn't accept"},
			{"an unknown column", reset.Source{Query: "user"}, []string{"shoeSize"}, "no_column", "shoeSize"},
			{"a column that cannot be", reset.Source{Query: "user"}, []string{"a\nb<!channel>"}, "no_column", "no attribute in Okta can have"},
			{"nobody", reset.Source{Query: "zzz"}, nil, "nobody_found", "Nobody in Okta"},
			{"no such group", reset.Source{Group: "Nobody"}, nil, "no_group", "no group"},
			{"no selection", reset.Source{}, nil, "no_selection", "group:"},
		} {
			r := b.await(b.export(c.src, c.columns...), reset.Rejected)
			if r.Code != c.code || !strings.Contains(r.Refusal, c.words) {
				t.Errorf("%s: %s: %s", c.name, r.Code, r.Refusal)
			}
		}
	})
}

// Where the schema is closed to us, columns pass with a warning; where the list is
// closed, the run pauses and says why; a pause and a cancellation are heeded in the middle.
func TestRunner_export_in_trouble(t *testing.T) {
	users, _ := people(300)
	onBench(t, oktasim.Options{Given: users, Latency: time.Second}, nil, func(b *bench) {
		b.set("forbidden", []string{"GET /api/v1/meta/schemas/user/{id}"})
		id := b.export(reset.Source{Filter: `status eq "ACTIVE"`}, "login", "badge", "factors")
		if r := b.await(id, reset.Pending); !strings.Contains(strings.Join(r.Plan.Warnings, " "), "badge") {
			t.Errorf("%q", r.Plan.Warnings)
		}
		b.set("forbidden", []string{"GET /api/v1/users"})
		b.approve(id)
		if r := b.await(id, reset.Paused); r.Pause.Cause != reset.CauseErrors || r.Pause.Detail == "" {
			t.Errorf("%+v", r.Pause)
		}
		b.set("forbidden", nil)
		resume := func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) }
		b.update(id, resume)
		pauseFor(context.Background(), 10*time.Second)
		b.update(id, func(r *reset.Request) (reset.Fact, error) {
			return r.PauseFor(reset.CauseApprover, "U_APPROVER1", "", time.Now())
		})
		pauseFor(context.Background(), 3*time.Second)
		before := len(b.org.Calls())
		pauseFor(context.Background(), 10*time.Minute)
		if after := len(b.org.Calls()); after != before {
			t.Errorf("%d calls while it was paused", after-before)
		}
		b.update(id, resume)
		b.await(id, reset.Done)
		if file := b.exported(id); strings.Count(file, "\r\n") < 301 {
			t.Errorf("%.200s", file)
		}
		two := b.export(reset.Source{Filter: `status eq "ACTIVE"`}, "login", "factors")
		b.approve(two)
		b.await(two, reset.Running)
		pauseFor(context.Background(), 5*time.Second)
		b.update(two, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", time.Now()) })
		b.await(two, reset.Cancelled)
		var left bytes.Buffer
		if err := b.rec.ReadExport(context.Background(), two, &left); err != nil || left.Len() > 0 {
			t.Errorf("%d bytes are left of a cancelled export, %v", left.Len(), err)
		}
	})
}

// mortal dies at some write of the record, those of the file among them.
type mortal struct {
	*dying
	inFile int
}

func (m *mortal) SaveExport(ctx context.Context, id reset.ID, write func(io.Writer) error) error {
	if err := m.die(); err != nil {
		return err
	}
	return m.record.SaveExport(ctx, id, func(w io.Writer) error {
		return write(writerFunc(func(p []byte) (int, error) {
			if m.inFile--; m.inFile < 0 {
				return 0, errDied
			}
			return w.Write(p)
		}))
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A crash at any write: the list begins again, and the file is whole and once.
func TestRunner_export_survives_a_crash_anywhere(t *testing.T) {
	users, _ := people(450)
	for left := range 6 {
		for _, inFile := range []int{0, 1, 3, 100} {
			onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
				id := b.export(reset.Source{Filter: `status eq "ACTIVE"`}, "id", "login", "email")
				b.await(id, reset.Pending)
				b.with(func(r *runner.Runner) {
					m := &mortal{diesAfter(b.rec, left), inFile}
					r.Record = m
				})
				b.update(id, func(r *reset.Request) (reset.Fact, error) {
					return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
				})
				pauseFor(context.Background(), 5*time.Minute)
				b.start()
				r := b.await(id, reset.Done)
				if file := b.exported(id); strings.Count(file, "\r\n") != r.Export.Users+1 || r.Export.Users < 450 || strings.Count(file, "user7@example.com,user7") != 1 {
					t.Errorf("killed at %d, %d: %+v", left, inFile, r.Export)
				}
			})
		}
	}
}

// Those who approved an export are asked about again at its start, too.
func TestRunner_export_is_reviewed(t *testing.T) {
	users, _ := people(3)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.export(reset.Source{Query: "user"})
		b.await(id, reset.Pending)
		b.staff.fail(errors.New("Slack is away"))
		b.approve(id)
		pauseFor(context.Background(), time.Minute)
		b.staff.set(policy.Person{ID: "U_APPROVER1", Deleted: true})
		b.staff.fail(nil)
		r := b.await(id, reset.Pending)
		if len(r.Revoked) != 1 {
			t.Errorf("%+v", r)
		}
	})
}
