package chain

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"factorbot/bot/reset"
)

const testOrg = "https://example.okta.com"

var t0 = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func outcome(row int) reset.Entry {
	return reset.Entry{Kind: reset.EntryOutcome, At: t0, Outcome: reset.OutcomeReset, Touched: true, RequestID: "req-1",
		Step: &reset.Step{Row: row, User: "00u00000000000000003", Kind: reset.StepReset}}
}

// What is hashed of an entry is the same with its names and with references in their place.
func TestEncode_redacted(t *testing.T) {
	for _, e := range []reset.Entry{
		{Kind: reset.EntryFact, At: t0, Fact: &reset.Fact{Name: "denied", By: "U_APPROVER1", At: t0, Detail: map[string]string{"why": "not <them>", "digest": "ab"}}},
		outcome(3),
		{Kind: reset.EntryOutcome, At: t0.In(time.FixedZone("", 3600)), Step: &reset.Step{Row: 1, User: "00u00000000000000001"}, Detail: "no UTF-8: \xff \ufffd"},
	} {
		line, kept, err := Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		stored, at := line.AppendTo(nil, 4, First(testOrg, 1))
		var c Entry
		if err := json.Unmarshal(stored, &c); err != nil {
			t.Fatal(err)
		}
		if c.Seq != 4 || c.Mark != at.Short() || c.Kind != kept.Kind || c.Detail != kept.Detail {
			t.Errorf("stored %s, kept %+v", stored, kept)
		}
		sum, err := c.Sum()
		if err != nil || First(testOrg, 1).Next(4, sum) != at {
			t.Errorf("read back %s, %v: %s", sum, err, stored)
		}
		bare := Entry{Entry: Redact(c.Entry, c.Salt), Mark: c.Mark}
		if got, err := bare.Sum(); err != nil || got != sum {
			t.Errorf("without names %s, with them %s, %v", got, sum, err)
		}
		if text := fmt.Sprintf("%+v %+v %+v", bare, bare.Fact, bare.Step); strings.Contains(text, "U_APPROVER1") || strings.Contains(text, "00u0000") || strings.Contains(text, "them") {
			t.Errorf("a name is left: %s", text)
		}
	}
}

// The bytes that are hashed stay what they were, or older records would not verify.
func TestEntry_Sum_golden(t *testing.T) {
	at := First(testOrg, 1)
	for _, c := range []struct {
		e    Entry
		want string
	}{
		{Entry{Entry: outcome(3)}, "98974e4aa16316c8de9127226786d2ee11bf436a182f8ace3b80bbf81d982be1"},
		{Entry{Entry: outcome(3), Salt: "c2FsdA"}, "bdbd9a11d2e5ad2cd8a4273de1442ea5733a27b131c388e870e9524efe69f0d0"},
	} {
		sum, err := c.e.Sum()
		if err != nil {
			t.Fatal(err)
		}
		if at = at.Next(3, sum); at.String() != c.want {
			t.Errorf("the hash is %s, was %s", at, c.want)
		}
	}
}

func TestParseHead(t *testing.T) {
	whole := Head{17, strings.Repeat("9f", 32)}
	for text, want := range map[string]Head{
		whole.String():                  whole,
		" 17:9F86D081AB12\n":            {17, "9f86d081ab12"},
		"17":                            {},
		"17:9f86d081ab1":                {},
		"-1:9f86d081ab12":               {},
		"x:9f86d081ab12":                {},
		"17:9f86d081ab1x":               {},
		"17:" + strings.Repeat("0", 65): {},
	} {
		got, err := ParseHead(text)
		if got != want || (err == nil) != (want != Head{}) {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
	}
}

// BenchmarkEncode is what the chain costs an entry outside the journal's turn, with its
// encoding; BenchmarkNext what it costs within.
func BenchmarkEncode(b *testing.B) {
	e := outcome(1)
	for b.Loop() {
		if _, _, err := Encode(e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	at := First(testOrg, 1)
	for b.Loop() {
		at = at.Next(1, at)
	}
}
