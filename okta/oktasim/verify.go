package oktasim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// pushLife is how long a push waits for its answer (Okta, Verify a push factor).
const pushLife = 5 * time.Minute

// push is a question that a phone was asked.
type push struct {
	id      string
	person  *person
	factor  *factor
	asked   time.Time
	numbers []int  // that the phone offers; empty: a plain yes or no
	correct int    // the one that the client shows
	answer  string // what the person answered: "SUCCESS", "REJECTED"; "": nothing yet
}

// verification is what a client sends to /verify.
type verification struct {
	PassCode string `json:"passCode"`
	Answer   string `json:"answer"`
	Numbers  bool   `json:"useNumberMatchingChallenge"`
}

// verifyFactor is POST /users/{userId}/factors/{factorId}/verify: push and
// WebAuthn begin a transaction or challenge, SMS, call and e-mail send a code
// first, everything else is answered at once.
func (c *call) verifyFactor(e enrolment) answer {
	p, f := e.person, e.factor
	var given verification
	if len(c.body) > 0 && json.Unmarshal(c.body, &given) != nil {
		return okta("E0000003").answer()
	}
	if f.status != "ACTIVE" {
		return okta("E0000079").answer()
	}
	switch f.kind {
	case "push", "signed_nonce":
		return c.askPhone(p, f, given.Numbers && c.org.set.NumberMatching)
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
	case code != Passcode(f.id):
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

// askPhone sends a push, with three numbers to choose from where the client wants that
// and the org has the feature. That an org without it sends a push without numbers is a
// guess: Okta's description only says that both answers exist.
func (c *call) askPhone(p *person, f *factor, numbered bool) answer {
	asked := &push{id: "v2mst." + randomID(22), person: p, factor: f, asked: c.now}
	c.org.pushes[asked.id] = asked
	if numbered {
		for len(asked.numbers) < 3 {
			if n := 10 + c.org.rng.IntN(90); !slices.Contains(asked.numbers, n) {
				asked.numbers = append(asked.numbers, n)
			}
		}
		asked.correct = asked.numbers[c.org.rng.IntN(3)]
	}
	c.org.record(c.event("system.push.send_factor_verify_push", "Send Push verify message", p))
	body := c.waiting(asked)
	body["expiresAt"] = c.org.stamp(c.now.Add(pushLife))
	return created(body)
}

// waiting is the answer while nobody has answered the phone.
func (c *call) waiting(asked *push) map[string]any {
	at := c.transactionURL(asked.person, asked.factor, asked.id)
	body := map[string]any{"factorResult": "WAITING", "_links": map[string]any{"poll": allow(at, "GET"), "cancel": allow(at, "DELETE")}}
	if len(asked.numbers) > 0 {
		body["_embedded"] = map[string]any{"challenge": map[string]any{"correctAnswer": asked.correct}}
	}
	return body
}

// pollPush is GET .../transactions/{transactionId}.
func (c *call) pollPush(e enrolment) answer {
	p, f := e.person, e.factor
	asked := c.org.pushes[c.params[2]]
	if asked == nil || asked.factor != f {
		return notFound(c.params[2], "FactorTransaction").answer()
	}
	result := c.org.pushResult(asked, c.now)
	body := map[string]any{"factorResult": result}
	verify := allow(c.base()+"/api/v1/users/"+p.id+"/factors/"+f.id+"/verify", "POST")
	switch result {
	case "WAITING":
		body = c.waiting(asked)
		body["profile"] = f.profile(p)
	case "REJECTED", "TIMEOUT":
		body["profile"], body["_links"] = f.profile(p), map[string]any{"verify": verify}
	}
	return ok(body)
}

// pushResult is what has come of a push by now.
func (o *Org) pushResult(asked *push, now time.Time) string {
	answered := o.set.PushAfter < pushLife && !now.Before(asked.asked.Add(o.set.PushAfter))
	over := now.After(asked.asked.Add(pushLife))
	switch {
	case asked.answer != "":
		return asked.answer
	case answered && o.set.PushAnswer == "approve":
		asked.answer = "SUCCESS"
	case answered && o.set.PushAnswer == "reject":
		asked.answer = "REJECTED"
	case over:
		return "TIMEOUT"
	default:
		return "WAITING"
	}
	return asked.answer
}

// Push is a question on somebody's phone that nobody has answered yet.
type Push struct {
	ID      string    `json:"id"`
	Login   string    `json:"login"`
	Email   string    `json:"email"`
	Device  string    `json:"device"`
	Numbers []int     `json:"numbers,omitempty"` // to choose from; none: a plain yes or no
	Expires time.Time `json:"expires"`
}

// Pushes are the questions that wait on phones, the oldest first.
func (o *Org) Pushes() []Push {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.waitingPushes(o.now())
}

func (o *Org) waitingPushes(now time.Time) []Push {
	list := []Push{}
	for _, p := range o.pushes {
		if o.pushResult(p, now) == "WAITING" {
			name, _ := p.factor.profile(p.person)["name"].(string)
			list = append(list, Push{p.id, p.person.login, p.person.email, name, p.numbers, p.asked.Add(pushLife)})
		}
	}
	slices.SortFunc(list, func(a, b Push) int { return cmp.Or(a.Expires.Compare(b.Expires), cmp.Compare(a.ID, b.ID)) })
	return list
}

// tap is what a person does on the phone.
type tap struct {
	Push   string `json:"push"`
	Number int    `json:"number"` // the one chosen; 0 where the phone offers none
	Reject bool   `json:"reject"` // "No, it's not me"
}

// answerPush takes a person's answer. What a wrong number leads to is in no document of
// Okta's: the setting push_wrong says REJECTED, or that the push goes on waiting.
func (o *Org) answerPush(t tap, now time.Time) error {
	asked := o.pushes[t.Push]
	switch {
	case asked == nil || o.pushResult(asked, now) != "WAITING":
		return fmt.Errorf("no push %q waits", t.Push)
	case t.Reject:
		asked.answer = "REJECTED"
	case len(asked.numbers) == 0 || t.Number == asked.correct:
		asked.answer = "SUCCESS"
	case o.set.PushWrong == "reject":
		asked.answer = "REJECTED"
	}
	return nil
}

// Passcode is the code, or the answer to the question, that verifies a factor.
func Passcode(factorID string) string { return digits("code "+factorID, 6) }
