package drill

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"factorbot/okta/oktasim"
)

// mostWrong is how many findings are told; one fault can have thousands.
const mostWrong = 30

// wrong notes what should not be.
func (d *drill) wrong(format string, args ...any) {
	if d.solo {
		format = "after a backup was put back: " + format
	}
	d.figures.wrongs++
	if len(d.figures.Wrong) < mostWrong {
		d.figures.Wrong = append(d.figures.Wrong, fmt.Sprintf(format, args...))
	}
}

// judge holds what the bot's files say against the books of the simulators.
func (d *drill) judge() {
	f := &d.figures
	f.Requests = d.asked()
	books := d.org.Books()
	for _, n := range books.Faults {
		f.Faults += n
	}
	for _, n := range d.work.Books().Faults {
		f.Faults += n
	}
	f.Halves, f.Deleted = books.Faults[oktasim.Part], len(d.org.Deleted())
	f.Enrolled = d.enrolled()
	d.judgeResults()
	d.judgeMessages()
	reset := d.judgeFiles()
	d.judgeUsers(reset)
	d.judgeFactors()
	d.judgeRepeats()
	f.Seconds = time.Since(f.began).Seconds()
}

// judgeResults checks of each result file, as soon as it is there, that who is told to
// be reset has no old factor at that moment.
func (d *drill) judgeResults() {
	for _, share := range d.work.Books().Shares {
		if !strings.HasSuffix(share.Name, "-results.csv") || d.judged[share.Name] {
			continue
		}
		rows, err := d.readShared(share.Name)
		if err != nil {
			continue // the judge of the files tells
		}
		d.judged[share.Name] = true
		for _, row := range rows {
			if u, ok := d.org.User(row["user_id"]); ok && row["outcome"] == "reset" {
				d.judgeOld(u, rowOf(share.Name, row))
			}
		}
	}
	d.figures.Results = len(d.judged)
}

// posts are how often each of a request's messages was posted, by request and slot.
func (d *drill) posts() map[string]int {
	times := map[string]int{}
	for _, p := range d.work.Books().Posts {
		if p.Metadata != nil {
			times[fmt.Sprint(p.Metadata.EventPayload["request"], " ", p.Metadata.EventPayload["slot"])]++
		}
	}
	return times
}

// judgeOnce checks that everything is there once.
func (d *drill) judgeOnce(format string, times map[string]int) {
	for what, n := range times {
		if n != 1 {
			d.wrong(format, what, n)
		}
	}
}

// judgeMessages checks that each request has its messages and files, once.
func (d *drill) judgeMessages() {
	posts, shares := d.posts(), map[string]int{}
	for _, s := range d.work.Books().Shares {
		shares[s.Name]++
	}
	for n := range d.asked() {
		id := fmt.Sprintf("FR-%d", n+1)
		for _, slot := range []string{"approval", "reply", "decision", "progress"} {
			posts[id+" "+slot] += 0
		}
		for _, file := range []string{"-plan.csv", "-results.csv"} {
			shares[id+file] += 0
		}
	}
	d.judgeOnce("the message %s was posted %d times", posts)
	d.judgeOnce("%s was shared %d times", shares)
	d.figures.Messages, d.figures.Files = len(posts), len(shares)
	if extra := len(shares) - 2*d.asked(); extra > 0 {
		d.wrong("%d files of requests that nobody asked for", extra)
	}
}

// drillRow is what one request's files say of one user.
type drillRow struct{ request, outcome, reason, proof string }

func rowOf(request string, row map[string]string) drillRow {
	return drillRow{request, row["outcome"], row["reason"], row["proof"]}
}

