package oktasim

import (
	"encoding/json"
	"time"
)

// pushLife is how long a push waits for its answer (Okta, Verify a push factor).
const pushLife = 5 * time.Minute

// push is a question that a phone was asked.
type push struct {
	factor *factor
	asked  time.Time
}

// verification is what a client sends to /verify.
type verification struct {
	PassCode string `json:"passCode"`
	Answer   string `json:"answer"`
}

// verifyFactor is POST /users/{userId}/factors/{factorId}/verify: push and
// WebAuthn begin a transaction or challenge, SMS, call and e-mail send a code
// first, everything else is answered at once.
func (c *call) verifyFactor() answer {
	p, f, refused := c.ownFactor()
	if refused != nil {
		return refused.answer()
	}
	var given verification
	if len(c.body) > 0 && json.Unmarshal(c.body, &given) != nil {
		return okta("E0000003").answer()
	}
	if f.status != "ACTIVE" {
		return okta("E0000079").answer()
	}
	switch f.kind {
	case "push", "signed_nonce":
		return c.askPhone(p, f)
	case "webauthn", "u2f":
		return c.challenge(p, f)
	}
	code := given.PassCode
	if f.kind == "question" {
		code = given.Answer
	}
	sent := f.kind == "sms" || f.kind == "call" || f.kind == "email"
	switch {
	case code == "" && sent:
		return c.challenge(p, f)
	case code == "":
		return invalid("passCode", "The field cannot be left blank").answer()
	case code != passcode(f.id):
		return okta("E0000068", "Your passcode doesn't match our records. Please try again.").answer()
	}
	return ok(map[string]string{"factorResult": "SUCCESS"})
}

// challenge answers that a code or assertion is awaited. The profile that Okta
// may add is left out: its description has it as an object of objects.
func (c *call) challenge(p *person, f *factor) answer {
	link := allow(c.base()+"/api/v1/users/"+p.id+"/factors/"+f.id+"/verify", "POST")
	return ok(map[string]any{"factorResult": "CHALLENGE", "expiresAt": c.org.stamp(c.now.Add(pushLife)),
		"_links": map[string]any{"verify": link}})
}

func (c *call) askPhone(p *person, f *factor) answer {
	id := "v2mst." + randomID(22)
	c.org.pushes[id] = &push{factor: f, asked: c.now}
	c.org.record(c.event("system.push.send_factor_verify_push", "Send Push verify message", p))
	at := c.transactionURL(p, f, id)
	return created(map[string]any{"factorResult": "WAITING", "expiresAt": c.org.stamp(c.now.Add(pushLife)),
		"_links": map[string]any{"poll": allow(at, "GET"), "cancel": allow(at, "DELETE")}})
}

// pollPush is GET .../transactions/{transactionId}.
func (c *call) pollPush() answer {
	p, f, refused := c.ownFactor()
	if refused != nil {
		return refused.answer()
	}
	asked := c.org.pushes[c.params[2]]
	if asked == nil || asked.factor != f {
		return notFound(c.params[2], "FactorTransaction").answer()
	}
	result := c.org.pushResult(asked, c.now)
	body := map[string]any{"factorResult": result}
	at := c.transactionURL(p, f, c.params[2])
	verify := allow(c.base()+"/api/v1/users/"+p.id+"/factors/"+f.id+"/verify", "POST")
	switch result {
	case "WAITING":
		body["profile"], body["_links"] = f.profile(p), map[string]any{"poll": allow(at, "GET"), "cancel": allow(at, "DELETE")}
	case "REJECTED", "TIMEOUT":
		body["profile"], body["_links"] = f.profile(p), map[string]any{"verify": verify}
	}
	return ok(body)
}

// pushResult is what has come of a push by now.
func (o *Org) pushResult(asked *push, now time.Time) string {
	answered := !now.Before(asked.asked.Add(o.set.PushAfter))
	switch {
	case answered && o.set.PushAnswer == "approve":
		return "SUCCESS"
	case answered && o.set.PushAnswer == "reject":
		return "REJECTED"
	case now.After(asked.asked.Add(pushLife)):
		return "TIMEOUT"
	}
	return "WAITING"
}

// passcode is the code (or the answer to the question) that verifies a factor.
func passcode(factorID string) string { return digits("code "+factorID, 6) }
