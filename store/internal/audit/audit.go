// Package audit verifies the audit trail: it computes the chain of each log again and compares
// it with what the record and others know of it. It also yields the trail for an export.
package audit

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"factorbot/bot/reset"
	"factorbot/store/internal/chain"
)

// Logs are the logs of a record. Number 0 is the org's own log, the others are those of the
// requests with these numbers.
type Logs interface {
	// Org is the Okta org with which every chain begins.
	Org() string
	// Numbers returns the numbers of the requests that are there. Where it fails it returns
	// those found until then.
	Numbers(ctx context.Context) ([]int, error)
	// End returns where a log should end.
	End(ctx context.Context, n int) (last int64, at chain.Hash, err error)
	// Entries yields a log's entries as they are stored.
	Entries(ctx context.Context, n int) iter.Seq2[chain.Entry, error]
}

// Names of the facts by which the org's chain tells of a request's.
const (
	FactChained = "chained" // the request's head, after its last change
	FactRetired = "retired" // the same; the request is gone
)

// Expected is what somebody has kept outside the record, to compare it with. Zero fields ask nothing.
type Expected struct {
	Org      chain.Head // an earlier end of the org's chain, from a message, a log line or a receipt
	Request  reset.ID   // of a receipt
	Sequence int64      // number of the entry of its log that the receipt ends with
	Hash     string     // of the request's chain up to there
}

// Finding is one place where a chain does not hold.
type Finding struct {
	Request reset.ID // "" is the org's own log
	Seq     int64    // number of the entry
	What    string   // a sentence for people
}

func (f Finding) String() string {
	log := "the org's log"
	if f.Request != "" {
		log = string(f.Request)
	}
	return fmt.Sprintf("%s, entry %d: %s", log, f.Seq, f.What)
}

// Report is the result of a verification.
type Report struct {
	Head     chain.Head // of the org's chain
	Entries  int        // that were compared
	Requests int
	Retired  int // requests of which retention has left the head
	Findings []Finding
}

// Verify computes every chain again and compares it: with the marks in the entries, with each
// request's heads in the org's chain, with the ends that the record knows, and with what was
// kept outside. The error is about reading; what is wrong with the record is in the findings.
func Verify(ctx context.Context, logs Logs, kept ...Expected) (*Report, error) {
	v := &verifier{logs: logs, report: &Report{}, anchors: map[int][]anchor{}, retired: map[int]anchor{}, kept: kept}
	if err := v.org(ctx); err != nil {
		return nil, fmt.Errorf("verify the org's log: %w", err)
	}
	if err := v.requests(ctx); err != nil {
		return nil, fmt.Errorf("verify the requests' logs: %w", err)
	}
	return v.report, nil
}

// anchor is a request's head in the org's chain.
type anchor struct {
	seq  int64 // of the request's entry
	hash string
	at   int64 // of the entry in the org's log
}

type verifier struct {
	logs    Logs
	report  *Report
	anchors map[int][]anchor // by number of the request, in order
	retired map[int]anchor
	kept    []Expected
}

func (v *verifier) find(n int, seq int64, format string, args ...any) {
	f := Finding{Seq: seq, What: fmt.Sprintf(format, args...)}
	if n != 0 {
		f.Request = reset.NewID(n)
	}
	v.report.Findings = append(v.report.Findings, f)
}

// org verifies the org's own log, and takes the requests' heads from it.
func (v *verifier) org(ctx context.Context) error {
	hashes := map[int64]string{}
	for _, k := range v.kept {
		if k.Org.Hash != "" {
			hashes[k.Org.Seq] = ""
		}
	}
	end, err := v.log(ctx, 0, func(c chain.Entry, at chain.Hash) {
		if _, asked := hashes[c.Seq]; asked {
			hashes[c.Seq] = at.String()
		}
		v.take(c)
	})
	if err != nil {
		return err
	}
	v.report.Head = end
	hashes[0] = chain.First(v.logs.Org(), 0).String()
	for _, k := range v.kept {
		if k.Org.Hash != "" && (hashes[k.Org.Seq] == "" || !strings.HasPrefix(hashes[k.Org.Seq], k.Org.Hash)) {
			v.find(0, k.Org.Seq, "the head that was kept outside is not in this record: entries up to there were changed, left out or cut off")
		}
	}
	return nil
}

