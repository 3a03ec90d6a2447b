package store

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"factorbot/bot/reset"
)

// TestEncode: whatever is in an entry, the bytes are those of encoding/json.
func TestEncode(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e, salt := drawEntry(rt), rapid.SampledFrom([]string{"", newSalt(), `"`}).Draw(rt, "salt")
		got, err := encode(e, salt)
		want, wantErr := json.Marshal(chained{Entry: e, Salt: salt})
		if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
			rt.Fatalf("%s %v\n%s %v", got, err, want, wantErr)
		}
	})
}

// drawEntry draws entries of all shapes: most fields are empty in most.
func drawEntry(rt *rapid.T) reset.Entry {
	text := func(name string) string {
		return rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[ -~]{0,20}`), rapid.String(),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(rt, name)
	}
	moment := func(name string) time.Time {
		at := time.Unix(rapid.Int64Range(-62135596800, 300000000000).Draw(rt, name), rapid.Int64Range(0, 999999999).Draw(rt, name+" ns")).UTC()
		return rapid.SampledFrom([]time.Time{{}, at, at.Truncate(time.Second), at.In(time.FixedZone("", 5400)), at.In(time.FixedZone("", 30))}).Draw(rt, name)
	}
	e := reset.Entry{
		Seq: rapid.Int64().Draw(rt, "seq"), Kind: reset.EntryKind(text("kind")), At: moment("at"), OktaAt: moment("okta"), RetryAt: moment("retry"),
		Outcome: reset.Outcome(text("outcome")), Reason: reset.Reason(text("reason")), Detail: text("detail"), RequestID: text("request"),
		Proof: reset.Proof(text("proof")), Answered: rapid.Bool().Draw(rt, "answered"), Touched: rapid.Bool().Draw(rt, "touched"),
		Factors: rapid.SliceOfN(rapid.StringMatching(`[a-z:_]*`), 0, 3).Draw(rt, "factors"),
	}
	if rapid.Bool().Draw(rt, "has a step") {
		e.Step = &reset.Step{Row: rapid.Int().Draw(rt, "row"), User: reset.UserID(text("user")), Kind: reset.StepKind(text("step")), Factor: text("factor"), Type: text("type")}
	}
	if rapid.IntRange(0, 4).Draw(rt, "has a fact") == 0 {
		e.Fact = &reset.Fact{Name: text("name"), By: reset.Person(text("by")), At: e.At}
	}
	return e
}
