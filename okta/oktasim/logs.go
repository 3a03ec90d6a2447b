package oktasim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

// logQuery is a read of the System Log. Without until, oldest first, it polls:
// it goes by the time of storing, shows everything once, and has a next page
// always. Otherwise it is bounded and goes by published (Okta, System Log API,
// Request types).
type logQuery struct {
	since, until time.Time
	polls        bool
	descending   bool
	limit        int
	after        int
	want         func(*event) bool
}

// listLogs is GET /logs.
func (c *call) listLogs() answer {
	q, refused := c.logQuery()
	if refused != nil {
		return refused.answer()
	}
	var found []*event
	var next int
	var more bool
	if q.polls {
		found, next = c.org.log.poll(q)
		more = true
	} else {
		found, next, more = c.org.log.bounded(q)
	}
	page := make([]map[string]any, len(found))
	for i, e := range found {
		page[i] = c.org.eventBody(e)
	}
	return answer{status: http.StatusOK, body: page, header: c.links(next, more)}
}

// logQuery reads the parameters.
func (c *call) logQuery() (logQuery, *apiError) {
	q := logQuery{until: c.now, polls: c.query.Get("until") == "", limit: 100}
	var refused [5]*apiError // in the order in which they are said
	if !q.polls {
		q.until, refused[0] = c.date("until")
	}
	q.since = q.until.AddDate(0, 0, -7)
	if c.query.Get("since") != "" {
		q.since, refused[1] = c.date("since")
	}
	q.after, refused[2] = c.after()
	if limit := c.query.Get("limit"); limit != "" && limit != "0" {
		if q.limit, refused[3] = c.count("limit", 100, 1001); q.limit > 1000 {
			refused[3] = invalid("limit", "The limit must be between 0 and 1000.")
		}
	} else if limit == "0" {
		q.limit = 0
	}
	switch order := c.query.Get("sortOrder"); order {
	case "", "ASCENDING":
	case "DESCENDING":
		q.descending, q.polls = true, false
	default:
		return q, invalid("sortOrder", "must be ASCENDING or DESCENDING")
	}
	q.want, refused[4] = c.wantedEvents()
	return q, cmp.Or(refused[:]...)
}

func (c *call) date(name string) (time.Time, *apiError) {
	t, ok := moment(c.query.Get(name))
	if !ok {
		return t, invalid("'"+name+"'", "The date format in your query is not recognized. Please enter dates using ISO8601 string format.")
	}
	return t, nil
}

// wantedEvents is the filter and the keywords together.
func (c *call) wantedEvents() (func(*event) bool, *apiError) {
	keywords := strings.Fields(strings.ToLower(c.query.Get("q")))
	for _, word := range keywords {
		if len(word) > 40 {
			return nil, invalid("'q'", "Freeform search cannot contain items longer than 40 characters.")
		}
	}
	if len(keywords) > 10 {
		return nil, invalid("'q'", "Freeform search cannot contain more than 10 items.")
	}
	var n *node
	if filter := c.query.Get("filter"); filter != "" {
		parsed, err := parse(filter, c.org.set.MaxSearchTerms)
		if err != nil {
			return nil, badFilter("Invalid filter '" + filter + "': " + err.Error())
		}
		if refused := parsed.comparisons(logComparison); refused != nil {
			return nil, refused
		}
		n = parsed
	}
	return func(e *event) bool {
		return (n == nil || n.holds(func(attribute string) any { return c.org.eventAttribute(e, attribute) }, true)) && e.mentions(keywords)
	}, nil
}

func badFilter(summary string) *apiError {
	e := okta("E0000053")
	e.summary = summary
	return e
}

