package oktasim

import (
	"cmp"
	"fmt"
	"net"
	"time"
)

// event is one entry of the System Log.
type event struct {
	seq         int // the uuid is made of it
	published   time.Time
	persisted   time.Time // by the org's clock
	kind        string    // eventType
	message     string
	actor       actor
	target      *person
	bucket      string // target of a rate-limit event
	outcome     string // "": SUCCESS
	reason      string
	factor      *factor // that it is about
	agent       string  // raw User-Agent
	ip          string
	transaction string
	token       string // requestApiTokenId
	uri         string
	url         string // with its query; "": as the uri
}

// actor is who did it: a user, or a service app (PublicClientApp).
type actor struct{ id, kind, alternate, name string }

func actorOf(p *person) actor { return actor{p.id, "User", p.login, p.fullName()} }

// logbook keeps events in the order in which the log has them: by the time at
// which they were stored, which is not quite that at which they happened.
type logbook struct {
	seq    int
	stored []*event
	coming int // events that are not stored yet
}

// record puts an event on its way into the log. It is there after a fifth of
// the lag at the earliest, so events overtake each other. The lock is held.
func (o *Org) record(e *event) {
	o.log.seq++
	e.seq, e.persisted = o.log.seq, e.published
	if o.set.LogLag <= 0 && o.log.coming == 0 {
		o.log.stored = append(o.log.stored, e)
		return
	}
	lag := time.Duration((0.2 + 0.8*o.rng.Float64()) * float64(o.set.LogLag))
	e.persisted = e.published.Add(lag)
	o.log.coming++
	o.later(lag, func() {
		o.log.coming--
		o.log.stored = append(o.log.stored, e)
	})
}

// event is one that this call causes.
func (c *call) event(kind, message string, target *person) *event {
	e := &event{kind: kind, message: message, target: target, published: c.now, agent: c.request.UserAgent(),
		transaction: c.id, uri: c.request.URL.Path, actor: actor{"unknown", "User", "unknown", "unknown"}}
	e.ip, _, _ = net.SplitHostPort(c.request.RemoteAddr)
	switch {
	case c.who.app:
		e.actor = actor{c.who.id, "PublicClientApp", c.who.id, "factorbot"}
	case c.who.owner != nil:
		e.actor, e.token = actorOf(c.who.owner), c.who.id
	}
	return e
}

// violation is what a 429 leaves in the log.
func (c *call) violation(b *bucket) *event {
	e := c.event("system.org.rate_limit.violation", "Rate limit violation", nil)
	if limit := c.org.limitOf(b.name); b.remaining(limit) > 0 { // the token's share, not the org's limit
		e.kind = "system.operation.rate_limit.violation"
	}
	e.bucket, e.outcome, e.reason = b.name, "DENY", "Too many requests"
	return e
}

// uuid is the event's own, the same each time it is shown.
func (o *Org) uuid(e *event) string {
	return fmt.Sprintf("%08x-%s-11f0-9%s-%s", 0x5eed0000+e.seq, digits(o.id, 4), digits(e.transaction, 3), digits(e.kind+o.id, 12))
}

// eventBody is Okta's log event, with the fields and the nulls of recorded ones.
func (o *Org) eventBody(e *event) map[string]any {
	body := map[string]any{
		"uuid": o.uuid(e), "published": e.published.UTC().Format("2006-01-02T15:04:05.000Z"), "eventType": e.kind, "version": "0",
		"severity": "INFO", "displayMessage": e.message, "legacyEventType": legacyEvents[e.kind], "device": nil,
		"actor": map[string]any{"id": e.actor.id, "type": e.actor.kind, "alternateId": e.actor.alternate, "displayName": e.actor.name, "detailEntry": nil},
		"client": map[string]any{
			"userAgent": map[string]any{"rawUserAgent": e.agent, "os": "Unknown", "browser": "UNKNOWN"}, "zone": "null", "device": "Unknown",
			"id": nil, "ipAddress": e.ip, "geographicalContext": nowhere(),
		},
		"outcome":      map[string]any{"result": cmp.Or(e.outcome, "SUCCESS"), "reason": orNull(e.reason)},
		"target":       o.targets(e),
		"transaction":  map[string]any{"type": "WEB", "id": e.transaction, "detail": map[string]any{}},
		"debugContext": map[string]any{"debugData": debugData(e)},
		"authenticationContext": map[string]any{
			"authenticationProvider": nil, "credentialProvider": nil, "credentialType": nil, "issuer": nil, "interface": nil,
			"authenticationStep": 0, "externalSessionId": "trs" + e.transaction,
		},
		"securityContext": map[string]any{"asNumber": 64496, "asOrg": "example as", "isp": "example isp", "domain": "example.com", "isProxy": false},
		"request":         map[string]any{"ipChain": []map[string]any{{"ip": e.ip, "version": "V4", "source": nil, "geographicalContext": nowhere()}}},
	}
	if e.token != "" {
		body["transaction"].(map[string]any)["detail"] = map[string]any{"requestApiTokenId": e.token}
	}
	return body
}

// legacyEvents has the older names of event types, as far as they were recorded;
// of others Okta sends null.
var legacyEvents = map[string]any{
	"user.mfa.factor.reset_all": "core.user.factor.reset_all",
	"user.mfa.factor.activate":  "core.user.factor.activate",
}

// nowhere is where a call came from, of whose address only the country is known.
func nowhere() map[string]any {
	return map[string]any{
		"city": nil, "state": nil, "country": "Exampleland", "postalCode": nil,
		"geolocation": map[string]any{"lat": 10.5, "lon": 20.5},
	}
}

// targets are what the event is about; none are null. On Identity Engine an event
// about a factor names the authenticator's enrolment too (Okta's event catalog).
func (o *Org) targets(e *event) []map[string]any {
	target := func(id, kind, alternate, name string) map[string]any {
		return map[string]any{"id": id, "type": kind, "alternateId": alternate, "displayName": name, "detailEntry": nil}
	}
	switch {
	case e.target != nil:
		list := []map[string]any{target(e.target.id, "User", e.target.login, e.target.fullName())}
		if e.factor != nil && o.set.Engine == Identity {
			enrolment := target(e.factor.id, "AuthenticatorEnrollment", "unknown", e.factor.authenticator())
			if e.factor.verify() {
				enrolment["detailEntry"] = map[string]any{"methodTypeUsed": verifyMethods[e.factor.kind]}
			}
			list = append(list, enrolment)
		}
		return list
	case e.bucket != "":
		return []map[string]any{target(e.bucket, "URL Pattern", "unknown", "unknown"), target("bucket-"+digits(e.bucket, 8), "Bucket Uuid", "unknown", "unknown")}
	}
	return nil
}

func debugData(e *event) map[string]any {
	return map[string]any{"requestId": e.transaction, "dtHash": digits(e.transaction, 64), "requestUri": e.uri, "url": cmp.Or(e.url, e.uri+"?")}
}

// reportSuspicious is what Okta logs when a user presses "Report suspicious activity" in
// one of its mails: the user is the actor (the fields that published detection rules of
// Elastic, Panther and Splunk read). That the user is named as the target too is a guess.
func (o *Org) reportSuspicious(p *person) {
	o.record(&event{kind: "user.account.report_suspicious_activity_by_enduser", message: "User report suspicious activity",
		target: p, actor: actorOf(p), published: o.now(), agent: "Mozilla/5.0", transaction: randomID(22), uri: "/user/notifications/report-suspicious-activity", ip: "192.0.2.10"})
}
