package page

import (
	"cmp"
	"html"
	"html/template"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"factorbot/bot/slacksim/kit"
)

// Names resolves IDs to what people read.
type Names struct {
	People   map[string]string // user ID -> "Ana Lima"
	Channels map[string]string // channel ID -> "general"
	ByName   map[string]string // channel name -> ID
	Groups   map[string]string // user group ID -> "security"
	Gone     map[string]bool   // deactivated people, which nobody can choose
	Base     string
}

// esc makes Slack's text into HTML text.
func esc(s string) string { return html.EscapeString(kit.Unescape(s)) }

// Mrkdwn renders Slack's markup. With verbatim, what only looks like a link, a
// channel or a broadcast stays text; without, it comes alive, as in Slack.
func (n *Names) Mrkdwn(s string, verbatim bool) template.HTML {
	parts := strings.Split(s, "```")
	var b strings.Builder
	for i, part := range parts {
		switch {
		case i%2 == 1 && i < len(parts)-1:
			b.WriteString("<pre>" + esc(strings.Trim(part, "\n")) + "</pre>")
		case i%2 == 1: // a fence without its end is only three backticks
			b.WriteString(n.lines("```"+part, verbatim))
		default:
			b.WriteString(n.lines(part, verbatim))
		}
	}
	return template.HTML(b.String()) // every literal went through esc
}

// lines renders text without fences: quotes and line breaks.
func (n *Names) lines(s string, verbatim bool) string {
	var b strings.Builder
	quoting := false
	for i, line := range strings.Split(s, "\n") {
		text, quoted := cutQuote(line)
		switch {
		case quoted && !quoting:
			b.WriteString("<blockquote>")
		case !quoted && quoting:
			b.WriteString("</blockquote>")
		case i > 0:
			b.WriteString("<br>")
		}
		quoting = quoted
		b.WriteString(n.inline(text, verbatim))
	}
	if quoting {
		b.WriteString("</blockquote>")
	}
	return b.String()
}

func cutQuote(line string) (text string, quoted bool) {
	for _, mark := range []string{"&gt;", ">"} {
		if rest, ok := strings.CutPrefix(line, mark); ok {
			return strings.TrimPrefix(rest, " "), true
		}
	}
	return line, false
}

// spanTags has the HTML elements of the marks around a span of text.
var spanTags = map[byte]string{'*': "strong", '_': "em", '~': "s", '`': "code"}

// marks are those that still may open a span or a token: none inside a span of its own
// kind, none that has no end in what is left. So the work is linear in the text.
type marks string

func (m marks) without(c byte) marks { return marks(strings.ReplaceAll(string(m), string(c), "")) }

// inline renders one line.
func (n *Names) inline(s string, verbatim bool) string {
	return n.spans(s, verbatim, "*_~`<")
}

func (n *Names) spans(s string, verbatim bool, open marks) string {
	var b strings.Builder
	from := 0 // where the literal text begins that is not written yet
	for i := 0; i < len(s); {
		html, next := n.span(s, i, verbatim, &open)
		if next > i {
			b.WriteString(n.literal(s[from:i], verbatim))
			b.WriteString(html)
			i, from = next, next
			continue
		}
		i++
	}
	b.WriteString(n.literal(s[from:], verbatim))
	return b.String()
}

// span renders the token or span that begins at i and returns where it ends; i
// if there is none.
func (n *Names) span(s string, i int, verbatim bool, open *marks) (html string, next int) {
	mark := s[i]
	if strings.IndexByte(string(*open), mark) < 0 || mark != '<' && !opens(s, i) {
		return "", i
	}
	end := spanEnd(s, i)
	if end < 0 {
		*open = open.without(mark)
		return "", i
	}
	inner := s[i+1 : end]
	switch mark {
	case '<':
		return n.token(inner), end + 1
	case '`':
		return "<code>" + esc(inner) + "</code>", end + 1
	}
	tag := spanTags[mark]
	return "<" + tag + ">" + n.spans(inner, verbatim, open.without(mark)) + "</" + tag + ">", end + 1
}

// opens says whether the mark at i may open a span: no word glued to it before,
// no blank after.
func opens(s string, i int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	return (s[i] == '`' || !isWord(before)) && i+1 < len(s) && s[i+1] != ' ' && s[i+1] != s[i]
}

// spanEnd finds what closes the mark at i: of a token the next >, of a span the same mark
// with no blank before it and no word glued to it after.
func spanEnd(s string, i int) int {
	if s[i] == '<' {
		if n := strings.IndexByte(s[i:], '>'); n >= 0 {
			return i + n
		}
		return -1
	}
	for j := i + 2; j < len(s); j++ {
		after, _ := utf8.DecodeRuneInString(s[j+1:])
		if s[j] == s[i] && s[j-1] != ' ' && (s[i] == '`' || !isWord(after)) {
			return j
		}
	}
	return -1
}

