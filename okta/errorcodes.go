package okta

import "net/http"

// verdict is what an answer means: what to call it, what it did, and what a
// person should do about it.
type verdict struct {
	kind   Kind
	effect Effect
	advice string
}

const (
	adviceAuth       = "Okta no longer accepts the bot's token or key. Create a new one, or look in the System Log whether it was revoked or used from a wrong address; then resume."
	adviceScope      = "The service app lacks an OAuth scope that this call needs: let a super administrator grant it under Okta API Scopes, then resume."
	adviceForbidden  = "The bot's role doesn't cover these users: ask a super administrator to widen it, then resume."
	adviceStatus     = "Okta doesn't allow it in the user's status: activate, unlock or unsuspend the user first."
	adviceNotFound   = "Okta knows no such user or factor now: check the ID, it may have been deleted."
	adviceRate       = "Okta's rate limit is used up, most likely by other applications too: it goes on by itself when the window ends."
	adviceConcurrent = "Too many calls run in the org at once: it goes on by itself, with fewer."
	adviceInvalid    = "Okta refused the call as malformed: report it with the request ID."
	adviceExpression = "Okta doesn't understand this search: correct the expression (property, operator, value in double quotes)."
	adviceServer     = "Okta had a fault of its own: look at status.okta.com; it's checked and tried again."
	adviceReadOnly   = "Okta is in read-only mode for maintenance: look at status.okta.com and resume when it has ended."
	adviceNetwork    = "Okta can't be reached, or the connection broke: check network, proxy and DNS, then resume."
	adviceRedirect   = "The org URL answers with a redirect: set it to the org's own address, https://ORG.okta.com."
	adviceLate       = "The bot's machine was too slow or asleep: nothing was sent, it starts over."
	adviceFeature    = "The org lacks a feature for this call, or the bot's role doesn't cover it: ask a super administrator, then Okta's support."
	adviceMethod     = "Okta doesn't offer this call here: report it with the request ID."
	adviceDPoP       = "Okta doesn't accept the proof that goes with the token (DPoP): check the clock of this machine and whether a proxy changes the address, then resume."
	adviceToken      = "Okta no longer took the access token: another one is asked for, it goes on by itself."
	adviceKey        = "Okta doesn't accept the client ID or the private key: check both, the key's ID, and the clock of this machine."
	adviceCursor     = "The list changed while it was read: ask again."
	adviceEdge       = "The answer came from something before Okta, such as a proxy or a gateway, not from Okta itself: check OKTA_ORG_URL, or try again."
	adviceLocked     = "The user is being changed or is locked at this moment: try that user again later."
)

// codeNotAllowed comes with 401 and means that the org or the role does not have the
// feature, not that the token is dead (35 recordings).
const codeNotAllowed = "E0000015"

// byCode has the E-codes whose meaning is not that of their status alone, and
// OAuth's words. Codes and statuses as in Okta's error code list
// (developer.okta.com/docs/reference/error-codes).
var byCode = map[string]verdict{
	"E0000004":     {KindAuth, EffectRefused, adviceAuth},
	"E0000005":     {KindAuth, EffectRefused, adviceAuth},
	"E0000011":     {KindAuth, EffectRefused, adviceAuth},
	"E0000006":     {KindForbidden, EffectRejected, adviceForbidden},
	"E0000007":     {KindNotFound, EffectRejected, adviceNotFound},
	"E0000008":     {KindNotFound, EffectRejected, adviceMethod},
	"E0000010":     {KindServer, EffectDoubt, adviceReadOnly},
	codeNotAllowed: {KindForbidden, EffectRejected, adviceFeature},
	"E0000022":     {KindInvalid, EffectRejected, adviceMethod},
	"E0000031":     {KindExpression, EffectRejected, adviceExpression},
	"E0000033":     {KindExpression, EffectRejected, adviceExpression},
	"E0000038":     {KindStatus, EffectRejected, adviceStatus},
	"E0000047":     {KindRateLimited, EffectRefused, adviceRate},
	"E0000069":     {KindStatus, EffectRejected, adviceStatus},
	"E0000094":     {KindExpression, EffectRejected, adviceExpression},
	"E0000112":     {KindStatus, EffectRejected, adviceLocked},
	"E0000155":     {KindStatus, EffectRejected, adviceLocked},
	"E0000239":     {KindStatus, EffectRejected, adviceLocked},

	"insufficient_scope": {KindScope, EffectRejected, adviceScope},
	"invalid_scope":      {KindScope, EffectRefused, adviceScope},
	"consent_required":   {KindScope, EffectRefused, adviceScope},
	"invalid_token":      {KindAuth, EffectRefused, adviceAuth},
	"invalid_client":     {KindAuth, EffectRefused, adviceKey},
	"invalid_dpop_proof": {KindAuth, EffectRefused, adviceDPoP},
	"use_dpop_nonce":     {KindAuth, EffectRefused, adviceDPoP},
}

var byStatus = map[int]verdict{
	http.StatusBadRequest:        {KindInvalid, EffectRejected, adviceInvalid},
	http.StatusUnauthorized:      {KindAuth, EffectRefused, adviceAuth},
	http.StatusForbidden:         {KindForbidden, EffectRejected, adviceForbidden},
	http.StatusNotFound:          {KindNotFound, EffectRejected, adviceNotFound},
	http.StatusMethodNotAllowed:  {KindInvalid, EffectRejected, adviceMethod},
	http.StatusRequestTimeout:    {KindServer, EffectDoubt, adviceServer},
	http.StatusRequestURITooLong: {KindExpression, EffectRejected, adviceExpression},
	http.StatusLocked:            {KindStatus, EffectRejected, adviceLocked},
	http.StatusTooManyRequests:   {KindRateLimited, EffectRefused, adviceRate},
}

// verdictFor is the one table from HTTP status and code to what they mean.
// A 5xx is always in doubt, whatever its code says: the call had reached Okta.
func verdictFor(status int, code string) verdict {
	v, known := byCode[code]
	switch {
	case status >= 500:
		if known && v.effect == EffectDoubt {
			return v
		}
		return verdict{KindServer, EffectDoubt, adviceServer}
	case status == http.StatusUnauthorized:
		switch {
		case known && (v.kind == KindAuth || v.kind == KindScope):
			return verdict{v.kind, EffectRefused, v.advice}
		case known: // E0000015: the token lives, this call is not allowed
			return v
		}
		return byStatus[status]
	case status == http.StatusTooManyRequests:
		return byStatus[status]
	case known && status >= 400:
		return v
	case status >= 300 && status < 400:
		return verdict{KindRedirect, EffectRejected, adviceRedirect}
	case status >= 200 && status < 300:
		return verdict{KindServer, EffectDoubt, adviceServer}
	}
	if v, ok := byStatus[status]; ok {
		return v
	}
	return verdict{KindInvalid, EffectRejected, adviceInvalid}
}

// byKind has the advice for failures that have no status of their own.
var byKind = map[Kind]string{
	KindNetwork: adviceNetwork, KindConcurrency: adviceConcurrent, KindLate: adviceLate, KindToken: adviceToken, KindServer: adviceServer,
}

func statusWords(status int) string {
	if status >= 200 && status < 300 {
		return "an answer that isn't Okta's"
	}
	if t := http.StatusText(status); t != "" {
		return t
	}
	return "unknown status"
}
