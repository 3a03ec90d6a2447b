package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
)

// Headers of a delivery. The signature is made as Slack makes its own: "v0=" and
// the hex HMAC-SHA256 of "v0:TIMESTAMP:BODY".
const (
	TimestampHeader = "X-Factorbot-Request-Timestamp" // seconds since 1970, of this try
	SignatureHeader = "X-Factorbot-Signature"
	DeliveryHeader  = "X-Factorbot-Delivery" // the same for every try of one delivery
)

// hookTime bounds one try, and hookAnswer how much of an answer is read.
const (
	hookTime   = 5 * time.Second
	hookAnswer = 4 << 10
)

// hookSender posts deliveries. No error of it names the address, whose path or query may be a secret.
type hookSender struct {
	url    string
	secret config.Secret
	client *http.Client
	now    func() time.Time
}

// newHookSender makes a sender that goes to that address and nowhere else.
func newHookSender(address string, secret config.Secret, now func() time.Time) *hookSender {
	transport := cli.NewTransport()
	// Deliveries are rare, and a connection that is kept may be dead by the next.
	transport.DisableKeepAlives = true
	transport.MaxResponseHeaderBytes = 64 << 10
	return &hookSender{address, secret, &http.Client{
		Transport: transport, Timeout: hookTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, now}
}

// hookStatusError says that the receiver answered, but did not take the delivery.
type hookStatusError struct{ Status int }

func (e *hookStatusError) Error() string {
	if e.Status/100 == 3 {
		return fmt.Sprintf("the webhook answered %d: redirects are not followed", e.Status)
	}
	return fmt.Sprintf("the webhook answered %d", e.Status)
}

// send makes one try. Any answer of 200 to 299 takes the delivery.
func (s *hookSender) send(ctx context.Context, b Body) error {
	body, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("write the delivery %s: %w", b.Delivery, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("post to the webhook: its address is not a URL")
	}
	at := strconv.FormatInt(s.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "factorbot")
	req.Header.Set(TimestampHeader, at)
	req.Header.Set(SignatureHeader, signHook(s.secret, at, body))
	req.Header.Set(DeliveryHeader, b.Delivery)
	resp, err := s.client.Do(req)
	if err != nil {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err
		}
		return fmt.Errorf("post to the webhook: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return &hookStatusError{resp.StatusCode}
	}
	// What it says does not matter, and neither does whether it says it to the end.
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, hookAnswer))
	return nil
}

// signHook is the signature of a body at a time.
func signHook(secret config.Secret, at string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte("v0:" + at + ":"))
	mac.Write(body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}
