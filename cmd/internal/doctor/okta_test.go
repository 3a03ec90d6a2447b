package doctor

import (
	"errors"
	"testing"
	"time"

	"factorbot/okta"
)

func TestCheckClock(t *testing.T) {
	for _, c := range []struct {
		seconds float64
		known   bool
		want    verdict
	}{{0, true, OK}, {-4, true, OK}, {-30, true, Warning}, {300, true, Failure}, {0, false, Unknown}} {
		if got := checkClock(time.Duration(c.seconds*float64(time.Second)), c.known); got.Verdict != c.want {
			t.Errorf("%v s: %v", c.seconds, got)
		}
	}
}

func TestOktaTrouble_fatalOnlyWhatWaitingDoesNotMend(t *testing.T) {
	for _, c := range []struct {
		err   error
		fatal bool
		want  verdict
	}{
		{&okta.Error{Kind: okta.KindAuth}, true, Failure}, {&okta.Error{Kind: okta.KindScope}, true, Failure},
		{&okta.Error{Kind: okta.KindNetwork}, false, Unknown}, {&okta.Error{Kind: okta.KindServer}, false, Unknown},
		{&okta.Error{Kind: okta.KindForbidden}, false, Failure}, {errors.New("odd"), false, Unknown},
	} {
		if got := oktaTrouble("x", c.err); got.Fatal != c.fatal || got.Verdict != c.want {
			t.Errorf("%v: %+v", c.err, got)
		}
	}
}
