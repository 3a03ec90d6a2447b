package announcer

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
)

// linkToCome stands for a link where a message is compared with what is shown.
const linkToCome = "https://slack.com/"

// show posts or edits a message so that it shows what is wanted. One whose link
// is not known yet goes without it, and is edited when it is.
func (p *poster) show(ctx context.Context, r *reset.Request, w message, m reset.Message) (reset.Message, time.Duration, error) {
	if w.link != nil {
		w.what = w.link(linkToCome)
	}
	hash, err := w.what.Hash()
	if err != nil || m.TS != "" && m.Shown == hash && !p.sender.unseen(r, m) {
		return m, 0, err
	}
	var missing error
	if w.link != nil {
		link, err := p.permalink(ctx, r)
		w.what = w.link(link)
		if err != nil {
			missing = &linkError{err}
			if hash, err = w.what.Hash(); err != nil || m.TS != "" && m.Shown == hash {
				return m, 0, cmp.Or(err, missing)
			}
		}
	}
	m, err = p.sender.putAs(ctx, r, m, w.what, hash)
	return m, 0, cmp.Or(err, missing)
}

// linkError says why a message lacks the link to the approval message.
type linkError struct{ err error }

func (e *linkError) Error() string { return "find the link: " + e.err.Error() }
func (e *linkError) Unwrap() error { return e.err }

// permalink is the address of the approval message; "" if it is gone.
func (p *poster) permalink(ctx context.Context, r *reset.Request) (link string, err error) {
	have, err := p.sender.messages(ctx, r.ID)
	if err != nil {
		return "", err
	}
	m := have[reset.SlotApproval]
	switch {
	case m.TS == "" && !m.Gone && isAnnounced(r):
		return "", errUnderWay // it is about to be posted
	case m.TS == "":
		return "", nil
	}
	err = p.sender.limits.through(ctx, "chat.getPermalink", func(ctx context.Context) (err error) {
		link, err = p.Slack.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: string(m.Channel), Ts: m.TS})
		return err
	})
	if slackapi.ErrorCode(err) == "message_not_found" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask for the link: %w", err)
	}
	return link, nil
}
