package view

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/view/phrase"
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
	options := phrase.Each(firstOf(columns, maxChoices), func(c Column) *slack.OptionBlockObject {
		return option(choice{strconv.Itoa(c.Number), cmp.Or(c.Header, fmt.Sprintf("Column %d", c.Number)), strings.Join(c.Samples, ", ")})
	})
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Choose a column"), ActionChooseColumn, options...)
	return sentence(s, slack.NewActionBlock(u.Value(), menu))
}

// OptionInside asks about a message in which something looks like an option after the reason has begun.
func OptionInside(u Upload, file, option string) Message {
	s := fmt.Sprintf("%s in your message about %s looks like an option, and options come first. Nothing was opened: say it again, options first, then the reason.", phrase.Code(option), phrase.Code(file))
	return sentence(s, slack.NewActionBlock("reason", button(ActionAddReason, u.Value(), "Say it again", slack.StylePrimary)))
}

// Hint tells privately why a file is not read, and what to do.
type Hint string

// Hints; {file} is the name of the file.
const (
	OneFile  Hint = "I read one file for each message. Drop the list again alone, with the reason as its message."
	NotHere  Hint = "{file} isn't in Slack, only a link to it, so I can't read it. Download it as CSV or .xlsx, and drop that file here."
	NotSeen  Hint = "Slack doesn't let me see this file. Drop it again here; if that doesn't help, ask your admin whether the app may read files in this channel."
	NotAList Hint = "{file} isn't a list that I can read. Drop a .csv, .tsv, .txt or .xlsx file with a column of Okta user IDs, logins or e-mails."
	NotCSV   Hint = "I can't read {file}. Save it as CSV (Excel: *File > Save as > CSV UTF-8*, Google Sheets: *File > Download > CSV*) and drop that here."
)

// About gives the hint for a file.
func (h Hint) About(file string) Message {
	return Answer(strings.ReplaceAll(string(h), "{file}", phrase.Code(file)))
}
