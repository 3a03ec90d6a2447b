package okta

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"

	"factorbot/okta/internal/wire"
)

// Effect is what a failed call may have done at Okta.
type Effect string

const (
	EffectNone     Effect = "not_sent" // nothing left this machine
	EffectRefused  Effect = "refused"  // 429 or 401: Okta did nothing, it may be sent again
	EffectRejected Effect = "rejected" // a final no: Okta did nothing and will not
	EffectDoubt    Effect = "doubt"    // sent, and nobody knows
)

// Kind is what went wrong, as a word that callers can decide on.
type Kind string

const (
	KindForbidden   Kind = "forbidden"    // 403, or 401 E0000015: the role or the org does not allow this call or user
	KindNotFound    Kind = "not_found"    // 404 with an error of Okta's
	KindStatus      Kind = "status"       // E0000038: not in the user's status
	KindAuth        Kind = "auth"         // 401: token or key revoked, expired, wrong
	KindToken       Kind = "token"        // 401: the access token had to be replaced, or its proof made again
	KindScope       Kind = "scope"        // OAuth scope missing
	KindRateLimited Kind = "rate_limited" // 429 of a bucket
	KindConcurrency Kind = "concurrency"  // 429 of the org's calls at once
	KindInvalid     Kind = "invalid"      // 400: the call was malformed
	KindExpression  Kind = "expression"   // 400 or 414: a search that Okta does not take
	KindCursor      Kind = "cursor"       // 400: the cursor of a next page that Okta no longer knows
	KindTruncated   Kind = "truncated"    // a list that Okta does not show to its end
	KindServer      Kind = "server"       // 5xx, or an answer that is not Okta's
	KindNetwork     Kind = "network"      // dial, TLS, timeout, dropped connection
	KindRedirect    Kind = "redirect"     // 3xx: not followed
	KindLate        Kind = "late"         // too long after the journal's commit
	KindUnsafeID    Kind = "unsafe_id"    // not sent: the ID has not Okta's shape
	KindCanceled    Kind = "canceled"     // the caller gave up
	KindClosed      Kind = "closed"       // the client is closed
)

// Error is every failure that leaves this package, wrapped or not.
type Error struct {
	Op        string   // "reset factors"
	Effect    Effect   // for a read: what a write would mean
	Kind      Kind     // a word to decide on
	Status    int      // HTTP status, 0 without an answer
	Code      string   // "E0000007", or OAuth's word such as "invalid_scope"
	Summary   string   // Okta's sentence, or ours; never a secret
	RequestID string   // X-Okta-Request-Id
	Causes    []string // Okta's errorCauses
	At        time.Time
	RetryAt   time.Time // zero, or when Okta may be asked again, by our clock
	Answered  bool      // Okta itself answered, with an error body of its own
	Advice    string    // a sentence: what a person should do next
	err       error
}

// Error names operation, status, code and Okta's sentence. It shows no
// advice, no URL and no header.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	b.WriteString(": ")
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d ", e.Status)
	}
	if e.Code != "" {
		b.WriteString(e.Code + " ")
	}
	b.WriteString(e.Summary)
	if len(e.Causes) > 0 {
		b.WriteString(" (" + strings.Join(e.Causes, "; ") + ")")
	}
	return strings.TrimSpace(b.String())
}

// Unwrap gives the cause. It never leads to io.EOF: the SDK replays a POST
// without bound on that.
func (e *Error) Unwrap() error { return e.err }

// IsKind says whether err holds an Error of one of the kinds.
func IsKind(err error, kinds ...Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(kinds, e.Kind)
}

// lost is the Error of a call that got no usable answer.
func lost(op string, effect Effect, kind Kind, summary string, cause error) *Error {
	e := &Error{Op: op, Effect: effect, Kind: kind, Summary: summary}
	if errors.Is(cause, context.Canceled) {
		e.err = context.Canceled
		if kind == KindNetwork {
			e.Kind = KindCanceled
		}
	} else if errors.Is(cause, context.DeadlineExceeded) {
		e.err = context.DeadlineExceeded
	}
	e.Advice = byKind[e.Kind]
	return e
}

// answered makes the Error of an answer: status and E-code through the table,
// words from the SDK's parse of the body.
func answered(op string, ans answer, body error) *Error {
	e := &Error{Op: op, Status: ans.status, RequestID: ans.requestID, At: ans.date, RetryAt: ans.retryAt}
	if okta, ok := errors.AsType[*sdk.Error](body); ok {
		e.Code = okta.ErrorCode
		e.Summary = cmp.Or(okta.ErrorSummary, okta.ErrorDescription, okta.ErrorMessage)
		if e.Code == "" && ans.oauthError == "" {
			e.Code = okta.ErrorMessage
		}
		e.Answered = okta.ErrorCode != "" || okta.ErrorMessage != "" || okta.ErrorDescription != ""
		for _, cause := range okta.ErrorCauses {
			if s, ok := cause["errorSummary"].(string); ok && s != "" {
				e.Causes = append(e.Causes, clip(s, 300))
			}
		}
	}
	if ans.oauthError != "" {
		e.Code, e.Answered = ans.oauthError, true
	}
	e.Summary = clip(cmp.Or(e.Summary, statusWords(ans.status)), 500)
	v := verdictFor(ans.status, e.Code)
	switch {
	case e.staleCursor():
		v = verdict{KindCursor, EffectRefused, adviceCursor}
	case !strings.HasPrefix(e.Code, "E") && (ans.status == http.StatusNotFound || ans.status == http.StatusForbidden && e.Code == "" && !ans.ours):
		v = verdict{KindServer, EffectDoubt, adviceEdge}
	}
	e.Kind, e.Effect, e.Advice = v.kind, v.effect, v.advice
	if ans.kind != "" {
		e.Kind, e.Advice = ans.kind, cmp.Or(byKind[ans.kind], e.Advice)
	}
	return e
}

// staleCursor says whether Okta no longer knows the cursor of a next page. It says
// so with two codes that mean other things as well (recorded: E0000029 for a list of
// applications, E0000031 for a search).
func (e *Error) staleCursor() bool {
	if e.Code != "E0000029" && e.Code != "E0000031" {
		return false
	}
	return slices.ContainsFunc(e.Causes, func(cause string) bool { return strings.HasPrefix(strings.ToLower(cause), "invalid cursor") })
}

// clip cuts to n runes and says so.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// networkWords says what a network failure was, in few words: the error itself
// can hold a URL with logins or a search in it.
func networkWords(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "given up"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, errTimeout):
		return "timed out"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was reset"
	}
	if p, ok := errors.AsType[*wire.ProxyError](err); ok {
		return clip(p.Error(), 250)
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return "no address for " + clip(dns.Name, 100)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate isn't trusted"
	}
	if t, ok := errors.AsType[net.Error](err); ok && t.Timeout() {
		return "timed out"
	}
	return "network failure"
}