// judgeFiles checks that each roster has one request whose files have all of its
// rows, and returns what they say of the users that were to be reset.
func (d *drill) judgeFiles() map[string][]drillRow {
	byUser := map[string][]drillRow{}
	left := map[string]bool{} // rosters nobody has asked for, by their rows
	for _, r := range d.rounds {
		for _, roster := range r.rosters {
			left[strings.Join(roster.rows, " ")] = true
		}
	}
	for n := range d.asked() {
		id := fmt.Sprintf("FR-%d", n+1)
		plan, err := d.readShared(id + "-plan.csv")
		results, rerr := d.readShared(id + "-results.csv")
		if err != nil || rerr != nil || len(plan) != len(results) {
			d.wrong("the files of %s: %v, %v, %d and %d rows", id, err, rerr, len(plan), len(results))
			continue
		}
		var inputs []string
		for i, p := range plan {
			inputs = append(inputs, p["input"])
			d.judgeRow(id, i, p, results[i], byUser)
		}
		if rows := strings.Join(inputs, " "); left[rows] {
			delete(left, rows)
		} else {
			d.wrong("%s has not the rows of a roster, or they were asked for twice", id)
		}
	}
	if len(left) > 0 {
		d.wrong("%d rosters were never asked for", len(left))
	}
	return byUser
}

func (d *drill) judgeRow(id string, i int, plan, result map[string]string, byUser map[string][]drillRow) {
	d.figures.Rows++
	d.figures.Outcomes[result["outcome"]]++
	if reason := result["reason"]; reason != "" {
		d.figures.Reasons[reason]++
	}
	switch {
	case result["row"] != fmt.Sprint(i+1) || result["input"] != plan["input"]:
		d.wrong("row %d of %s's results is row %s, %s", i+1, id, result["row"], result["input"])
	case plan["action"] == "skip" && result["outcome"] != "skipped":
		d.wrong("row %d of %s was to be skipped and is %s", i+1, id, result["outcome"])
	case plan["action"] == "reset":
		user := result["user_id"]
		byUser[user] = append(byUser[user], rowOf(id, result))
	}
}

// judgeUsers checks for each user of an approved plan that the reset came, and
// for everybody else that none did.
func (d *drill) judgeUsers(byUser map[string][]drillRow) {
	for _, u := range d.org.Users() {
		resets := d.org.Resets(u.ID)
		rows := byUser[u.ID]
		if len(rows) == 0 || len(u.Roles) > 0 {
			d.judgeUntouched(u)
			continue
		}
		d.figures.Users++
		if len(resets) > 0 {
			d.figures.Reset++
		}
		if len(resets) > 1 {
			d.figures.Again++
		}
		d.judgeUser(u, rows, len(resets))
	}
}

// judgeUntouched checks that nobody reset a user who is protected or in no plan.
func (d *drill) judgeUntouched(u oktasim.User) {
	if resets := d.org.Resets(u.ID); len(resets) > 0 {
		d.figures.Protected++
		d.wrong("%s is protected or in no plan, and was reset %d times", u.Login, len(resets))
	}
}

// judgeForgotten checks that a user was reset, or that a file says why not.
func (d *drill) judgeForgotten(u oktasim.User, rows []drillRow, resets int) (forgotten bool) {
	told := slices.ContainsFunc(rows, func(r drillRow) bool { return r.reason == "enrolled_meanwhile" })
	if resets > 0 || told {
		return false
	}
	d.figures.Forgotten++
	d.wrong("%s was forgotten: %v", u.Login, rows)
	return true
}

// judgeUser holds what the files say of a user against how often the user was reset.
func (d *drill) judgeUser(u oktasim.User, rows []drillRow, resets int) {
	if d.judgeForgotten(u, rows, resets) {
		return
	}
	acted := 0
	for _, r := range rows {
		switch {
		case r.outcome == "reset" || r.outcome == "failed":
			acted++
		case r.outcome == "skipped" && r.reason == "reset_since_plan", r.reason == "in_other_request":
		default:
			d.wrong("%s was to be reset by %s, which says %s %s", u.Login, r.request, r.outcome, r.reason)
		}
		if r.outcome == "failed" && r.reason != "enrolled_meanwhile" {
			d.figures.Unsure++
		}
		if r.outcome == "reset" && resets == 0 {
			d.wrong("%s says that %s was reset", r.request, u.Login)
		}
		if r.outcome == "reset" {
			d.judgeOld(u, r)
		}
	}
	if acted != 1 {
		d.wrong("%d requests say that they acted on %s: %v", acted, u.Login, rows)
	}
}