// isWord is false of what decodes at the end of a text, utf8.RuneError.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// alive is what turns live in text that is not verbatim.
var alive = regexp.MustCompile(`https?://[^\s<>"']+[^\s<>"'.,;:!?)]|@(?:here|channel|everyone)\b|#[\p{Ll}\p{N}_-]+`)

// emoji are the names that the page shows as a picture.
var emoji = regexp.MustCompile(`:[a-z0-9_+-]+:`)

// literal renders text without marks.
func (n *Names) literal(s string, verbatim bool) string {
	if verbatim {
		return n.emojis(esc(s))
	}
	var b strings.Builder
	at := 0
	for _, m := range alive.FindAllStringIndex(s, -1) {
		b.WriteString(n.emojis(esc(s[at:m[0]])))
		b.WriteString(n.live(s[m[0]:m[1]]))
		at = m[1]
	}
	b.WriteString(n.emojis(esc(s[at:])))
	return b.String()
}

func (n *Names) live(s string) string {
	switch s[0] {
	case '@':
		return broadcast(s[1:])
	case '#':
		if id := n.ByName[s[1:]]; id != "" {
			return n.channelLink(id)
		}
		return esc(s)
	}
	return link(kit.Unescape(s), "", n.Base)
}

func (n *Names) emojis(escaped string) string {
	return emoji.ReplaceAllStringFunc(escaped, func(name string) string {
		word := strings.Trim(name, ":")
		if picture := emojiPictures[word]; picture != "" {
			return `<span role="img" aria-label="` + word + `">` + picture + `</span>`
		}
		return name
	})
}

// token renders what stands between < and >.
func (n *Names) token(s string) string {
	body, label, _ := strings.Cut(s, "|")
	switch {
	case strings.HasPrefix(body, "@"):
		return mentionSpan("@" + cmp.Or(n.People[body[1:]], label, body[1:]))
	case strings.HasPrefix(body, "#"):
		return n.channelLink(body[1:])
	case strings.HasPrefix(body, "!subteam^"):
		id := strings.TrimPrefix(body, "!subteam^")
		return mentionSpan("@" + cmp.Or(n.Groups[id], strings.TrimPrefix(label, "@"), id))
	case strings.HasPrefix(body, "!date^"):
		return dateToken(body, label, n.Base)
	case body == "!here" || body == "!channel" || body == "!everyone":
		return broadcast(body[1:])
	case strings.HasPrefix(body, "!"):
		return esc("<" + s + ">")
	}
	return link(kit.Unescape(body), kit.Unescape(label), n.Base)
}

func mentionSpan(text string) string { return `<span class="mention">` + esc(text) + `</span>` }
func broadcast(who string) string    { return `<span class="mention all">@` + esc(who) + `</span>` }

func (n *Names) channelLink(id string) string {
	name := n.Channels[id]
	if name == "" {
		return mentionSpan("#private")
	}
	return `<a class="mention" data-channel="` + html.EscapeString(id) + `" href="/?channel=` + html.EscapeString(id) + `">#` + html.EscapeString(name) + `</a>`
}

// link renders a link to http, https or mail; anything else stays text.
func link(target, label, base string) string {
	if label == "" {
		label = strings.TrimPrefix(target, "mailto:")
	}
	lower := strings.ToLower(target)
	ok := strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://") || strings.HasPrefix(lower, "mailto:")
	if !ok {
		return html.EscapeString(label)
	}
	away := ` target="_blank"`
	if base != "" && strings.HasPrefix(target, base+"/") {
		away = ""
	}
	return `<a href="` + html.EscapeString(target) + `" rel="noopener noreferrer nofollow"` + away + `>` + html.EscapeString(label) + `</a>`
}

// dateToken renders <!date^UNIX^FORMAT^LINK|FALLBACK> for the page's script,
// which knows the reader's zone; without it the fallback stands.
func dateToken(body, fallback, base string) string {
	parts := strings.SplitN(strings.TrimPrefix(body, "!date^"), "^", 3)
	seconds, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || len(parts) < 2 {
		return esc(fallback)
	}
	at := time.Unix(seconds, 0).UTC()
	if fallback == "" {
		fallback = at.Format("2006-01-02 15:04 UTC")
	}
	out := `<time datetime="` + at.Format(time.RFC3339) + `" data-format="` + html.EscapeString(kit.Unescape(parts[1])) + `">` + esc(fallback) + `</time>`
	if len(parts) == 3 {
		return strings.Replace(link(kit.Unescape(parts[2]), "\x00", base), "\x00", out, 1)
	}
	return out
}
