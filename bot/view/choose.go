package view

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/view/phrase"
)

const (
	mostOptions = 100 // of a select (docs.slack.dev, select menu element)
	optionRunes = 75  // of an option's text and of its description
)

// Column is one that an uploader may choose.
type Column struct {
	Number  int    // from 1
	Header  string // "" without one
	Samples []string
}

// ChooseColumn asks an uploader privately which column names the users, and why.
func ChooseColumn(u Upload, file, why string, columns []Column) Message {
	s := fmt.Sprintf("Which column of %s names the users to reset? %s Nobody is reset until you choose.", phrase.Code(file), phrase.Told(why))
	var options []*slack.OptionBlockObject
	for _, c := range columns[:min(len(columns), mostOptions)] {
		name := c.Header
		if name == "" {
			name = fmt.Sprintf("Column %d", c.Number)
		}
		o := slack.NewOptionBlockObject(strconv.Itoa(c.Number), plain(short(phrase.Line(name))), nil)
		if shown := strings.Join(c.Samples, ", "); shown != "" {
			o.Description = plain(short(phrase.Line(shown)))
		}
		options = append(options, o)
	}
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Choose a column"), ActionChooseColumn, options...)
	return Message{Text: texted(s), Blocks: []slack.Block{section(s), slack.NewActionBlock(u.Value(), menu)}}
}

// OptionInside asks about a message in which something looks like an option after the reason has begun.
func OptionInside(u Upload, file, option string) Message {
	s := fmt.Sprintf("%s in your message about %s looks like an option, and options come first. Nothing was opened: say it again, options first, then the reason.", phrase.Code(option), phrase.Code(file))
	b := button(ActionAddReason, u.Value(), "Say it again", slack.StylePrimary)
	return Message{Text: texted(s), Blocks: []slack.Block{section(s), slack.NewActionBlock("reason", b)}}
}

// OneFile tells privately that a message has several files.
func OneFile() Message {
	return Answer("I read one file for each message. Drop the list again alone, with the reason as its message.")
}

// NotHere tells privately that a file lies elsewhere than in Slack.
func NotHere(file string) Message {
	return Answer(fmt.Sprintf("%s isn't in Slack, only a link to it, so I can't read it. Download it as CSV or .xlsx, and drop that file here.", phrase.Code(file)))
}

// NotSeen tells privately that Slack does not show a file to the bot.
func NotSeen() Message {
	return Answer("Slack doesn't let me see this file. Drop it again here; if that doesn't help, ask your admin whether the app may read files in this channel.")
}

// NotAList tells privately what is read.
func NotAList(file string) Message {
	return Answer(fmt.Sprintf("%s isn't a list that I can read. Drop a .csv, .tsv, .txt or .xlsx file with a column of Okta user IDs, logins or e-mails.", phrase.Code(file)))
}
