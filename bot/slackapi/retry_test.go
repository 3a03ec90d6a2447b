package slackapi_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/slackapi"
)

func TestMayHaveActed(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&slack.RateLimitedError{RetryAfter: time.Second}, false},
		{slack.SlackErrorResponse{Err: "channel_not_found"}, false},
		{slack.SlackErrorResponse{Err: "internal_error"}, true},
		{fmt.Errorf("post: %w", slack.SlackErrorResponse{Err: "fatal_error"}), true},
		{slack.StatusCodeError{Code: 503, Status: "503"}, true},
		{&url.Error{Op: "Post", Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, false},
		{&url.Error{Op: "Post", Err: &net.OpError{Op: "read", Err: errors.New("reset")}}, true},
		{context.DeadlineExceeded, true},
	} {
		if got := slackapi.MayHaveActed(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

func TestRetryDelay(t *testing.T) {
	if d := slackapi.RetryDelay(&slack.RateLimitedError{RetryAfter: 7 * time.Second}, 0); d < 7*time.Second || d > 8*time.Second {
		t.Errorf("Slack asked for 7 s, we wait %s", d)
	}
	for try := range 100 {
		want := min(time.Minute, time.Second<<min(try, 10))
		if d := slackapi.RetryDelay(errors.New("away"), try); d < want/2 || d > want {
			t.Errorf("try %d: %s", try, d)
		}
	}
}
