package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
	"factorbot/bot/workqueue"
)

// sockets is how many socket clients listen: slack-go drops a socket at the
// first word of a disconnect, with what was on its way; the other one hears it.
const sockets = 2

// Listener hears what people do in Slack. It records each envelope before it
// acknowledges it, and serves what was recorded.
type Listener struct {
	Slack    *slack.Client // made by [slackapi.NewClient]
	APIURL   string        // of the client
	Inbox    Inbox
	Seen     Seen
	Shelf    Shelf
	Desk     Desk
	Board    Reader
	Enrolled Enrolments                         // nil: that is not known
	Anchors  Anchors                            // nil: the record has none
	Opened   func(by reset.Person, team string) // told of opened home tabs; nil: nobody
	Schema   Schema                             // nil: only the attributes of every org are known
	Channels func() []reset.Channel             // where rosters are taken up
	Limits   func() roster.Limits
	Deciders func() view.Helpers              // who can approve, for refusals; nil: not said
	Deleted  func(c reset.Channel, ts string) // told of deleted messages; nil: nobody
	Socket   func(n int, open bool)           // told when a socket opens and closes; nil: nobody
	Log      *slog.Logger
	Now      func() time.Time

	fileTime time.Duration // of one download, tries included; 0: downloadTime
}

// listening is one Run of a Listener.
type listening struct {
	*Listener
	http       *http.Client
	self       reset.Person // the bot's own user
	name       string       // its name, as mentions may have it
	missed     chan struct{}
	workers    workers
	overtaking *overtaking
	beside     *workqueue.Queue // what runs beside an acknowledgement
	positions  *readPositions
	triggers   *triggerIDs
	modals     *triggerIDs // whose modal was opened beside the acknowledgement
	columns    *attributes
	asked      *questions
}

// Run listens and serves until ctx is done. What it had recorded and not
// finished is taken up by the next Run.
func (l *Listener) Run(ctx context.Context) error {
	run := &listening{
		Listener:   l,
		http:       slackapi.HTTPClient(l.APIURL),
		missed:     make(chan struct{}, 1),
		workers:    newWorkers(),
		overtaking: newOvertaking(),
		beside:     workqueue.New(16),
		positions:  newReadPositions(l.Seen, l.Now),
		triggers:   newTriggerIDs(l.Now, triggerLife),
		modals:     newTriggerIDs(l.Now, openedLife),
		columns:    &attributes{from: l.Schema, now: l.Now},
	}
	run.asked = &questions{shelf: l.Shelf, now: l.Now}
	defer run.beside.Wait()
	defer run.workers.wait()
	if err := run.introduce(ctx); err != nil {
		return stopped(ctx, err)
	}
	g, ctx := errgroup.WithContext(ctx)
	for n := range sockets {
		g.Go(func() error { return run.listen(ctx, n) })
	}
	g.Go(func() error { return run.serve(ctx) })
	g.Go(func() error { return run.catchUp(ctx) })
	return stopped(ctx, g.Wait())
}

// stopped returns nil for an end that was asked for.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, ctx.Err())) {
		return nil
	}
	return err
}

// introduce learns who we are, so that our own posts are not taken for people's.
func (l *listening) introduce(ctx context.Context) error {
	for try := 0; ; try++ {
		who, err := l.Slack.AuthTestContext(ctx)
		if err == nil {
			l.self, l.name = reset.Person(who.UserID), who.User
			l.Log.Info("connected to Slack", "team", who.TeamID, "bot_user", who.UserID)
			return nil
		}
		wait := slackapi.RetryDelay(err, try)
		l.Log.Error("Slack does not know the bot token, or is away", "error", slackapi.LogText(err), "todo", slackapi.Hint(err), "retry_in", wait.String())
		if err := slackapi.Pause(ctx, wait); err != nil {
			return fmt.Errorf("ask Slack who we are: %w", err)
		}
	}
}

// takes reports whether rosters are taken up in the channel.
func (l *listening) takes(c reset.Channel) bool {
	for _, known := range l.Channels() {
		if known == c {
			return true
		}
	}
	return false
}