// take notes what an entry of the org's log says of a request.
func (v *verifier) take(c chain.Entry) {
	if c.Fact == nil || c.Fact.Name != FactChained && c.Fact.Name != FactRetired {
		return
	}
	n := reset.ID(c.Fact.Detail["request"]).Number()
	seq, err := strconv.ParseInt(c.Fact.Detail["seq"], 10, 64)
	if n == 0 || err != nil {
		v.find(0, c.Seq, "it names no request")
		return
	}
	a := anchor{seq: seq, hash: c.Fact.Detail["head"], at: c.Seq}
	if c.Fact.Name == FactRetired {
		v.retired[n] = a
		return
	}
	v.anchors[n] = append(v.anchors[n], a)
}

// requests verifies each request's log, and that none is missing.
func (v *verifier) requests(ctx context.Context) error {
	numbers, err := v.logs.Numbers(ctx)
	if err != nil {
		return err
	}
	there := map[int]bool{}
	for _, n := range numbers {
		there[n] = true
	}
	for n := range v.anchors {
		if _, gone := v.retired[n]; gone || there[n] {
			continue
		}
		v.find(n, 0, "the org's log knows the request, and it is not there")
	}
	for _, n := range slices.Sorted(maps.Keys(there)) {
		if _, gone := v.retired[n]; gone {
			continue // what retention has not removed yet
		}
		if err := v.request(ctx, n); err != nil {
			return err
		}
	}
	v.report.Retired = len(v.retired)
	v.receipts(there)
	return nil
}

// receipts looks for requests of receipts that are not there; those that are were compared.
func (v *verifier) receipts(there map[int]bool) {
	for _, k := range v.kept {
		n := k.Request.Number()
		gone, retired := v.retired[n]
		switch {
		case n == 0 || there[n] && !retired:
		case !retired:
			v.find(n, k.Sequence, "the receipt's request is not in this record")
		case gone.seq == k.Sequence && gone.hash != k.Hash:
			v.find(n, k.Sequence, "the receipt has another hash than the head that retention has left")
		}
	}
}

// request verifies one request's log against its heads in the org's chain and against receipts.
func (v *verifier) request(ctx context.Context, n int) error {
	wanted := v.anchors[n]
	for _, k := range v.kept {
		if k.Request.Number() == n && k.Hash != "" {
			wanted = append(wanted[:len(wanted):len(wanted)], anchor{seq: k.Sequence, hash: k.Hash})
		}
	}
	if len(wanted) == 0 {
		v.find(n, 0, "the org's log does not know the request")
	}
	bySeq := map[int64][]anchor{}
	for _, a := range wanted {
		bySeq[a.seq] = append(bySeq[a.seq], a)
	}
	before := len(v.report.Findings)
	end, err := v.log(ctx, n, func(c chain.Entry, at chain.Hash) {
		for _, a := range bySeq[c.Seq] {
			if a.hash != at.String() {
				v.find(n, c.Seq, "the hash up to here is not the one %s: this entry or an earlier one was changed", a.where())
			}
		}
		delete(bySeq, c.Seq)
	})
	if err != nil {
		return err
	}
	v.report.Requests++
	if len(v.report.Findings) == before {
		for seq, a := range bySeq {
			if seq > 0 {
				v.find(n, seq, "the log ends at %d, before an entry %s", end.Seq, a[0].where())
			}
		}
	}
	return nil
}

func (a anchor) where() string {
	if a.at == 0 {
		return "in the receipt"
	}
	return fmt.Sprintf("in entry %d of the org's log", a.at)
}

// log computes a chain again, shows each entry with its hash, and returns its end. It stops
// at the first entry that does not follow from the one before.
func (v *verifier) log(ctx context.Context, n int, show func(chain.Entry, chain.Hash)) (chain.Head, error) {
	last, end, err := v.logs.End(ctx, n)
	if err != nil {
		return chain.Head{}, err
	}
	at, seq := chain.First(v.logs.Org(), n), int64(0)
	for c, err := range v.logs.Entries(ctx, n) {
		if err != nil {
			return chain.Head{}, err
		}
		if c.Seq != seq+1 {
			v.find(n, seq+1, "entry %d stands where it should be: it is missing, or the order was changed", c.Seq)
			return chain.HeadAt(seq, at), nil
		}
		sum, err := c.Sum()
		if err != nil {
			return chain.Head{}, err
		}
		seq, at = c.Seq, at.Next(c.Seq, sum)
		v.report.Entries++
		if c.Mark != "" && c.Mark != at.Short() {
			v.find(n, seq, "it does not match its mark: it was changed")
			return chain.HeadAt(seq, at), nil
		}
		show(c, at)
	}
	switch {
	case seq != last:
		v.find(n, seq, "the log ends here, and should end at %d", last)
	case at != end:
		v.find(n, seq, "the log ends with another hash than the record knows: an entry was changed")
	}
	return chain.HeadAt(seq, at), nil
}
