package view

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"factorbot/bot/view/phrase"
)

// Message is what one message of Slack's shows.
type Message struct {
	Text   string        `json:"text"` // for notifications and screen readers
	Blocks []slack.Block `json:"blocks,omitempty"`
}

// Hash tells whether two messages show the same.
func (m Message) Hash() (string, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("hash a message: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8]), nil
}

// fallbackBlock is a block that not every workspace has yet, with the blocks that are
// shown in its place where Slack refuses it.
type fallbackBlock struct {
	slack.Block
	fallback []slack.Block
}

// MarshalJSON writes the block itself.
func (b fallbackBlock) MarshalJSON() ([]byte, error) { return json.Marshal(b.Block) }

// Without returns the message with older blocks in place of those of the given
// types. Only blocks that have such a form are replaced.
func (m Message) Without(types ...string) Message {
	return m.replaced(func(b fallbackBlock) bool { return slices.Contains(types, string(b.BlockType())) })
}

// Plain returns the message with older blocks in place of all new ones.
func (m Message) Plain() Message { return m.replaced(func(fallbackBlock) bool { return true }) }

func (m Message) replaced(which func(fallbackBlock) bool) Message {
	var blocks []slack.Block
	for _, b := range m.Blocks {
		if n, ok := b.(fallbackBlock); ok && which(n) {
			blocks = append(blocks, n.fallback...)
			continue
		}
		blocks = append(blocks, b)
	}
	return Message{Text: m.Text, Blocks: blocks}
}

// Replaceable reports whether [Message.Without] can replace a block.
func Replaceable(b slack.Block) bool {
	_, ok := b.(fallbackBlock)
	return ok
}

// Slack's limits that this package can meet, in characters.
const (
	maxText    = 3900 // chat.update refuses 4,000
	maxSection = 2900 // of 3,000
	maxHeader  = 150
	maxChart   = 50  // of a chart's title
	maxConfirm = 100 // of the title of a confirmation dialog
)

// texted cuts a fallback text to what chat.update takes, and takes the life out
// of what Slack would turn into mentions and links there: it cannot be told to
// take this text verbatim.
func texted(s string) string { return phrase.Trim(phrase.Calm(s), maxText) }

func firstOf[T any](all []T, n int) []T { return all[:min(len(all), n)] }

func mrkdwn(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, true)
}

func plain(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

func header(s string) slack.Block { return slack.NewHeaderBlock(plain(phrase.Shorten(s, maxHeader))) }

// collapsible puts blocks under a title, closed at first; where Slack has no
// containers, their words stand in small print.
func collapsible(title string, inside []slack.Block, small ...string) slack.Block {
	c := slack.NewContainerBlock(inside...).WithTitle(plain(title)).WithCollapsible(true, true)
	return fallbackBlock{c, []slack.Block{note(small...)}}
}

// chart is a picture of numbers; the text beside it says the same, or what is shown instead.
func chart(title string, c slack.DataVisualizationChart, fallback ...slack.Block) slack.Block {
	return fallbackBlock{&slack.DataVisualizationBlock{Type: slack.MBTDataVisualization, Title: phrase.Shorten(title, maxChart), Chart: c}, fallback}
}

func section(s string) *slack.SectionBlock {
	return slack.NewSectionBlock(mrkdwn(phrase.Trim(s, maxSection)), nil, nil)
}

// sections are the texts that are not empty, in a section each.
func sections(texts ...string) []slack.Block {
	return phrase.Each(phrase.Filled(texts...), func(s string) slack.Block { return section(s) })
}

// sentence is a message of one section, which the fallback text repeats, and of what is below it.
func sentence(s string, below ...slack.Block) Message {
	return Message{Text: texted(s), Blocks: append([]slack.Block{section(s)}, below...)}
}

// note is small print.
func note(lines ...string) slack.Block {
	elements := phrase.Each(lines, func(l string) slack.MixedElement { return mrkdwn(phrase.Trim(l, maxSection)) })
	return slack.NewContextBlock("", elements...)
}

// quote shows untrusted text under a label; rich text takes it as it is.
func quote(label, text string) slack.Block {
	text = phrase.Cut(phrase.Clean(text), phrase.Shown)
	if text == "" {
		text = "(none)"
	}
	bold := &slack.RichTextSectionTextStyle{Bold: true}
	return slack.NewRichTextBlock("",
		slack.NewRichTextSection(slack.NewRichTextSectionTextElement(label, bold)),
		&slack.RichTextQuote{
			Type:     slack.RTEQuote,
			Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(text, nil)},
		})
}