// logComparison refuses what Okta's log does not filter by.
func logComparison(n *node) *apiError {
	if _, known := eventAttributes[n.attribute]; !known {
		return badFilter("field is not valid: " + n.attribute)
	}
	if n.op == "co" && (n.attribute == "debugContext.debugData.url" || n.attribute == "debugContext.debugData.requestUri") {
		e := okta("E0000031")
		e.summary = "The supplied combination of operator and field is not currently supported. Operator: co, Field: " + n.attribute
		return e
	}
	return nil
}

// eventAttributes are those that a filter may name. published is none of them.
var eventAttributes = map[string]func(*event) any{
	"eventType":                            func(e *event) any { return e.kind },
	"displayMessage":                       func(e *event) any { return e.message },
	"severity":                             func(*event) any { return "INFO" },
	"version":                              func(*event) any { return "0" },
	"outcome.result":                       func(e *event) any { return cmp.Or(e.outcome, "SUCCESS") },
	"outcome.reason":                       func(e *event) any { return e.reason },
	"actor.id":                             func(e *event) any { return e.actor.id },
	"actor.type":                           func(e *event) any { return e.actor.kind },
	"actor.alternateId":                    func(e *event) any { return e.actor.alternate },
	"actor.displayName":                    func(e *event) any { return e.actor.name },
	"client.ipAddress":                     func(e *event) any { return e.ip },
	"client.userAgent.rawUserAgent":        func(e *event) any { return e.agent },
	"transaction.id":                       func(e *event) any { return e.transaction },
	"transaction.type":                     func(*event) any { return "WEB" },
	"transaction.detail.requestApiTokenId": func(e *event) any { return e.token },
	"debugContext.debugData.requestUri":    func(e *event) any { return e.uri },
	"debugContext.debugData.url":           func(e *event) any { return e.uri + "?" },
	"target.id":                            nil,
	"target.type":                          nil,
	"target.alternateId":                   nil,
	"target.displayName":                   nil,
	"uuid":                                 nil,
}

func (o *Org) eventAttribute(e *event, name string) any {
	if read := eventAttributes[name]; read != nil {
		return read(e)
	}
	if name == "uuid" {
		return o.uuid(e)
	}
	var values []any
	for _, target := range o.targets(e) {
		values = append(values, target[strings.TrimPrefix(name, "target.")])
	}
	return values
}

// mentions tells whether all the keywords stand in the event.
func (e *event) mentions(keywords []string) bool {
	if len(keywords) == 0 {
		return true
	}
	parts := []string{e.kind, e.message, e.actor.id, e.actor.alternate, e.actor.name, e.reason, e.agent, e.ip, e.transaction, e.uri, e.bucket}
	if e.target != nil {
		parts = append(parts, e.target.id, e.target.login, e.target.fullName())
	}
	all := strings.ToLower(strings.Join(parts, "\n"))
	return !slices.ContainsFunc(keywords, func(word string) bool { return !strings.Contains(all, word) })
}

// poll is what was stored since, from the cursor on, and the next cursor.
func (l *logbook) poll(q logQuery) (found []*event, next int) {
	at := q.after
	if at == 0 {
		at = slices.IndexFunc(l.stored, func(e *event) bool { return !e.persisted.Before(q.since) })
	}
	if at < 0 {
		at = len(l.stored)
	}
	for ; at < len(l.stored) && len(found) < q.limit; at++ {
		if q.want(l.stored[at]) {
			found = append(found, l.stored[at])
		}
	}
	return found, at
}

// bounded is a page of what was published in a period, in that order.
func (l *logbook) bounded(q logQuery) (found []*event, next int, more bool) {
	for _, e := range l.stored {
		if !e.published.Before(q.since) && e.published.Before(q.until) && q.want(e) {
			found = append(found, e)
		}
	}
	slices.SortStableFunc(found, func(a, b *event) int {
		order := cmp.Or(a.published.Compare(b.published), cmp.Compare(a.seq, b.seq))
		if q.descending {
			return -order
		}
		return order
	})
	start := min(q.after, len(found))
	next = min(start+q.limit, len(found))
	return found[start:next], next, next < len(found)
}
