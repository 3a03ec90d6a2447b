package slacksim

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"factorbot/bot/slacksim/page"
)

// Options say what workspace is simulated. The zero value is the sandbox.
type Options struct {
	AppToken string // default "xapp-sandbox"
	BotToken string // default "xoxb-sandbox"

	// URL is where the workspace is served, "http://127.0.0.1:8025". Upload,
	// download, response and socket URLs are built on it. See also [Workspace.SetURL].
	URL string

	People   []Person       // nil: [Cast]
	Channels []Channel      // nil: [CastChannels]
	Groups   []UserGroup    // nil: S_SECURITY and S_HELPDESK
	Commands []SlashCommand // nil: /factor-reset, escaped
	Scopes   []string       // of the bot token; nil: what every method here needs
	Events   []string       // subscribed bot events; nil: messages, app home, user changes, ...

	// Retries are the waits before an unacknowledged event is sent again;
	// nil: Slack's 0, 1 and 5 minutes.
	Retries []time.Duration

	// KeepEnvelopes keeps every envelope that was acknowledged, in [Books].
	KeepEnvelopes bool

	Org    Org           // the org shown beside the conversation; nil: none
	Sample func() []byte // the sample roster; nil: none
}

// Workspace is one simulated workspace with one app. Its methods may be called
// from several goroutines.
type Workspace struct {
	opt     Options
	schema  *schemas
	methods map[string]*method
	page    *page.Page
	mux     *http.ServeMux
	ctx     context.Context // ends at Close
	cancel  context.CancelFunc
	wg      sync.WaitGroup // every goroutine, socket and stream of ours

	mu           sync.Mutex // guards everything below
	closed       bool
	base         string // URL without a trailing slash
	people       []*Person
	groups       []UserGroup
	conversation map[string]*conversation
	order        []string // conversation IDs, as they were made
	files        map[string]*file
	views        map[string]*view
	stacks       map[string][]*view // user -> open modals, the first at the bottom
	homes        map[string]*view   // user -> home tab
	interactions map[string]*interaction
	hooks        map[string]*hook
	sockets      map[int]*socket
	tickets      map[string]time.Time // one-use socket URLs and when they were issued
	pending      map[string]*delivery
	limits       map[string]*rate.Limiter
	settings     settings
	mended       chan struct{} // closed, and made again, by Set
	books        Books
	lastSeen     map[string]string // "USER CHANNEL" -> ts of the last message on that person's screen
	watchers     map[chan Change]struct{}
	lastTS       int64
	lastID       int
}

// New returns a workspace that nobody is connected to yet.
func New(o Options) (*Workspace, error) {
	o = withDefaults(o)
	compiled, err := compileSchemas()
	if err != nil {
		return nil, fmt.Errorf("compile block schema: %w", err)
	}
	methods, err := methodTable(methodsJSON, handlers())
	if err != nil {
		return nil, fmt.Errorf("read methods: %w", err)
	}
	w := &Workspace{
		opt: o, schema: compiled,
		conversation: map[string]*conversation{},
		files:        map[string]*file{}, views: map[string]*view{},
		stacks: map[string][]*view{}, homes: map[string]*view{},
		interactions: map[string]*interaction{}, hooks: map[string]*hook{},
		sockets: map[int]*socket{}, tickets: map[string]time.Time{},
		pending: map[string]*delivery{}, limits: map[string]*rate.Limiter{},
		watchers: map[chan Change]struct{}{}, lastSeen: map[string]string{},
		methods:  methods,
		settings: defaultSettings(o, methods),
		mended:   make(chan struct{}),
		books:    newBooks(),
	}
	if w.page, err = page.New(); err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	if err := w.populate(o); err != nil {
		return nil, err
	}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	w.mux = w.routes()
	w.SetURL(o.URL)
	return w, nil
}

func withDefaults(o Options) Options {
	o.AppToken, o.BotToken = cmp.Or(o.AppToken, "xapp-sandbox"), cmp.Or(o.BotToken, "xoxb-sandbox")
	if o.People == nil {
		o.People = Cast()
	}
	if o.Channels == nil {
		o.Channels = CastChannels()
	}
	if o.Groups == nil {
		o.Groups = castGroups()
	}
	if o.Commands == nil {
		o.Commands = []SlashCommand{{
			Command: "/factor-reset", Escape: true,
			Description: "Reset MFA factors of one or many users",
			UsageHint:   "USERS because REASON",
			Examples: []Example{
				{"ana@example.com because lost phone", "one user, by login or e-mail"},
				{"@ana because lost phone", "somebody of this workspace"},
				{"status", "what runs now"},
				{"whoami", "what you may do here"},
				{"help", "all it can do"},
			},
		}}
	}
	if o.Retries == nil {
		o.Retries = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	return o
}

func (w *Workspace) populate(o Options) error {
	bot := botPerson()
	w.people = append(w.people, &bot)
	for _, p := range o.People {
		if w.person(p.ID) != nil {
			return fmt.Errorf("person %s is there twice", p.ID)
		}
		w.people = append(w.people, &p)
	}
	w.groups = slices.Clone(o.Groups)
	for _, c := range o.Channels {
		if w.conversation[c.ID] != nil {
			return fmt.Errorf("channel %s is there twice", c.ID)
		}
		w.addConversation(c)
	}
	return nil
}

// SetURL says where the workspace is served, once the port is known.
func (w *Workspace) SetURL(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.base = strings.TrimRight(url, "/")
}

// ServeHTTP serves the Web API, the sockets, /sandbox/ and the page.
func (w *Workspace) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mux.ServeHTTP(rw, r)
}

// Close ends sockets, streams and goroutines and waits for them. It does not
// wait for requests that are being answered.
func (w *Workspace) Close() {
	w.mu.Lock()
	w.closed = true
	w.cancel()
	w.dropSockets()
	w.mu.Unlock()
	w.wg.Wait()
}

// join registers a handler that lives long; the caller calls wg.Done at its end.
func (w *Workspace) join() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.wg.Add(1)
	return true
}

// start runs f in a goroutine that Close waits for. The caller holds mu.
func (w *Workspace) start(f func(context.Context)) {
	if w.closed {
		return
	}
	w.wg.Go(func() { f(w.ctx) })
}

// wait sleeps for d or until ctx is done.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *Workspace) person(id string) *Person {
	for _, p := range w.people {
		if p.ID == id {
			return p
		}
	}
	return nil
}
