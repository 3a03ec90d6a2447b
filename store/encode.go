package store

import (
	"encoding/json"
	"strconv"
	"time"

	"factorbot/bot/reset"
)

// encode returns the JSON of an entry as a log keeps it but for its mark, the very
// bytes of json.Marshal: hashes are made of them. Two entries for each user of a batch
// are encoded twice; those without a fact, in plain letters, need no reflection, which
// takes a third of the time (BenchmarkNewLine).
func encode(e reset.Entry, salt string) ([]byte, error) {
	if e.Fact == nil {
		p := plainJSON{b: make([]byte, 0, 384)}
		p.entry(e, salt)
		if !p.odd {
			return p.b, nil
		}
	}
	return json.Marshal(chained{Entry: e, Salt: salt})
}

// plainJSON collects the fields of JSON objects in the order of the types' fields.
// Of what encoding/json would escape it only notes that it is there.
type plainJSON struct {
	b   []byte
	odd bool
}

func (p *plainJSON) entry(e reset.Entry, salt string) {
	p.b = strconv.AppendInt(append(p.b, lineHead...), e.Seq, 10)
	p.text("kind", string(e.Kind))
	p.time("at", e.At)
	if s := e.Step; s != nil {
		p.b = append(p.b, `,"step":{"row":`...)
		p.b = strconv.AppendInt(p.b, int64(s.Row), 10)
		p.text("user", string(s.User))
		p.text("kind", string(s.Kind))
		p.some("factor", s.Factor)
		p.some("type", s.Type)
		p.b = append(p.b, '}')
	}
	if !e.OktaAt.IsZero() {
		p.time("okta_at", e.OktaAt)
	}
	p.some("outcome", string(e.Outcome))
	p.some("reason", string(e.Reason))
	p.some("detail", e.Detail)
	p.list("factors", e.Factors)
	p.some("request_id", e.RequestID)
	p.some("proof", string(e.Proof))
	p.yes("answered", e.Answered)
	if !e.RetryAt.IsZero() {
		p.time("retry_at", e.RetryAt)
	}
	p.yes("touched", e.Touched)
	p.some("salt", salt)
	p.b = append(p.b, '}')
}

func (p *plainJSON) name(name string) {
	p.b = append(append(append(p.b, `,"`...), name...), `":`...)
}

func (p *plainJSON) text(name, value string) {
	p.name(name)
	p.quoted(value)
}

// some leaves out what is empty.
func (p *plainJSON) some(name, value string) {
	if value != "" {
		p.text(name, value)
	}
}

func (p *plainJSON) list(name string, values []string) {
	for i, value := range values {
		if i == 0 {
			p.name(name)
			p.b = append(p.b, '[')
		} else {
			p.b = append(p.b, ',')
		}
		p.quoted(value)
	}
	if len(values) > 0 {
		p.b = append(p.b, ']')
	}
}

func (p *plainJSON) yes(name string, value bool) {
	if value {
		p.name(name)
		p.b = append(p.b, "true"...)
	}
}

func (p *plainJSON) time(name string, value time.Time) {
	p.name(name)
	p.b = append(p.b, '"')
	b, err := value.AppendText(p.b)
	if err != nil {
		p.odd = true // json.Marshal says why
		return
	}
	p.b = append(b, '"')
}

// quoted adds a string that is printable ASCII without what encoding/json escapes, the
// letters of HTML among it.
func (p *plainJSON) quoted(s string) {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			p.odd = true
			return
		}
	}
	p.b = append(append(append(p.b, '"'), s...), '"')
}
