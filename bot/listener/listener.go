package listener

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/workqueue"
)

// sockets is how many socket clients listen: slack-go drops a socket as soon as Slack
// announces that it will disconnect, with what was on its way; the other one hears it.
const sockets = 2

// Handler does what events ask for. Its methods may be called concurrently.
type Handler interface {
	// Takes reports whether an upload is to be served.
	Takes(e *event.Event) bool
	// Modal returns what opens or changes the modal that a click or command asks for, nil
	// if it asks for none. It may note on the event what is to be recorded with it. What it
	// returns is called beside the acknowledgement, while the trigger is good, and once.
	Modal(ctx context.Context, e *event.Event) (show func(context.Context))
	// Check judges a form before it is acknowledged: it says what is wrong with it or what it
	// turns into, nil for neither, and whether it is to be recorded and served.
	Check(ctx context.Context, e *event.Event) (answer *slack.ViewSubmissionResponse, keep bool)
	// Suggest returns the choices for what is typed into a field.
	Suggest(ctx context.Context, e *event.Event) []*slack.OptionBlockObject
	// Serve does what a recorded event asks for and answers its person. It says how long to
	// wait before it is called again with the same key, which does nothing twice; 0: it is done.
	Serve(ctx context.Context, e *event.Event) (again time.Duration)
}

// Listener hears what people do in Slack. It records each envelope before it
// acknowledges it, and hands what was recorded to its Handler.
//
// Where several processes share the record, each of them listens, and the one that leads
// serves: see [Listener.Halves].
type Listener struct {
	Slack         *slack.Client // made by [slackapi.NewClient]
	Inbox         Inbox
	ReadPositions ReadPositions
	Handler       Handler
	Opened        func(by reset.Person, team string) // told of opened home tabs
	Channels      func() []reset.Channel             // where rosters are taken up
	Deleted       func(c reset.Channel, ts string)   // told of deleted messages
	Socket        func(n int, open bool)             // told when a socket opens and closes
	Log           *slog.Logger
	Now           func() time.Time
	Clock         *slackapi.Clock // of the client; nil: Slack's clock is not known

	Host string // names this process where several share the record; "": none does
}

// run is one Run of a Listener.
type run struct {
	*Listener
	dialer     *websocket.Dialer
	meeting    chan struct{} // holds a token while Slack is asked who we are
	bot        event.Bot
	missed     chan struct{}
	workers    workers
	overtaking *overtaking
	beside     *workqueue.Queue // what runs beside an acknowledgement
	marking    sync.Mutex
	marked     map[reset.Channel]time.Time // when it was last recorded how far the channel was read
	triggers   *triggerIDs
	modals     *triggerIDs // whose modal was opened beside the acknowledgement
}

// Halves returns the two parts of listening: listen keeps the sockets, and opens and
// checks forms; serve works on what was recorded, and reads the channels' history. Each
// returns when its context is done. What was recorded and not finished is taken up by the
// next one that serves.
func (l *Listener) Halves() (listen, serve func(context.Context) error) {
	r := &run{
		Listener:   l,
		dialer:     slackapi.NewDialer(http.ProxyFromEnvironment),
		meeting:    make(chan struct{}, 1),
		missed:     make(chan struct{}, 1),
		workers:    newWorkers(),
		overtaking: newOvertaking(),
		beside:     workqueue.New(16),
		marked:     map[reset.Channel]time.Time{},
		triggers:   newTriggerIDs(l.Now, triggerLife),
		modals:     newTriggerIDs(l.Now, openedLife),
	}
	return r.keepSockets, r.serveAll
}

// keepSockets is the half that listens.
func (r *run) keepSockets(ctx context.Context) error {
	defer r.beside.Wait()
	if err := r.introduce(ctx); err != nil {
		return stopped(ctx, err)
	}
	g, inner := errgroup.WithContext(ctx)
	for n := range sockets {
		g.Go(func() error { return r.listen(inner, n) })
	}
	return stopped(ctx, g.Wait())
}

// serveAll is the half that serves.
func (r *run) serveAll(ctx context.Context) error {
	defer r.workers.wait()
	if err := r.introduce(ctx); err != nil {
		return stopped(ctx, err)
	}
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error { return r.serve(inner) })
	g.Go(func() error { return r.catchUp(inner) })
	return stopped(ctx, g.Wait())
}

// stopped returns nil if the error is only that ctx was canceled.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, ctx.Err())) {
		return nil
	}
	return err
}

// introduce asks Slack for the bot's own user, so that its own posts are passed over.
func (r *run) introduce(ctx context.Context) error {
	select {
	case r.meeting <- struct{}{}:
		defer func() { <-r.meeting }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if r.bot.User != "" {
		return nil
	}
	for try := 0; ; try++ {
		who, err := r.Slack.AuthTestContext(ctx)
		if err == nil {
			r.bot = event.Bot{User: reset.Person(who.UserID), Name: who.User}
			r.Log.Info("connected to Slack", "team", who.TeamID, "bot_user", who.UserID)
			return nil
		}
		wait := slackapi.RetryDelay(err, try)
		r.Log.Error("Slack does not know the bot token, or is away", "error", slackapi.LogText(err), "todo", slackapi.Hint(err), "retry_in", wait.String())
		if err := slackapi.Pause(ctx, wait); err != nil {
			return fmt.Errorf("ask Slack who we are: %w", err)
		}
	}
}
