package okta

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Event is what is needed of an entry of the System Log.
type Event struct {
	UUID      string
	At        time.Time // published, by Okta's clock; zero where Okta's time cannot be read
	Type      string    // "user.mfa.factor.reset_all"
	ActorID   string    // user ID of a token's owner, or a client ID
	UserAgent string    // raw
	Outcome   string    // "SUCCESS", "FAILURE", ...
	Factor    string    // of an activation or deactivation: the factor's name as Okta wrote it, else ""
	Targets   []string  // user IDs
	Automatic bool      // an e-mail factor that Okta enrolled by itself, when the user was created or changed
}

// wireEvent is an entry as Okta sends it. Okta sends null for what it does not
// know, objects and lists too; null leaves a field as it is.
type wireEvent struct {
	UUID      string `json:"uuid"`
	Published moment `json:"published"`
	EventType string `json:"eventType"`
	Actor     wireID `json:"actor"`
	Client    struct {
		UserAgent struct {
			Raw string `json:"rawUserAgent"`
		} `json:"userAgent"`
	} `json:"client"`
	Outcome struct {
		Result string `json:"result"`
		Reason text   `json:"reason"`
	} `json:"outcome"`
	Target []wireTarget `json:"target"`
	Debug  struct {
		Data struct {
			Factor     text `json:"factor"`
			RequestURI text `json:"requestUri"`
		} `json:"debugData"`
	} `json:"debugContext"`
}

func (w wireEvent) key() string { return w.UUID }

type wireTarget struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	DisplayName string `json:"displayName"`
	Detail      struct {
		Method text `json:"methodTypeUsed"` // "Get a push notification", "Use Okta FastPass"
	} `json:"detailEntry"`
}

// moment is a time of Okta's. One that cannot be read is the zero time: a single
// odd entry must not make the whole log unreadable.
type moment struct{ time.Time }

func (m *moment) UnmarshalJSON(b []byte) error {
	var word text
	_ = json.Unmarshal(b, &word) // never fails: text takes everything
	m.Time, _ = time.Parse(time.RFC3339, string(word))
	return nil
}

func (w wireEvent) event() Event {
	e := Event{
		UUID: w.UUID, At: w.Published.Time, Type: w.EventType, ActorID: w.Actor.ID,
		UserAgent: w.Client.UserAgent.Raw, Outcome: w.Outcome.Result, Factor: factorInReason(string(w.Outcome.Reason)),
	}
	e.Factor = cmp.Or(e.Factor, string(w.Debug.Data.Factor))
	for _, t := range w.Target {
		switch {
		case IsUserID(t.ID):
			e.Targets = append(e.Targets, t.ID)
		case t.Type == "AuthenticatorEnrollment" || strings.Contains(t.Type, "Factor"):
			e.Factor = cmp.Or(e.Factor, t.method(), t.DisplayName, t.ID)
		}
	}
	e.Automatic = e.Type == FactorActivated && FactorType(e.Factor) == emailFactor && automaticCall(string(w.Debug.Data.RequestURI))
	return e
}

// method is the authenticator's method, if this package knows it.
func (t wireTarget) method() string {
	if factorsInLog[factorKey(string(t.Detail.Method))] == "" {
		return ""
	}
	return string(t.Detail.Method)
}

// reasonOfFactor matches the outcome's reason of an event about one factor, as
// recorded: "User set up EMAIL_FACTOR factor", "User reset FIDO_WEBAUTHN factor".
var reasonOfFactor = regexp.MustCompile(`(?i)\b(?:set up|reset|activated|deactivated|enrolled|unenrolled|removed|suspended) ([a-z0-9_:-]+) factor\b`)

// factorInReason is the factor's name in an outcome's reason, or "". It is the
// only place where the recorded events name it.
func factorInReason(reason string) string {
	if m := reasonOfFactor.FindStringSubmatch(reason); m != nil {
		return m[1]
	}
	return ""
}

