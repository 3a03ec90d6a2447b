package view

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// Frame is what a modal remembers between being opened and being submitted. It
// travels as the modal's private metadata, which the person does not see.
type Frame struct {
	Channel reset.Channel `json:"c,omitempty"` // where the modal was opened: answers go there
	Request reset.ID      `json:"r,omitempty"` // of a decision or a review
	Digest  reset.Digest  `json:"d,omitempty"` // short form of the plan that the person saw

	NamedBy string `json:"w,omitempty"` // how users are named now: one of the NamedBy values
	NoWhy   bool   `json:"n,omitempty"` // a reason may be left out
	Users   int    `json:"u,omitempty"` // the number that an approver types
	Broad   bool   `json:"b,omitempty"` // the columns are found by typing: there are too many for a list
	Page    int    `json:"p,omitempty"` // of a review, from 0
	Search  string `json:"q,omitempty"` // of a review
	Show    string `json:"s,omitempty"` // of a review: one of the Show values
	Out     string `json:"o,omitempty"` // rows to take out, as ranges: "3,7-9"
	Ticked  int    `json:"t,omitempty"` // how often the bot has ticked all that was found

	More    bool   `json:"m,omitempty"` // of a request: the rarer fields are shown
	Looking bool   `json:"l,omitempty"` // who has a review open decides nothing there
	Act     string `json:"a,omitempty"` // what is confirmed in Okta Verify: "approve", "resume", "thaw"
}

// maxFrame is Slack's limit for private metadata, in characters.
const maxFrame = 3000

// String is the private metadata. What does not fit was refused before; a frame
// that is still too long loses its search, then its rows.
func (f Frame) String() string {
	for {
		b, err := json.Marshal(f)
		switch {
		case err != nil:
			return "{}"
		case utf8.RuneCount(b) <= maxFrame:
			return string(b)
		case f.Search != "":
			f.Search = ""
		case f.Out != "":
			f.Out = ""
		default:
			return "{}"
		}
	}
}

var shortDigest = regexp.MustCompile(`^([0-9a-f]{12})?$`)

// ParseFrame reads private metadata.
func ParseFrame(s string) (Frame, error) {
	var f Frame
	if err := json.Unmarshal([]byte(s), &f); err != nil || !strings.HasPrefix(s, "{") {
		return Frame{}, fmt.Errorf("%q is not the metadata of a modal", phrase.Cut(s, 40))
	}
	if f.Channel != "" && !phrase.IsID(string(f.Channel)) {
		return Frame{}, fmt.Errorf("the metadata of a modal names the channel %q", phrase.Cut(string(f.Channel), 40))
	}
	if id, err := reset.ParseID(string(f.Request)); f.Request != "" && (err != nil || id != f.Request) {
		return Frame{}, fmt.Errorf("the metadata of a modal names the request %q", phrase.Cut(string(f.Request), 40))
	}
	if !shortDigest.MatchString(string(f.Digest)) {
		return Frame{}, fmt.Errorf("the metadata of a modal has the digest %q", phrase.Cut(string(f.Digest), 40))
	}
	f.Page = max(0, f.Page)
	return f, nil
}
