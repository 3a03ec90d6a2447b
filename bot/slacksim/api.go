package slacksim

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed methods.json
var methodsJSON []byte

// method is a method of the Web API: what its documentation page says, and what
// it does.
type method struct {
	name      string
	scopes    []string // any of these; conversations.* then look at the conversation's kind
	tier      string   // t1..t5
	takesJSON bool     // a JSON body, too
	required  []string
	numbers   []string // arguments that must be numbers
	do        handler
}

// call is one call of a method, after its token was checked.
type call struct {
	*method
	args
	now time.Time
}

// refusal is an error of the Web API: {"ok":false,"error":"..."}.
type refusal struct {
	code     string
	messages []string // response_metadata.messages
	extra    object   // needed, provided, errors
}

func (e *refusal) Error() string { return e.code }

func refuse(code string, messages ...string) error {
	return &refusal{code: code, messages: messages}
}

// methodPage is what methods.json has of a method's page in Slack's documents.
type methodPage struct {
	Scope     map[string][]string `json:"scope"`
	RateLimit string              `json:"rate_limits"`
	JSON      bool                `json:"json_input_supported"`
	Args      struct {
		Required   []string                  `json:"required"`
		Properties map[string]map[string]any `json:"properties"`
	} `json:"args"`
}

// methodTable joins the pages of methods.json with the functions behind them. A page
// without a function is an error, and so is a function without a page.
func methodTable(pages []byte, code map[string]handler) (map[string]*method, error) {
	var doc struct {
		Methods map[string]json.RawMessage `json:"methods"`
	}
	if err := json.Unmarshal(pages, &doc); err != nil {
		return nil, err
	}
	table := map[string]*method{}
	for name, do := range code {
		m, err := readMethod(name, doc.Methods[name])
		if err != nil {
			return nil, fmt.Errorf("%s in methods.json: %w", name, err)
		}
		m.do = do
		table[name] = m
		delete(doc.Methods, name)
	}
	for name := range doc.Methods {
		return nil, fmt.Errorf("%s is in methods.json, with nothing behind it in methods.go", name)
	}
	return table, nil
}

func readMethod(name string, raw json.RawMessage) (*method, error) {
	if raw == nil {
		return nil, errors.New("has no page")
	}
	var p methodPage
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	m := &method{
		name: name, scopes: p.Scope["bot"], tier: p.RateLimit, takesJSON: p.JSON,
		required: slices.DeleteFunc(p.Args.Required, func(s string) bool { return s == "token" }),
	}
	for arg, p := range p.Args.Properties {
		if p["type"] == "integer" || p["type"] == "number" {
			m.numbers = append(m.numbers, arg)
		}
	}
	return m, nil
}

// serveAPI answers POST or GET /api/METHOD.
func (w *Workspace) serveAPI(rw http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(rw, r.Body, maxBody)
	name := r.PathValue("method")
	m := w.methods[name]
	if m == nil {
		writeJSON(rw, http.StatusOK, object{"ok": false, "error": "unknown_method", "req_method": name})
		return
	}
	a, warning, err := readArgs(r, m.takesJSON)
	fault := w.fault(m.name)
	if fault.before(rw, r) {
		return
	}
	body, err := w.call(&call{method: m, args: a, now: time.Now()}, bearer(r), warning, err)
	if fault.fault == faultLost {
		hangUp(rw) // the effect is there, the answer is not
		return
	}
	w.answer(rw, m, err, body)
}

// call returns the answer to a call whose arguments may be wrong already. Slack puts a
// warning both on top and under response_metadata. The answer is encoded while the lock is
// held, because what it holds may change afterwards.
func (w *Workspace) call(c *call, token, warning string, wrong error) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	answer, err := object(nil), wrong
	if wrong == nil {
		answer, err = w.perform(c, token)
	}
	if err != nil {
		answer = refusalBody(err)
	}
	if warning != "" {
		meta, _ := answer["response_metadata"].(object)
		if meta == nil {
			meta = object{}
		}
		meta["warnings"] = []string{warning}
		answer["warning"], answer["response_metadata"] = warning, meta
	}
	body, failed := json.Marshal(answer)
	return body, cmp.Or(err, failed)
}

