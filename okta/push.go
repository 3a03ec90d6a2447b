package okta

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"

	"factorbot/okta/internal/wire"
)

// pushFactor is the type of Okta Verify with push.
const pushFactor = "push"

// Device is an ACTIVE Okta Verify enrolment that can be asked by push.
type Device struct {
	FactorID string
	Name     string    // "Ana's phone", as the person named it; may be empty
	Created  time.Time // by Okta's clock
	Updated  time.Time
}

// Devices lists a user's active Okta Verify push enrolments, the one that changed
// last first. Another provider's push (CUSTOM) has no number challenge.
func (c *Client) Devices(ctx context.Context, userID string) ([]Device, error) {
	const op = "list devices"
	if !IsUserID(userID) {
		return nil, unsafeID(op, "the user ID")
	}
	type wireDevice struct {
		Factor
		Profile struct {
			Name text `json:"name"`
		} `json:"profile"`
	}
	list, _, err := readList[wireDevice](ctx, c, op, "/api/v1/users/"+userID+"/factors", nil)
	if err != nil {
		return nil, err
	}
	var devices []Device
	for _, f := range list {
		if f.Type == pushFactor && f.Provider == "OKTA" && f.Status == "ACTIVE" && IsFactorID(f.ID) {
			devices = append(devices, Device{FactorID: f.ID, Name: clip(string(f.Profile.Name), 60), Created: f.Created, Updated: f.LastUpdated})
		}
	}
	slices.SortStableFunc(devices, func(a, b Device) int { return b.Updated.Compare(a.Updated) })
	return devices, nil
}

// Challenge is a push that was sent and waits for its answer.
type Challenge struct {
	Transaction string
	Number      int       // to be shown to the person; meaningful only if Numbered
	Numbered    bool      // Okta asks for a number; false: a plain yes or no would do
	ExpiresAt   time.Time // by Okta's clock; zero: Okta does not say
	RequestID   string
}

// transactionPattern is the shape of a transaction's ID, which Okta does not document:
// what stays within its path segment. Okta's examples are as "v2mst.GldKV5VxTrifyeZmWSQguA".
var transactionPattern = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$`)

// Challenge asks a user's device by push, with a number to choose (Okta's OpenAPI
// document, verifyFactor). It never repeats: a second push would confuse the person,
// and an Error says what came of the first.
func (c *Client) Challenge(ctx context.Context, userID, factorID string) (Challenge, error) {
	const op = "issue a challenge"
	if !IsUserID(userID) || !IsFactorID(factorID) {
		return Challenge{}, unsafeID(op, "the user's or the factor's ID")
	}
	if err := c.auth.ready(ctx); err != nil {
		return Challenge{}, err
	}
	path := "/api/v1/users/" + userID + "/factors/" + factorID
	g, err := acquire(ctx, c.pacer, op, wire.EndpointOf(http.MethodPost, path+"/verify"), Urgent, false)
	if err != nil {
		return Challenge{}, err
	}
	var got struct {
		Result    string `json:"factorResult"`
		ExpiresAt moment `json:"expiresAt"`
		Embedded  struct {
			Challenge *struct {
				Answer *int `json:"correctAnswer"`
			} `json:"challenge"`
		} `json:"_embedded"`
		Links struct {
			Poll struct {
				Href string `json:"href"`
			} `json:"poll"`
		} `json:"_links"`
	}
	cl := &exchange{op: op, transport: c.transport, grant: g, asked: time.Now(), write: true}
	err = c.through(ctx, cl, func(ctx context.Context) (*sdk.Response, error) {
		return c.request(ctx, http.MethodPost, path+"/verify", map[string]bool{"useNumberMatchingChallenge": true}, &got)
	})
	if err != nil {
		return Challenge{}, err
	}
	transaction, own := strings.CutPrefix(wire.APIPath(got.Links.Poll.Href), path+"/transactions/")
	if !isWaiting(got.Result) || !own || !transactionPattern.MatchString(transaction) {
		return Challenge{}, &Error{Op: op, Effect: EffectDoubt, Kind: KindServer, RequestID: cl.ans.requestID,
			Summary: "Okta didn't say where the answer of the push will be", Advice: adviceServer}
	}
	ch := Challenge{Transaction: transaction, ExpiresAt: got.ExpiresAt.Time, RequestID: cl.ans.requestID}
	if e := got.Embedded.Challenge; e != nil && e.Answer != nil {
		ch.Number, ch.Numbered = *e.Answer, true
	}
	return ch, nil
}

// noFactor has the shape of a factor's ID and is none.
const noFactor = "opf00000000000000000"

// ProbeChallenge asks Okta to verify a factor that does not exist, so that nobody gets a
// push, and returns what it answered: a KindNotFound where the call itself seems to be
// allowed, a KindForbidden where it is not. That Okta judges the role before it looks for
// the factor is a guess.
func (c *Client) ProbeChallenge(ctx context.Context, userID string) error {
	_, err := c.Challenge(ctx, userID, noFactor)
	return err
}

// PushResult is what has come of a challenge.
type PushResult string

const (
	PushWaiting  PushResult = "WAITING"
	PushSuccess  PushResult = "SUCCESS"
	PushRejected PushResult = "REJECTED"
	PushTimeout  PushResult = "TIMEOUT"
)

// isWaiting reports whether Okta still waits for the person. Okta's description has
// "WAITING" and "WAITING (with number matching challenge)".
func isWaiting(result string) bool {
	return result == string(PushWaiting) || strings.HasPrefix(result, string(PushWaiting)+" (")
}

// Answer reads once what has come of a challenge. What Okta does not document is an
// error, never a success.
func (c *Client) Answer(ctx context.Context, userID, factorID, transaction string) (PushResult, error) {
	const op = "read the answer of a challenge"
	if !IsUserID(userID) || !IsFactorID(factorID) || !transactionPattern.MatchString(transaction) {
		return "", unsafeID(op, "the user's, the factor's or the transaction's ID")
	}
	type result struct {
		Result string `json:"factorResult"`
	}
	got, ans, err := read[result](WithLane(ctx, Urgent), c, op, "/api/v1/users/"+userID+"/factors/"+factorID+"/transactions/"+transaction)
	switch r := PushResult(got.Result); {
	case err != nil:
		return "", err
	case isWaiting(got.Result):
		return PushWaiting, nil
	case r == PushSuccess || r == PushRejected || r == PushTimeout:
		return r, nil
	}
	return "", &Error{Op: op, Effect: EffectRejected, Kind: KindServer, RequestID: ans.requestID, Summary: "an answer that Okta doesn't document", Advice: adviceServer}
}
