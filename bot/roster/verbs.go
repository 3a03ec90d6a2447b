package roster

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/roster/internal/refusal"
	"factorbot/bot/roster/internal/table"
)

// Verb is what a command asks for.
type Verb string

const (
	VerbForm Verb = "form" // nothing was typed

	// with users
	VerbReset      Verb = "reset" // the one that is not typed
	VerbDryRun     Verb = "dry-run"
	VerbBreakGlass Verb = "break-glass"
	VerbExport     Verb = "export"

	// with a request, or nothing
	VerbHelp     Verb = "help"
	VerbWhoami   Verb = "whoami"
	VerbStatus   Verb = "status"
	VerbHistory  Verb = "history"
	VerbCancel   Verb = "cancel"
	VerbPause    Verb = "pause"
	VerbResume   Verb = "resume"
	VerbRetry    Verb = "retry"
	VerbFreeze   Verb = "freeze"
	VerbThaw     Verb = "thaw"
	VerbReceipt  Verb = "receipt"
	VerbEnrolled Verb = "enrolled"
)

// Verbs lists the words that a command may begin with.
func Verbs() []Verb {
	return []Verb{
		VerbReset, VerbDryRun, VerbBreakGlass, VerbExport,
		VerbHelp, VerbWhoami, VerbStatus, VerbHistory, VerbCancel, VerbPause, VerbResume, VerbRetry,
		VerbFreeze, VerbThaw, VerbReceipt, VerbEnrolled,
	}
}

// namesUsers reports whether the verb acts on users that the command names.
func (v Verb) namesUsers() bool {
	return v == VerbReset || v == VerbDryRun || v == VerbBreakGlass || v == VerbExport
}

// UserKind says how a command names users.
type UserKind string

const (
	UserID      UserKind = "id"
	UserLogin   UserKind = "login"   // a login or an e-mail: the text does not tell which
	UserMention UserKind = "mention" // Value is the Slack user's ID
	UserGroup   UserKind = "group"   // the name of an Okta group
	UserSearch  UserKind = "search"  // an expression of Okta's search language
	UserFilter  UserKind = "filter"  // the same for Okta's filter, of exports
	UserQuery   UserKind = "q"       // the start of a name or an e-mail, of exports
)

// UserRef is one user, or one set of users, as a command names them.
type UserRef struct {
	Kind  UserKind
	Value string
	Input string // as it was typed
}

// isOne reports whether it is a single user, and not a set of them.
func (u UserRef) isOne() bool {
	return u.Kind == UserID || u.Kind == UserLogin || u.Kind == UserMention
}

// Command is the text of a slash command, understood.
type Command struct {
	Verb   Verb
	Args   []string // of verbs that name no users: "FR-42", "mine", "30d"
	Users  []UserRef
	Reason string // what stands after "because", as plain text

	Factors        []string // "factors:sms,call": as typed; empty means all
	RevokeSessions bool     // "sessions:revoke"
	At             string   // `at:"tomorrow 07:00"`: as typed
	Columns        []string // "columns:id,login", of exports

	// Only a form says these.
	TellUsers bool
	NotTill   time.Time // in the place of At
}

// ParseCommand reads the text after /factor-reset: users, each an ID, a login,
// an e-mail, a mention, login:NAME, group:"NAME" or search:EXPRESSION, then "because" and a
// reason; or a verb and what it takes. Blanks, commas, semicolons and line
// breaks stand between words. What phones make of quotes, dashes and blanks is
// understood. Every error is an *Error.
func ParseCommand(text string) (Command, error) {
	before, reason := splitReason(text)
	p := newParser(before)
	p.command.Reason = PlainText(reason)
	first := strings.ToLower(p.peek())
	switch verb, words := verbOf(&p.scanner); {
	case first == "" && strings.TrimSpace(text) == "":
		p.command.Verb = VerbForm
	case words > 0:
		p.command.Verb = verb
		for range words {
			p.next()
		}
	}
	if err := p.words(); err != nil {
		return Command{}, err
	}
	if p.command.Verb.namesUsers() && severalToALine(before) {
		return Command{}, refusal.New(CodeNotUsers, 0, "Some lines name several users, so I can't tell who is meant. Put one user on each line, or all of them on one. Nobody was reset.")
	}
	if p.command.Verb.namesUsers() && len(p.command.Users) == 0 {
		return Command{}, refusal.New(CodeNoUsers, 0, `Nobody is named. Name users first, then "because" and the reason: ana@example.com because lost phone`)
	}
	return p.command, nil
}

