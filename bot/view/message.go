package view

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/slack-go/slack"
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

// Slack's limits that this package can meet, in characters.
const (
	maxText    = 3900 // chat.update refuses 4,000
	maxSection = 2900 // of 3,000
	maxHeader  = 150
)

// texted cuts a fallback text to what chat.update takes, and takes the life out
// of what Slack would turn into mentions and links there: it cannot be told to
// take this text verbatim.
func texted(s string) string { return trim(calm(s), maxText) }

func mrkdwn(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, true)
}

func plain(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

func header(s string) slack.Block { return slack.NewHeaderBlock(plain(cut(s, maxHeader-30))) }

func section(s string) slack.Block {
	return slack.NewSectionBlock(mrkdwn(trim(s, maxSection)), nil, nil)
}

// note is small print.
func note(lines ...string) slack.Block {
	elements := make([]slack.MixedElement, 0, len(lines))
	for _, l := range lines {
		elements = append(elements, mrkdwn(trim(l, maxSection)))
	}
	return slack.NewContextBlock("", elements...)
}

// quote shows untrusted text under a label; rich text takes it as it is.
func quote(label, text string) slack.Block {
	text = cut(clean(text), shownRunes)
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

// table shows rows under a head; the first column holds numbers. Slack takes a hundred rows.
func table(head [2]string, rows [][2]string) slack.Block {
	cells := [][]slack.TableCell{{slack.NewTableRawTextCell(head[0]), slack.NewTableRawTextCell(head[1])}}
	for _, r := range rows[:min(len(rows), 99)] {
		cells = append(cells, []slack.TableCell{slack.NewTableRawTextCell(r[0]), slack.NewTableRawTextCell(r[1])})
	}
	return &slack.TableBlock{
		Type:           slack.MBTTable,
		Rows:           cells,
		ColumnSettings: []slack.ColumnSetting{{Align: slack.ColumnAlignmentRight}, {Align: slack.ColumnAlignmentLeft, IsWrapped: true}},
	}
}