// perform checks token, rate, scope and arguments, in this order, and calls.
func (w *Workspace) perform(c *call, token string) (object, error) {
	w.books.Calls[c.name]++
	if err := w.checkToken(c, token); err != nil {
		return nil, err
	}
	if err := w.takeRate(c); err != nil {
		return nil, err
	}
	if err := w.checkScope(c.name, c.scopes...); err != nil {
		return nil, err
	}
	if err := c.checkArgs(); err != nil {
		return nil, err
	}
	reply, err := c.do(w, c)
	if err != nil {
		return nil, err
	}
	if reply == nil {
		reply = object{}
	}
	reply["ok"] = true
	return reply, nil
}

// bearer returns the token of the Authorization header; the scheme's name is
// case-sensitive at Slack.
func bearer(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return strings.TrimSpace(token)
}

func (w *Workspace) checkToken(c *call, token string) error {
	want, other := w.settings.BotToken, w.settings.AppToken
	if c.name == "apps.connections.open" {
		want, other = other, want
	} else {
		token = cmp.Or(token, c.str("token"))
	}
	switch {
	case token == "":
		return refuse("not_authed")
	case w.settings.TokenRevoked:
		return refuse("token_revoked")
	case token == want:
		return nil
	case token == other:
		return refuse("not_allowed_token_type")
	}
	return refuse("invalid_auth")
}

// checkScope refuses unless the bot token has one of the scopes.
func (w *Workspace) checkScope(method string, scopes ...string) error {
	if len(scopes) == 0 {
		return nil
	}
	for _, s := range scopes {
		if slices.Contains(w.settings.Scopes, s) {
			w.books.use(method, s)
			return nil
		}
	}
	return &refusal{code: "missing_scope", extra: object{
		"needed": strings.Join(scopes, ","), "provided": strings.Join(w.settings.Scopes, ","),
	}}
}

// checkArgs refuses a call that lacks a required argument or has text where a
// number belongs. users.info says user_not_found instead.
func (c *call) checkArgs() error {
	var messages []string
	for _, name := range c.required {
		if !c.has(name) {
			messages = append(messages, "[ERROR] missing required field: "+name)
		}
	}
	if messages != nil && c.name == "users.info" {
		return refuse("user_not_found")
	}
	for _, name := range c.numbers {
		if _, err := strconv.ParseFloat(c.str(name), 64); c.has(name) && err != nil {
			messages = append(messages, "[ERROR] must be a number [json-pointer:/"+name+"]")
		}
	}
	if messages != nil {
		return refuse("invalid_arguments", messages...)
	}
	return nil
}

// refusalBody is the answer that tells an error.
func refusalBody(err error) object {
	var e *refusal
	if !errors.As(err, &e) {
		e = &refusal{code: "internal_error"}
	}
	reply := object{"ok": false, "error": e.code}
	maps.Copy(reply, e.extra)
	if e.messages != nil {
		reply["response_metadata"] = object{"messages": e.messages}
	}
	return reply
}

// answer writes the answer of a method with the headers that Slack sets.
func (w *Workspace) answer(rw http.ResponseWriter, m *method, err error, body []byte) {
	status := http.StatusOK
	w.mu.Lock()
	provided := strings.Join(w.settings.Scopes, ",")
	var limited *rateLimited
	if errors.As(err, &limited) {
		status = http.StatusTooManyRequests
		rw.Header().Set("Retry-After", strconv.Itoa(limited.seconds))
		body = []byte(`{"ok":false,"error":"ratelimited"}`)
		w.books.RateLimited[m.name]++
	} else if err != nil {
		w.books.Refused[m.name+" "+err.Error()]++
	}
	w.mu.Unlock()
	h := rw.Header()
	var refused *refusal
	if !errors.As(err, &refused) || refused.code != "not_authed" { // no token, no scopes to tell
		h.Set("X-OAuth-Scopes", provided)
		h.Set("X-Accepted-OAuth-Scopes", strings.Join(m.scopes, ","))
	}
	h.Set("X-Slack-Req-Id", strconv.FormatInt(time.Now().UnixNano(), 36))
	h.Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write(body)
}

func writeJSON(rw http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(rw, "internal_error", http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write(body)
}