// severalToALine reports whether a text of several lines has two users or more in
// one, as a table of two columns has, in the way a file without a header is asked about.
func severalToALine(text string) bool {
	var s shape
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' || r == '\u2028' }) {
		p := newParser(line)
		_ = p.words() // what is wrong with it is told of the whole
		users := map[string]bool{}
		for _, u := range p.command.Users {
			if u.isOne() {
				users[strings.ToLower(u.Value)] = true
			}
		}
		end := table.Trim(fold(line))
		s.add(len(users), strings.HasSuffix(end, ",") || strings.HasSuffix(end, ";"))
	}
	return s.isTable()
}

// verbOf finds the verb that a command begins with, and of how many words it is.
func verbOf(s *scanner) (Verb, int) {
	ahead := *s
	one := strings.ToLower(strings.TrimLeft(ahead.next(), "-/"))
	two := one + "-" + strings.ToLower(ahead.next())
	for _, v := range Verbs() {
		switch {
		case two == string(v):
			return v, 2
		case one == string(v), one == strings.ReplaceAll(string(v), "-", ""):
			return v, 1
		}
	}
	return "", 0
}

// options are the words with a colon that a command knows.
var options = []string{"group", "search", "filter", "q", "login", "factors", "sessions", "at", "columns"}

// doubled are brackets that a person wrote around an address of which Slack made a link.
var doubled = strings.NewReplacer("<<", "<", ">>", ">")

// fillers are between users in a sentence.
var fillers = []string{"and", "&", "+", "/", "|", "for", "und", "et", "y", "e", "en", "oraz", "i"}

// mark is what people put before the items of a list.
var mark = regexp.MustCompile(`^(?:[-*+•·‣◦▪●>]+|\(?[0-9]{1,6}[.):]|[a-zA-Z][.)]|\[[xX✓]?\]?|\])$`)

// isFiller reports whether a word between users says nothing: "and", "2.", "To:".
func isFiller(word string) bool {
	label, labelled := strings.CutSuffix(word, ":")
	return mark.MatchString(word) || slices.Contains(fillers, strings.ToLower(word)) || labelled && isLabel(label)
}

var mention = regexp.MustCompile(`^<@([UW][A-Z0-9_]*)(\|[^<>]*)?>$`)

// mailto is what Slack makes of an address in a message.
var mailto = regexp.MustCompile(`^<mailto:([^<>|]*)(?:\|([^<>]*))?>$`)

// parser takes words off a scanner into a command.
type parser struct {
	scanner
	command Command
	strange []string // words that name nobody
	nearby  int      // how many of them are right before here: perhaps the name before an address
}

func newParser(text string) parser {
	return parser{scanner: scanner{s: doubled.Replace(fold(text))}, command: Command{Verb: VerbReset}}
}

func (p *parser) words() error {
	for p.skip(); p.s != ""; p.skip() {
		here := p.s
		word := p.next()
		if key, ok := optionOf(word); ok {
			p.s, p.nearby = here[len(key)+1:], 0
			if err := p.option(key); err != nil {
				return err
			}
			continue
		}
		if ref, ok := userOf(word); ok {
			if strings.HasPrefix(word, "<") && ref.Kind != UserMention { // Ana Lima <ana@example.com>
				p.strange = p.strange[:len(p.strange)-p.nearby]
			}
			p.nearby = 0
			p.command.Users = append(p.command.Users, ref)
			continue
		}
		switch {
		case !p.command.Verb.namesUsers():
			p.command.Args = append(p.command.Args, word)
		case isFiller(word):
		default:
			if p.strange, p.nearby = append(p.strange, word), p.nearby+1; mayBeUser(word) {
				p.nearby = 0 // no part of a name: it may name another user
			}
		}
	}
	if len(p.strange) > 0 {
		return p.misunderstood()
	}
	return nil
}

