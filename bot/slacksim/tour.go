package slacksim

import (
	"regexp"
	"slices"
	"strings"
)

// tourStep is one of the three steps at the top of the page.
type tourStep struct {
	Number int
	Words  string
	Done   bool
	Now    bool // the first that is not done
}

// progress is how far a request that somebody made with a file has come.
type progress struct {
	asked    bool // the app answered the file with a link to a request
	approved bool // the request began to run
	posted   bool // its result file is in the thread
	taken    bool // somebody opened the result file
}

// tour returns the three steps. Only what comes of a file counts: a request made
// with a command or denied, and a result file that nobody opened, tick nothing.
func tour(p progress) []tourStep {
	steps := []tourStep{
		{Words: "Drop the sample file", Done: p.asked},
		{Words: "Approve it as Avery and Alex", Done: p.approved},
		{Words: "Take the result file from the thread", Done: p.taken},
	}
	now := true
	for i := range steps {
		steps[i].Number = i + 1
		steps[i].Now = now && !steps[i].Done
		now = now && steps[i].Done
	}
	return steps
}

// progress looks for the requests that were made in a channel with files, and
// returns how far they have come.
func (w *Workspace) progress(c *conversation) (p progress) {
	for _, m := range c.messages {
		if m.User != BotUser && len(m.fileIDs) > 0 {
			w.follow(c, w.requestOf(c, m), &p)
		}
	}
	return p
}

// requestOf returns the message that asks for a decision about an uploaded file:
// the one to which the app links in the thread of the upload. It returns nil if
// there is none.
func (w *Workspace) requestOf(c *conversation, upload *Message) *Message {
	for _, m := range c.thread(upload.TS) {
		if m.User != BotUser {
			continue
		}
		for _, link := range archiveLink.FindAllStringSubmatch(m.Text, -1) {
			if r := c.find(link[2] + "." + link[3]); link[1] == c.ID && r != nil && offers(r.shown, "approve") {
				return r
			}
		}
	}
	return nil
}

// archiveLink matches the address of a message: channel, seconds, microseconds.
var archiveLink = regexp.MustCompile(`/archives/(\w+)/p(\d{10})(\d{6})\b`)

// follow adds to p how far one request has come.
func (w *Workspace) follow(c *conversation, request *Message, p *progress) {
	if request == nil {
		return
	}
	p.asked = true
	for _, m := range c.thread(request.TS) {
		if m.User != BotUser {
			continue
		}
		p.approved = p.approved || offers(m.shown, "pause") // only what runs can be paused
		for _, id := range m.fileIDs {
			if f := w.files[id]; strings.HasSuffix(f.name, "-results.csv") {
				p.approved, p.posted, p.taken = true, true, p.taken || f.taken
			}
		}
	}
}

// offers says whether one of the elements has this action.
func offers(all []element, action string) bool {
	return slices.ContainsFunc(all, func(e element) bool { return e.action() == action })
}