// automaticCall says whether an e-mail factor activated by a request to this path
// was enrolled by Okta itself: a recorded one came with the creation of its user
// (/api/v1/users). A call about factors is somebody's wish.
func automaticCall(requestURI string) bool {
	path, _, _ := strings.Cut(requestURI, "?")
	if path != UsersBucket && !strings.HasPrefix(path, UsersBucket+"/") {
		return false
	}
	return !strings.Contains(path, "/factors") && !strings.Contains(path, "/authenticator-enrollments")
}

// logPath is a query of the log in the order of publication, a thousand events a call.
func logPath(since, until time.Time, types []string) string {
	q := url.Values{"since": {since.UTC().Format("2006-01-02T15:04:05.000Z")}, "limit": {"1000"}, "sortOrder": {"ASCENDING"}}
	if !until.IsZero() {
		q.Set("until", until.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	if len(types) > 0 {
		q.Set("filter", `eventType eq "`+strings.Join(types, `" or eventType eq "`)+`"`)
	}
	return "/api/v1/logs?" + q.Encode()
}

// Events reads the System Log as it grows: a polling query, without an until,
// whose next link never ends. Not safe for concurrent use.
type Events struct {
	client *Client
	first  string // where it began, and begins again when Okta no longer knows the cursor
	next   string
	seen   recent
}

// Events begins at since (Okta's clock), for some event types or for all.
func (c *Client) Events(since time.Time, types ...string) *Events {
	first := logPath(since, time.Time{}, types)
	return &Events{client: c, first: first, next: first}
}

// maxSeenPages bounds how far Next reads through what it has seen.
const maxSeenPages = 50

// seenEvents is how many UUIDs are remembered at least: an event may come twice, near itself.
const seenEvents = 20000

// Next reads one page, or more while they hold only what was seen before.
// None: nothing new now, ask again later. After an error it goes on from the
// same place.
func (e *Events) Next(ctx context.Context) ([]Event, error) {
	for range maxSeenPages {
		at := e.next
		items, ans, err := readList[wireEvent](ctx, e.client, "read the System Log", at, nil)
		if IsKind(err, KindCursor) && at != e.first {
			e.next = e.first
			continue
		}
		if err != nil {
			return nil, err
		}
		e.next = cmp.Or(ans.next, e.next)
		var fresh []Event
		for _, w := range items {
			if w.UUID == "" || e.seen.add(w.UUID) {
				fresh = append(fresh, w.event())
			}
		}
		if len(fresh) > 0 || len(items) == 0 || e.next == at {
			return fresh, nil
		}
	}
	return nil, nil
}

// EventsBetween is EventStream, all of it at once.
func (c *Client) EventsBetween(ctx context.Context, since, until time.Time, types ...string) ([]Event, error) {
	return collect(c.EventStream(ctx, since, until, types...))
}

// EventStream reads what the log shows now of some event types between two
// moments of Okta's clock, page after page, each event once. A zero until
// means: up to now. What happened moments ago may not be there yet.
func (c *Client) EventStream(ctx context.Context, since, until time.Time, types ...string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		end := until
		if end.IsZero() {
			offset, _ := c.Clock()
			end = time.Now().Add(offset + time.Minute)
		}
		var seen recent
		for w, err := range pages[wireEvent](ctx, c, "read the System Log", logPath(since, end, types), nil) {
			if err != nil {
				yield(Event{}, err)
				return
			}
			if fresh := w.UUID == "" || seen.add(w.UUID); fresh && !yield(w.event(), nil) {
				return
			}
		}
	}
}

// Ours says whether an event tells of a call of this installation: its actor
// is our token's owner (or our client), and the raw User-Agent has our marker.
func (c *Client) Ours(me User, e Event) bool {
	return me.ID != "" && e.ActorID == me.ID && strings.Contains(e.UserAgent, "("+c.marker+")")
}

// recent remembers the last strings, at least seenEvents of them.
type recent struct{ last, before map[string]bool }

// add says whether s is new.
func (r *recent) add(s string) bool {
	if r.last[s] || r.before[s] {
		return false
	}
	if r.last == nil || len(r.last) >= seenEvents {
		r.last, r.before = map[string]bool{}, r.last
	}
	r.last[s] = true
	return true
}
