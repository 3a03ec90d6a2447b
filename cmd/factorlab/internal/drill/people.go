package drill

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"factorbot/bot/slacksim"
	"factorbot/cmd/factorlab/internal/process"
	"factorbot/okta/oktasim"
)

// drillRound is three requests that are asked for together: two large ones that
// share a third of their users, and a small one that shares all of its.
type drillRound struct {
	users   []string // IDs of those who are reset in it
	rosters []drillRoster
}

// drillRoster is what one request names.
type drillRoster struct {
	rows      []string // as they are written
	protected []string // IDs among them
}

// smallRoster is how many users the small request of a round names.
const smallRoster = 4

// newRound makes users for a round, and its rosters.
func (d *drill) newRound() (drillRound, error) {
	var r drillRound
	var protected []string
	for i := range d.Users {
		u := oktasim.User{Login: fmt.Sprintf("drill%06d@example.com", d.users), FirstName: "Drill", LastName: fmt.Sprint(d.users)}
		u.Factors = []oktasim.Factor{{Type: "push"}, {Type: []string{"sms", "webauthn", "token:software:totp"}[i%3]}}
		if i%20 == 7 {
			u.Roles = []string{"HELP_DESK_ADMIN"}
		}
		made, err := d.org.Add(u)
		if err != nil {
			return r, fmt.Errorf("make a user: %w", err)
		}
		d.users++
		if len(u.Roles) > 0 {
			protected = append(protected, made.ID)
		}
		r.users = append(r.users, made.ID)
	}
	if d.solo {
		r.rosters = []drillRoster{{rows: r.users, protected: protected}}
		return r, nil
	}
	third := d.Users / 3
	for i, ids := range [][]string{r.users[:2*third], r.users[third:], r.users[third : third+smallRoster]} {
		rows := append([]string{}, ids...)
		if i < 2 {
			rows = append(rows, ids[1], fmt.Sprintf("nobody%d-%d@example.com", len(d.rounds), i))
		}
		r.rosters = append(r.rosters, drillRoster{rows: rows, protected: protected})
	}
	return r, nil
}

// ask uploads the rosters of one more round. Nobody waits for the bot to be there.
func (d *drill) ask() error {
	r, err := d.newRound()
	if err != nil {
		return err
	}
	for i, roster := range r.rosters {
		content := "user\n" + strings.Join(roster.rows, "\n") + "\n"
		if _, err := d.work.Upload(slacksim.Upload{
			User: "U_REQUESTER", Channel: drillChannel, Comment: "drill",
			Files: []slacksim.UploadedFile{{Name: fmt.Sprintf("round-%d-%d.csv", len(d.rounds)+1, i+1), Content: []byte(content)}},
		}); err != nil {
			return fmt.Errorf("upload a roster: %w", err)
		}
	}
	d.rounds = append(d.rounds, r)
	return nil
}

const drillChannel = "C_FACTORS"

// asked is how many requests there must be.
func (d *drill) asked() int {
	n := 0
	for _, r := range d.rounds {
		n += len(r.rosters)
	}
	return n
}

// press does what people do: as soon as all requests of a round wait for
// approval they are approved, and what is paused is resumed. A click that the bot
// does not hear is made again.
func (d *drill) press(ctx context.Context) {
	messages, err := d.work.Messages(drillChannel, "")
	if err != nil {
		return
	}
	var clicks []slacksim.Click
	for _, m := range messages {
		for _, action := range []string{"approve", "resume"} {
			if action == "resume" && !d.resume.Load() {
				continue
			}
			if value := process.ButtonValue(m.Blocks, action); value != "" {
				clicks = append(clicks, slacksim.Click{User: "U_APPROVER1", Channel: drillChannel, Message: m.TS, ActionID: action, Value: value})
			}
		}
	}
	if d.shown() < d.asked() {
		clicks = nil
	}
	clicks = slices.DeleteFunc(clicks, func(c slacksim.Click) bool { return !d.patient.due(c) })
	heard := make([]bool, len(clicks))
	var pressing sync.WaitGroup
	for i, c := range clicks {
		pressing.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, d.patient.limit())
			defer cancel()
			answer, err := d.work.Click(ctx, c) // who is not heard presses again
			heard[i] = err == nil && answer.OK
		})
	}
	pressing.Wait()
	for i, c := range clicks {
		if heard[i] {
			d.patient.heard(c)
		}
	}
	d.patient.command(ctx, d.work)
}

// shown is how many requests have a message of their own.
func (d *drill) shown() int {
	n := 0
	for _, p := range d.work.Books().Posts {
		if p.Metadata != nil && p.Metadata.EventPayload["slot"] == "approval" {
			n++
		}
	}
	return n
}

// finished is how many requests have their result file, and the file of their plan.
func (d *drill) finished() int {
	files := map[string]bool{}
	for _, s := range d.work.Books().Shares {
		files[s.Name] = true
	}
	n := 0
	for name := range files {
		if id, ok := strings.CutSuffix(name, "-results.csv"); ok && files[id+"-plan.csv"] {
			n++
		}
	}
	return n
}

// reached is the share of the last round's users who were reset.
func (d *drill) reached() float64 {
	r := d.rounds[len(d.rounds)-1]
	n := 0
	for _, id := range r.users {
		if len(d.org.Resets(id)) > 0 {
			n++
		}
	}
	return float64(n) / float64(len(r.users))
}

// readShared returns a file that the bot has shared, its cells by the name of the column.
func (d *drill) readShared(name string) ([]map[string]string, error) {
	for _, s := range d.work.Books().Shares {
		if s.Name != name {
			continue
		}
		_, content, err := d.work.FileContent(s.File)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		return process.ReadTable(content)
	}
	return nil, fmt.Errorf("%s was never shared", name)
}
