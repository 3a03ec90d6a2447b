package oktasim

import (
	"fmt"
	"net/http"
)

// apiError is one of Okta's errors. Status and summary of each code are those
// of Okta's published list (testdata/okta-error-codes.json keeps them honest).
type apiError struct {
	status  int
	code    string // "E0000007"
	summary string
	causes  []string
}

func (e *apiError) Error() string { return e.code + ": " + e.summary }

// known is the part of Okta's list that this org can answer with. Summaries
// that end in a placeholder there end here before it.
var known = map[string]apiError{
	"E0000001": {status: 400, summary: "Api validation failed: "},
	"E0000003": {status: 400, summary: "The request body was not well-formed."},
	"E0000004": {status: 401, summary: "Authentication failed"},
	"E0000005": {status: 403, summary: "Invalid session"},
	"E0000006": {status: 403, summary: "You do not have permission to perform the requested action"},
	"E0000007": {status: 404, summary: "Not found: "},
	"E0000008": {status: 404, summary: "The requested path was not found"},
	"E0000009": {status: 500, summary: "Internal Server Error"},
	"E0000010": {status: 503, summary: "Service is in read only mode"},
	"E0000011": {status: 401, summary: "Invalid token provided"},
	"E0000015": {status: 401, summary: "You do not have permission to access the feature you are requesting"},
	"E0000022": {status: 405, summary: "The endpoint does not support the provided HTTP method"},
	"E0000029": {status: 400, summary: "Invalid paging request."},
	"E0000031": {status: 400, summary: "Invalid search criteria."},
	"E0000033": {status: 400, summary: "Bad request. Can't specify a search query and filter in the same request."},
	"E0000038": {status: 403, summary: "This operation is not allowed in the user's current status."},
	"E0000047": {status: 429, summary: "API call exceeded rate limit due to too many requests."},
	"E0000053": {status: 400, summary: "Invalid SCIM filter."},
	"E0000067": {status: 504, summary: "Factors Service Error."},
	"E0000068": {status: 403, summary: "Invalid Passcode/Answer"},
	"E0000069": {status: 403, summary: "User Locked"},
	"E0000079": {status: 403, summary: "This operation is not allowed in the current authentication state."},
	"E0000094": {status: 400, summary: "The provided filter is unsupported."},
	"E0000112": {status: 409, summary: "Cannot update this user because they are still being activated. Please try again in a few minutes."},
	"E0000155": {status: 423, summary: "User is not currently active."},
}

// okta is the error with this code; causes fill errorCauses.
func okta(code string, causes ...string) *apiError {
	e := known[code]
	e.code, e.causes = code, causes
	return &e
}

// invalid is the general validation error, E0000001, about one parameter.
func invalid(field, problem string) *apiError {
	e := okta("E0000001", field+": "+problem)
	e.summary += field
	return e
}

// notFound is Okta's answer for a thing that does not exist: kind is Okta's
// name of its type, such as User or UserFactor.
func notFound(id, kind string) *apiError {
	e := okta("E0000007")
	e.summary += fmt.Sprintf("Resource not found: %s (%s)", id, kind)
	return e
}

// answer is Okta's error object.
func (e *apiError) answer() answer {
	causes := make([]map[string]string, len(e.causes))
	for i, cause := range e.causes {
		causes[i] = map[string]string{"errorSummary": cause}
	}
	return answer{status: e.status, body: map[string]any{
		"errorCode": e.code, "errorSummary": e.summary, "errorLink": e.code,
		"errorId": "oae" + randomID(22), "errorCauses": causes,
	}}
}

// oauthFail is the error form of the token endpoint (RFC 6749, 5.2).
func oauthFail(status int, code, description string) answer {
	return answer{status: status, body: map[string]string{"error": code, "error_description": description},
		header: http.Header{"Cache-Control": {"no-store"}, "Pragma": {"no-cache"}}}
}
