package slackapi

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/url"
	"time"

	"github.com/slack-go/slack"
)

const (
	firstWait = time.Second
	longWait  = time.Minute
)

// RetryDelay is how long to wait before the next try, counted from 0: what Slack
// asks for, else a doubling wait with jitter.
func RetryDelay(err error, try int) time.Duration {
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		return max(limited.RetryAfter, 0) + rand.N(firstWait/2)
	}
	d := min(longWait, firstWait<<min(try, 6))
	return d/2 + rand.N(d/2)
}

// ErrorCode returns the error that Slack itself answered with, such as "channel_not_found", else "".
func ErrorCode(err error) string {
	answer, _ := errors.AsType[slack.SlackErrorResponse](err)
	return answer.Err
}

// MayHaveActed reports whether a call that failed may have taken effect nevertheless.
func MayHaveActed(err error) bool {
	_, limited := errors.AsType[*slack.RateLimitedError](err)
	_, unsent := errors.AsType[*UnsentError](err)
	if limited || unsent {
		return false
	}
	switch ErrorCode(err) {
	case "internal_error", "fatal_error", "request_timeout", "service_unavailable":
		return true
	case "":
		op, ok := errors.AsType[*net.OpError](err)
		return !ok || op.Op != "dial" // while it dials, nothing has left
	}
	return false // Slack refused
}

// Hint says what an operator does about an error of Slack's; "" if waiting is all.
func Hint(err error) string {
	answer, _ := errors.AsType[slack.SlackErrorResponse](err)
	switch answer.Err {
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type":
		return "replace SLACK_BOT_TOKEN and SLACK_APP_TOKEN by the app's present tokens and start again"
	case "missing_scope", "no_permission":
		return "add the scope " + answer.Needed + " to the app and install it again"
	case "channel_not_found", "not_in_channel":
		return "invite the bot to the channel"
	case "is_archived":
		return "unarchive the channel, or configure another"
	case "restricted_action", "posting_to_channel_denied", "restricted_action_read_only_channel":
		return "let the bot post in the channel"
	case "file_uploads_disabled", "file_type_not_allowed", "file_upload_size_restricted":
		return "allow the app to upload CSV files in the workspace's settings"
	}
	return ""
}

// LogText is an error for the log, without URLs: they may carry what opens a socket or a file.
func LogText(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Op + ": " + u.Err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return err.Error()
}

// UnsentError says that a call was not made, because the last one of its method had no answer.
type UnsentError struct{ Err error }

func (e *UnsentError) Error() string { return "left alone after: " + e.Err.Error() }

// Pause waits, or returns ctx's error.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// ErrEnough ends a transfer whose rest nobody needs.
var ErrEnough = errors.New("enough was read")
