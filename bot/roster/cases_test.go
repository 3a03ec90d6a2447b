package roster_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

// people are the users that the case files name, by Okta ID.
var people = map[string]string{
	"00ucast0000000000001": "requester@example.com",
	"00ucast0000000000004": "ana@example.com",
	"00ucast0000000000005": "guest@example.com",
	"00ucast0000000000006": "stranger@partner.example",
	"00ulogin000000000001": "ana.lima",
	"00ulogin000000000002": "jdoe1",
	"00ulogin000000000003": `CORP\bob`,
	"00ulogin000000000004": "ops/admin",
}

// lead tells which of the people a reference leads to, "" for none.
func lead(r reset.Ref) string {
	for id, login := range people {
		if r.Kind == reset.RefID && r.Value == id || r.Kind != reset.RefID && strings.EqualFold(r.Value, login) {
			return login
		}
	}
	return ""
}

func leads(refs ...reset.Ref) reset.UserID {
	for _, r := range refs {
		if user := lead(r); user != "" {
			return reset.UserID(user)
		}
	}
	return ""
}

// verdict is what became of a file: the users that would be reset, or whether it is asked about or refused.
type verdict struct {
	reset []string
	asked bool // asked about, or refused
	words string
}

// decide reads a file and does with it what desk and planner do, in a few lines.
func decide(content []byte) verdict {
	ros, err := roster.Read(bytes.NewReader(content), roster.Limits{})
	if err != nil {
		return verdict{asked: true, words: err.Error()}
	}
	if ros.Ask != nil {
		return verdict{asked: true, words: ros.Ask.Words}
	}
	for _, d := range ros.Doubts {
		if d.Leads(leads) {
			return verdict{asked: true, words: "other users in " + d.Column}
		}
	}
	var v verdict
	for _, row := range ros.Rows {
		user := ""
		for _, r := range row.Refs() {
			found := lead(r)
			switch {
			case found == "" || found == user || user != "" && r.Loose:
			case user == "":
				user = found
			default:
				user = "ambiguous"
			}
		}
		if user != "" && user != "ambiguous" && !slices.Contains(v.reset, user) {
			v.reset = append(v.reset, user)
		}
	}
	return v
}

// TestCases walks files as people have them, of which expected.tsv says who is named.
func TestCases(t *testing.T) {
	for _, dir := range []string{filepath.Join("testdata", "cases"), filepath.Join("..", "..", "..", "shared", "cases", "rosters")} {
		index, err := os.ReadFile(filepath.Join(dir, "expected.tsv"))
		if os.IsNotExist(err) && !strings.HasPrefix(dir, "testdata") {
			continue // beside the checkout of this repository alone
		}
		if err != nil {
			t.Fatal(err)
		}
		table := csv.NewReader(bytes.NewReader(index))
		table.Comma, table.LazyQuotes, table.FieldsPerRecord = '\t', true, -1
		lines, err := table.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines[1:] {
			t.Run(filepath.Base(dir)+"/"+line[0], func(t *testing.T) {
				content, err := os.ReadFile(filepath.Join(dir, line[0]))
				if err != nil {
					t.Fatal(err)
				}
				got, want := decide(content), strings.Fields(line[1])
				slices.Sort(got.reset)
				slices.Sort(want)
				if got.asked {
					if line[2] != "yes" {
						t.Errorf("asked or refused: %s", got.words)
					}
					return
				}
				if !slices.Equal(got.reset, want) || line[2] == "yes" && len(want) == 0 {
					t.Errorf("resets %q, want %q", got.reset, want)
				}
			})
		}
	}
}
