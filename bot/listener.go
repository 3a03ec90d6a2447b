package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
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
//
// Where several processes share the record, each of them listens, and the one that leads
// serves: see [Listener.Halves].
type Listener struct {
	Slack    *slack.Client     // made by [slackapi.NewClient]
	APIURL   string            // of the client
	HTTP     http.RoundTripper // of files and of answers through a response URL; nil: the default one
	Inbox    Inbox
	Seen     Seen
	Shelf    Shelf
	Desk     Desk
	Board    Reader
	Enrolled Enrolments                         // nil: that is not known
	Anchors  Anchors                            // nil: the record has none
	Opened   func(by reset.Person, team string) // told of opened home tabs; nil: nobody
	StepUp   StepUps                            // nil: nothing is confirmed in Okta Verify
	Schema   Schema                             // nil: only the attributes of every org are known
	Channels func() []reset.Channel             // where rosters are taken up
	Limits   func() roster.Limits
	Deciders func() view.Helpers              // who can approve, for refusals; nil: not said
	Deleted  func(c reset.Channel, ts string) // told of deleted messages; nil: nobody
	Socket   func(n int, open bool)           // told when a socket opens and closes; nil: nobody
	Log      *slog.Logger
	Now      func() time.Time
	Clock    *slackapi.Clock // of the client; nil: Slack's clock is not known

	Host string // names this process where several share the record; "": none does

	// Away reports whether an error says that the record cannot be reached: what was
	// acknowledged waits for it. nil: it always can.
	Away func(error) bool

	fileTime time.Duration // of one download, tries included; 0: downloadTime
}

// listening is one Run of a Listener.
type listening struct {
	*Listener
	http       *http.Client
	dialer     *websocket.Dialer
	meeting    chan struct{} // holds a token while Slack is asked who we are
	self       reset.Person  // the bot's own user
	name       string        // its name, as mentions may have it
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
	listen, serve := l.Halves()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return listen(ctx) })
	g.Go(func() error { return serve(ctx) })
	return g.Wait()
}

// Halves returns what Run does in two parts: listen keeps the sockets, and opens and
// checks forms; serve works on what was recorded, and reads the channels' history. Each
// returns when its context is done.
func (l *Listener) Halves() (listen, serve func(context.Context) error) {
	run := &listening{
		Listener:   l,
		http:       slackapi.HTTPClient(l.APIURL, l.HTTP),
		dialer:     slackapi.NewDialer(http.ProxyFromEnvironment),
		meeting:    make(chan struct{}, 1),
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
	return run.keepSockets, run.serveAll
}

// keepSockets is the half that listens.
func (l *listening) keepSockets(ctx context.Context) error {
	defer l.beside.Wait()
	if err := l.introduce(ctx); err != nil {
		return stopped(ctx, err)
	}
	g, inner := errgroup.WithContext(ctx)
	for n := range sockets {
		g.Go(func() error { return l.listen(inner, n) })
	}
	return stopped(ctx, g.Wait())
}

// serveAll is the half that serves.
func (l *listening) serveAll(ctx context.Context) error {
	defer l.workers.wait()
	if err := l.introduce(ctx); err != nil {
		return stopped(ctx, err)
	}
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error { return l.serve(inner) })
	g.Go(func() error { return l.catchUp(inner) })
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
	select {
	case l.meeting <- struct{}{}:
		defer func() { <-l.meeting }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if l.self != "" {
		return nil
	}
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