// misunderstood says what to do about words that name nobody.
func (p *parser) misunderstood() *Error {
	word := p.strange[0]
	if key, _, ok := strings.Cut(word, ":"); ok {
		if near := nearest(key, options); near != "" {
			return refusal.New(CodeOption, 0, "%s isn't an option. Did you mean %s?", refusal.Quote(key+":"), refusal.Quote(near+":"))
		}
	}
	switch {
	case strings.HasPrefix(word, "@"):
		return refusal.New(CodeNotUsers, 0, "%s isn't a mention. Pick the person from the list that Slack shows as you type, or use their e-mail.", refusal.Quote(word))
	case strings.HasPrefix(word, "<!subteam"):
		return refusal.New(CodeNotUsers, 0, `I can't reset a Slack user group. Name an Okta group: group:"NAME".`)
	case p.command.Verb != VerbReset || len(p.command.Users) > 0:
		return refusal.New(CodeNotUsers, 0, `I don't understand %s. Name users by e-mail, login, Okta ID or mention, and write "because" before the reason. Nobody was reset.`, refusal.QuoteList(p.strange))
	}
	if near := nearest(word, Verbs()); near != "" {
		return refusal.New(CodeUnknown, 0, "I don't know %s. Did you mean %s? Send help to see all commands.", refusal.Quote(word), refusal.Quote(string(near)))
	}
	if problem := addressProblem(word); problem != noAddress {
		return refusal.New(CodeUnknown, 0, "I don't know %s: it %s. Use an e-mail, or send help to see all commands.", refusal.Quote(word), problem)
	}
	return refusal.New(CodeUnknown, 0, "I don't know %s. Use an e-mail, or send help to see all commands.", refusal.Quote(word))
}

// userOf reads one word as a user.
func userOf(word string) (UserRef, bool) {
	if m := mention.FindStringSubmatch(word); m != nil {
		return UserRef{Kind: UserMention, Value: m[1], Input: word}, true
	}
	bare := word
	if m := mailto.FindStringSubmatch(word); m != nil {
		if bare = m[1]; m[2] != "" && !strings.EqualFold(m[1], m[2]) {
			return UserRef{}, false // it shows one address and leads to another
		}
	}
	switch c := readCell(bare); c.kind {
	case claimID:
		return UserRef{Kind: UserID, Value: c.value, Input: c.value}, true
	case claimAddress:
		return UserRef{Kind: UserLogin, Value: c.value, Input: c.value}, true
	}
	return UserRef{}, false
}

// RowOf makes the n-th row, from 1, of a user who was typed. A mention, a group
// or a search names nobody in Okta by itself; whoever resolves it fills the row.
func RowOf(n int, u UserRef) reset.Row {
	row := reset.Row{Row: n, Problem: "isn't a user by itself"}
	if u.Kind == UserID || u.Kind == UserLogin {
		row = newRow(n, 0, u.Value, readCell(u.Value).asLogin())
	}
	row.Input = refusal.Cut(u.Input, inputShown)
	return row
}

// RowOfMention makes the n-th row of a person who was mentioned, by the e-mail
// that Slack shows of them, which may be empty.
func RowOfMention(n int, u UserRef, email string) reset.Row {
	email = table.Trim(email)
	row := newRow(n, 0, email, readCell(email))
	if row.Kind == reset.RefLogin {
		row.Kind = reset.RefEmail
	}
	row.Input = refusal.Cut(u.Input, inputShown)
	if email == "" {
		row.Problem = "Slack doesn't show this person's e-mail; use their login or Okta ID"
	}
	return row
}
