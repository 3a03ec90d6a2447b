package oktasim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// call is one request on its way through the org.
type call struct {
	org     *Org
	request *http.Request
	id      string // X-Okta-Request-Id
	now     time.Time
	real    time.Time // now by this machine's clock
	route   *route
	params  []string   // of the path
	query   url.Values // of the URL
	body    []byte     // at most maxBody of it
	who     *credential
	fault   Fault
	header  http.Header // what every answer to it carries
}

// answer is what a handler says: a status and a body, as JSON unless raw.
type answer struct {
	status int
	header http.Header
	body   any
	raw    []byte
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

const maxBody = 64 << 10 // bytes; no call here takes more

func noContent() answer { return answer{status: http.StatusNoContent} }

// ServeHTTP answers one call of Okta's API: admission (URL, concurrency, rate
// limits, token), half the latency, the effect, the other half, the answer.
func (o *Org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{org: o, request: r, id: randomID(22) + "AAAB" + digits(r.URL.Path, 1), header: http.Header{}}
	if r.Body != nil {
		c.body, _ = io.ReadAll(io.LimitReader(r.Body, maxBody)) // what cannot be read is judged by what came
	}
	reply, admitted, latency := c.admit()
	if admitted {
		o.pause(latency / 2)
		reply = c.perform()
		o.pause(latency - latency/2)
		if c.fault == Slow {
			o.pause(c.lateBy())
		}
	} else {
		o.pause(latency)
	}
	c.leave(reply.status)
	c.send(w, reply)
}

// admit counts the call and lets it in or says why not.
func (c *call) admit() (refusal answer, admitted bool, latency time.Duration) {
	o := c.org
	path := segments(c.request.URL)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settle()
	c.now, c.real = o.now(), time.Now()
	c.query = c.request.URL.Query()
	o.inFlight++
	o.books.Busiest = max(o.books.Busiest, o.inFlight)
	latency = o.set.Latency
	c.header["X-Okta-Request-Id"] = []string{c.id}
	c.header["Date"] = []string{c.now.UTC().Format(http.TimeFormat)}
	var allowed []string
	c.route, c.params, allowed = match(o.routes, c.request.Method, path)
	if len(c.request.URL.RequestURI()) > o.opt.MaxURL {
		return htmlPage(http.StatusRequestURITooLong, "URI Too Long"), false, latency
	}
	var denied *answer
	c.who, denied = o.identify(c.request, c.base(), c.now)
	if tooMany := c.limit(); tooMany != nil {
		return *tooMany, false, latency
	}
	switch {
	case c.route == nil && (len(path) == 0 || path[0] != "api"):
		return noRoute(allowed), false, latency
	case denied != nil && (c.route == nil || c.route.scope != ""):
		return *denied, false, latency
	case c.route == nil:
		return noRoute(allowed), false, latency
	case c.route.scope != "" && !c.who.may(c.route.scope):
		return insufficientScope(c.route.scope), false, latency
	case slices.Contains(o.set.Forbidden, c.route.name()):
		return okta("E0000006").answer(), false, latency
	case slices.Contains(o.set.Disabled, c.route.name()):
		return okta("E0000015").answer(), false, latency
	}
	if c.route.scope != "" {
		c.fault = o.drawFault(c.request.Method, c.request.URL.Path, c.query.Has("after"))
	}
	return answer{}, true, latency
}

// limit counts the call in its bucket and sets the rate headers. What it
// returns is the 429.
func (c *call) limit() *answer {
	o := c.org
	name := otherBucket
	if c.route != nil {
		name = c.route.bucket
	}
	b := o.buckets[name]
	if b == nil {
		b = &bucket{name: name, by: map[string]int{}}
		o.buckets[name] = b
	}
	length := o.set.Window
	if first := o.opt.FirstWindow[name]; first > 0 && b.start.IsZero() {
		length = first
	}
	b.roll(c.now, length)
	limit := o.limitOf(name)
	if o.set.Concurrency > 0 && o.inFlight > o.set.Concurrency {
		return c.tooConcurrent(b)
	}
	taken := b.take(c.who.id, limit, o.set.TokenShare, o.set.TakenByOthers, c.now)
	if limit > 0 {
		rateHeaders(c.header, limit, b.remaining(limit), b.end)
	}
	o.books.count(c.now)
	o.changed()
	if taken {
		return nil
	}
	o.books.Throttled++
	o.record(c.violation(b))
	return refuse(okta("E0000047"), "")
}

// tooConcurrent is the other 429. Its limit and remaining are 0 and its reset
// is a suggestion only (Okta, rate limits, concurrency).
func (c *call) tooConcurrent(b *bucket) *answer {
	o := c.org
	b.throttled++
	o.books.Throttled++
	o.books.Concurrent++
	rateHeaders(c.header, 0, 0, c.now.Add(o.set.Window))
	return refuse(okta("E0000047"), "")
}

func (o *Org) limitOf(bucket string) int {
	if limit, ok := o.set.Limits[bucket]; ok {
		return limit
	}
	return o.set.RateLimit
}

// perform lets the call have its effect, as far as its fault allows.
func (c *call) perform() answer {
	o := c.org
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settle()
	c.now, c.real = o.now(), time.Now()
	if c.fault != "" {
		o.books.Faults[c.fault]++
	}
	switch c.fault {
	case ErrorBefore:
		return okta("E0000009").answer()
	case Unavailable:
		return okta("E0000010").answer()
	case Gateway:
		return htmlPage(http.StatusBadGateway, "Bad Gateway")
	case Edge:
		return answer{status: http.StatusNotFound, body: map[string]any{"status": http.StatusNotFound, "message": "Resource not found"}}
	case StaleCursor:
		return okta("E0000031", "Invalid cursor.").answer()
	case DropBefore:
		return answer{}
	case Late:
		o.later(o.set.LateBy, func() {
			c.now, c.real = o.now(), time.Now()
			c.route.handle(c)
		})
		return answer{}
	}
	reply := c.route.handle(c)
	o.changed()
	if c.fault == ErrorAfter && reply.status < 300 {
		return okta("E0000009").answer()
	}
	return reply
}

// leave gives the place back and books the call.
func (c *call) leave(status int) {
	o := c.org
	o.mu.Lock()
	defer o.mu.Unlock()
	o.inFlight--
	if o.opt.KeepCalls {
		o.books.keep(c, status)
	}
}

func (c *call) lateBy() time.Duration {
	c.org.mu.Lock()
	defer c.org.mu.Unlock()
	return c.org.set.LateBy
}

// send writes the answer, or what the fault leaves of it.
func (c *call) send(w http.ResponseWriter, a answer) {
	switch c.fault {
	case DropBefore, DropAfter, Late:
		drop(w)
		return
	}
	body := a.raw
	if a.body != nil {
		encoded, err := json.Marshal(a.body)
		if err != nil { // nothing that a handler answers with can fail to encode
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		body = encoded
	}
	for _, headers := range []http.Header{c.header, a.header} {
		for key, values := range headers {
			w.Header()[key] = values
		}
	}
	if a.body != nil {
		w.Header()["Content-Type"] = []string{"application/json"}
	}
	w.Header()["Cache-Control"] = []string{"no-cache, no-store"}
	w.WriteHeader(a.status)
	if c.fault == CutOff {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		drop(w)
		return
	}
	_, _ = w.Write(body) // the client may be gone, which is its own affair
}

// drop closes the connection without a further word.
func drop(w http.ResponseWriter) {
	if m, ok := w.(*memory); ok {
		m.drop()
		return
	}
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
		return
	}
	panic(http.ErrAbortHandler) // the way that net/http has for what cannot be hijacked
}

// htmlPage is what the proxies before Okta answer with.
func htmlPage(status int, title string) answer {
	page := "<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n"
	return answer{status: status, raw: []byte(page), header: http.Header{"Content-Type": {"text/html"}}}
}

// base is the org's URL as the client knows it.
func (c *call) base() string {
	scheme := "http"
	if c.request.TLS != nil || strings.EqualFold(c.request.Header.Get("X-Forwarded-Proto"), "https") {
		scheme = "https"
	}
	return scheme + "://" + c.request.Host
}