// judgeOld checks that who is told to be reset has no factor of before the first reset.
func (d *drill) judgeOld(u oktasim.User, r drillRow) {
	resets := d.org.Resets(u.ID)
	for _, f := range u.Factors {
		if len(resets) > 0 && f.Real.Before(resets[0].Real) {
			d.figures.StillOld++
			d.wrong("%s says that %s was reset, proof %q, and %s is still there", r.request, u.Login, r.proof, f.Type)
			return
		}
	}
}

// enrolled is how many users enrolled again after a reset.
func (d *drill) enrolled() int {
	n := 0
	for _, u := range d.org.Users() {
		resets := d.org.Resets(u.ID)
		if len(resets) == 0 {
			continue
		}
		if slices.ContainsFunc(u.Factors, func(f oktasim.Factor) bool { return f.Real.After(resets[0].Real) }) {
			n++
		}
	}
	return n
}

// judgeFactors checks that no factor that Okta had shown us was removed after a
// user's reset. The moment between the last look and the call cannot be closed:
// what falls into it is counted by itself.
func (d *drill) judgeFactors() {
	looks := d.looks()
	for _, u := range d.org.Users() {
		for _, r := range d.org.Resets(u.ID) {
			for _, removed := range r.Removed {
				if !removed.New {
					continue
				}
				if seen, ok := lastBefore(looks[u.ID], r.Real); r.Late || ok && seen.Before(removed.Real) {
					d.figures.Unclosable++
					continue
				}
				d.figures.NewRemoved++
				d.wrong("%s's new %s of %s was removed at %s", u.Login, removed.Type, removed.Created.Format(time.StampMilli), r.At.Format(time.StampMilli))
			}
		}
	}
}

// judgeRepeats checks that nobody was reset twice without a look at the factors between:
// what was sent is settled first. A reset that Okta carries out after its call was over
// cannot be seen coming, and is counted by itself.
func (d *drill) judgeRepeats() {
	looks := d.looks()
	for _, u := range d.org.Users() {
		resets := d.org.Resets(u.ID)
		for i := 1; i < len(resets); i++ {
			before, r := resets[i-1], resets[i]
			if before.Late || r.Late {
				d.figures.Overtaken++
				continue
			}
			if seen, ok := lastBefore(looks[u.ID], r.Real); !ok || seen.Before(before.Real) {
				d.figures.Doubled++
				d.wrong("%s was reset at %s and again at %s without a look between", u.Login, before.At.Format(time.StampMilli), r.At.Format(time.StampMilli))
			}
		}
	}
}

var factorList = regexp.MustCompile(`^/api/v1/users/(00u[A-Za-z0-9]{17})/factors$`)

// looks are the moments at which Okta told each user's factors, in order.
func (d *drill) looks() map[string][]time.Time {
	at := map[string][]time.Time{}
	for _, c := range d.org.Calls() {
		if m := factorList.FindStringSubmatch(c.Path); m != nil && c.Method == "GET" && c.Status == 200 {
			at[m[1]] = append(at[m[1]], c.Real)
		}
	}
	for _, times := range at {
		slices.SortFunc(times, time.Time.Compare)
	}
	return at
}

// lastBefore is the last of the ascending times before t.
func lastBefore(times []time.Time, t time.Time) (time.Time, bool) {
	for _, at := range slices.Backward(times) {
		if at.Before(t) {
			return at, true
		}
	}
	return time.Time{}, false
}
