package handler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// fileKind tells lists from files that get a hint and those that are not for us.
type fileKind int

const (
	fileOther  fileKind = iota
	fileRoster          // read as a list
	fileSheet           // a spreadsheet or archive of another kind: its sender hears how to save it
)

func kindOf(f event.File) fileKind {
	switch strings.ToLower(path.Ext(strings.TrimSpace(f.Name))) {
	case ".csv", ".tsv", ".txt", ".tab", ".xlsx":
		return fileRoster
	case ".xls", ".xlsm", ".xlsb", ".xltx", ".ods", ".fods", ".numbers", ".zip", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz":
		return fileSheet
	case "":
		if strings.HasPrefix(f.Mime, "text/") || f.Type == "text" || f.Type == "csv" || f.Type == "tsv" {
			return fileRoster
		}
	}
	return fileOther
}

const (
	// modeDeleted marks a file that was deleted, in the message that had it.
	modeDeleted = "tombstone"
	// modeElsewhere marks a file that Slack only has a link to, such as one in Google Drive.
	modeElsewhere = "external"
)

// accessCheck marks a file of which an event names only the ID.
// https://docs.slack.dev/reference/objects/file-object
const accessCheck = "check_file_info"

// Takes reports whether an upload is one that gets an answer: a list, what may
// have been meant as one, or any file with a message.
func (h *Handler) Takes(e *event.Event) bool {
	if !h.takes(e.Channel) || e.By == e.Bot.User {
		return false
	}
	files := present(e)
	said := strings.TrimSpace(e.Text) != ""
	return slices.ContainsFunc(files, func(f event.File) bool { return said || f.Access == accessCheck || kindOf(f) != fileOther })
}

// present lists the files of a message that were not deleted.
func present(e *event.Event) []event.File {
	return slices.DeleteFunc(slices.Clone(e.Files), func(f event.File) bool { return f.Mode == modeDeleted })
}

// serveUpload opens a request from a file, or says what it lacks.
func (h *Handler) serveUpload(ctx context.Context, e *event.Event) (view.Message, error) {
	files := present(e)
	if len(files) != 1 {
		if len(files) > 1 {
			return view.OneFile.About(""), nil
		}
		return view.Message{}, nil
	}
	f, err := h.fileInfo(ctx, files[0])
	switch {
	case unseen(err):
		return view.NotSeen.About(""), nil
	case err != nil:
		return view.Message{}, err
	}
	if m := hintFor(f); m.Text != "" {
		return m, nil
	}
	said, err := roster.ParseUpload(roster.Unmentioned(e.Text, string(e.Bot.User), e.Bot.Name), h.Now())
	if err != nil {
		return view.Message{}, err
	}
	up := view.Upload{Channel: e.Channel, TS: e.TS, File: f.ID}
	with := fileAsk{TS: e.TS}
	if said.Stray != "" {
		return h.askReason(ctx, e, up, f, with, view.OptionInside(up, f.Name, said.Stray))
	}
	with.say(said)
	switch err := h.Desk.MayAsk(ctx, intent(e), said.Reason); {
	case lacksReason(err):
		return h.askReason(ctx, e, up, f, with, view.AddReason(up, f.Name))
	case err != nil:
		return view.Message{}, err
	}
	return h.open(ctx, e, f, with)
}

// unseen reports whether Slack does not show a file to the bot.
func unseen(err error) bool {
	switch slackapi.ErrorCode(err) {
	case "file_not_found", "file_deleted", "access_denied", "not_visible", "not_allowed":
		return true
	}
	return false
}

// hintFor says how to send a file that is not read as it is; it is empty for one that is.
func hintFor(f event.File) view.Message {
	switch kind := kindOf(f); {
	case f.Mode == modeElsewhere:
		return view.NotHere.About(f.Name)
	case kind == fileSheet:
		return view.NotCSV.About(f.Name)
	case kind == fileOther:
		return view.NotAList.About(f.Name)
	}
	return view.Message{}
}

// askReason asks the sender of a file for what it lacks, and remembers what was said with it.
func (h *Handler) askReason(ctx context.Context, e *event.Event, up view.Upload, f event.File, with fileAsk, m view.Message) (view.Message, error) {
	if err := h.remember(ctx, question{Upload: up.Value(), Key: e.Key, By: e.By, Team: e.Team, File: f.Name, With: with}); err != nil {
		return view.Message{}, err
	}
	return m, nil
}

// fileInfo asks Slack for a file of which only the ID is known.
func (h *Handler) fileInfo(ctx context.Context, f event.File) (event.File, error) {
	if f.Access != accessCheck {
		return f, nil
	}
	got, _, _, err := h.Slack.GetFileInfoContext(ctx, f.ID, 0, 0)
	if err != nil {
		return f, fmt.Errorf("ask Slack about a file: %w", err)
	}
	known := slackapi.File(*got)
	known.Access = ""
	return known, nil
}

// fileAsk is what is asked for with a file.
type fileAsk struct {
	TS      string        `json:"ts,omitempty"` // of the upload's message; "" if it came by a form
	Reason  string        `json:"reason,omitempty"`
	Options reset.Options `json:"options"`
	Factors []string      `json:"factors,omitempty"` // as typed, where Options has none
	At      string        `json:"at,omitempty"`      // when to start, as typed
	NotTill time.Time     `json:"not_till,omitzero"`
	Again   bool          `json:"again,omitempty"` // of a result file

	column int          // that was chosen; 0: none
	sha    reset.Digest // of the bytes that it was chosen for
}

// say adds what a message says to what was said before.
func (w *fileAsk) say(said roster.UploadText) {
	o := &w.Options
	o.DryRun, o.BreakGlass = o.DryRun || said.DryRun, o.BreakGlass || said.BreakGlass
	o.RevokeSessions = o.RevokeSessions || said.RevokeSessions
	w.Again = w.Again || said.Again
	w.Reason = said.Reason
	if said.At != "" {
		w.At = said.At
	}
	if len(said.Factors) > 0 {
		w.Factors = said.Factors
	}
}

// open reads the list and opens a request; what everybody sees of it comes from the
// Announcer. Where only the sender can say which column names the users, it asks.
func (h *Handler) open(ctx context.Context, e *event.Event, f event.File, with fileAsk) (view.Message, error) {
	ros, err := h.download(ctx, f, with.column)
	if ctx.Err() != nil {
		return view.Message{}, nil
	}
	if len(with.Factors) > 0 {
		types, err := roster.FactorTypes(with.Factors)
		if err != nil {
			return view.Message{}, err
		}
		with.Options.Factors = types
	}
	ask := desk.OpenAsk{
		Reason: with.Reason, Source: reset.Source{File: f.Name, Bytes: f.Size, TS: with.TS},
		Options: with.Options, NotTill: with.NotTill, At: with.At,
	}
	var refusal *roster.Error
	switch {
	case errors.As(err, &refusal):
		ask.Refusal = refusal
	case err != nil:
		return view.Message{}, err
	default:
		if with.column > 0 && ros.SHA256 != with.sha {
			with.column = 0
			return h.open(ctx, e, f, with) // what was chosen was about other bytes
		}
		if m, err := h.askColumn(ctx, e, f, ros, with); m.Text != "" || err != nil {
			return m, err
		}
		read(&ask, ros, with)
	}
	r, err := h.Desk.Open(ctx, intent(e), ask)
	switch {
	case err != nil:
		return view.Message{}, err
	case r.State == reset.Planning, r.State == reset.Rejected && with.TS == "":
		// Planning takes minutes for a long list; a refused form has no thread to be told in.
		return view.Opened(r), nil
	case r.State != reset.Rejected:
		return view.Answer(fmt.Sprintf("%s already has this file. Nothing was opened a second time.", r.ID)), nil
	case with.column > 0: // the question is answered too
		return view.Answer(fmt.Sprintf("%s isn't possible. The file's thread says why.", r.ID)), nil
	}
	return view.Message{}, nil
}

// read adds a list that was read to what is asked.
func read(ask *desk.OpenAsk, ros *roster.Roster, with fileAsk) {
	ask.Roster = ros
	src := &ask.Source
	src.SHA256, src.Bytes, src.Column, src.Format = ros.SHA256, ros.Bytes, ros.Column, ros.Format
	src.Notes, src.Chosen = ros.Notes, with.column
	src.Anyway = with.Again && ros.Own != nil
	if with.Again && ros.Own == nil { // of another file it is the reason's first word
		ask.Reason = strings.TrimSpace("again " + ask.Reason)
	}
}

// askColumn asks the sender which column names the users, where that is to be asked.
func (h *Handler) askColumn(ctx context.Context, e *event.Event, f event.File, ros *roster.Roster, with fileAsk) (m view.Message, err error) {
	if with.column > 0 {
		return m, nil
	}
	q, err := h.Desk.Doubt(ctx, ros)
	if q == nil || err != nil {
		return m, err
	}
	if err := h.Desk.MayAsk(ctx, intent(e), with.Reason); err != nil {
		return m, err
	}
	up := view.Upload{Channel: e.Channel, TS: cmp.Or(with.TS, noMessage), File: f.ID}
	err = h.remember(ctx, question{Upload: up.Value(), Key: e.Key, By: e.By, Team: e.Team, File: f.Name, With: with, SHA256: ros.SHA256})
	if err != nil {
		return m, err
	}
	columns := make([]view.Column, len(q.Columns))
	for i, c := range q.Columns {
		columns[i] = view.Column(c)
	}
	return view.ChooseColumn(up, f.Name, q.Words, columns), nil
}

// noMessage is in the place of a message's timestamp where a file came by a form.
const noMessage = "0"

// chooseColumn goes on with a file whose column was chosen. Only its sender's choice counts.
func (h *Handler) chooseColumn(ctx context.Context, e *event.Event) (view.Message, error) {
	up, err := view.ParseUpload(e.Block)
	column, numberErr := strconv.Atoi(e.Value)
	if err != nil || numberErr != nil || column < 1 {
		return view.Message{}, fmt.Errorf("%w: %w", event.ErrForeignValue, cmp.Or(err, numberErr, event.ErrForeignValue))
	}
	q, known, err := h.questionAbout(ctx, up.Value())
	switch {
	case err != nil:
		return view.Message{}, err
	case !known || q.SHA256 == "":
		return view.Answer("This question is closed. Drop the file again if the users still need a reset."), nil
	case q.By != e.By:
		h.Log.Warn("somebody else chose the column of an upload; nothing was done", "user", e.By, "uploader", q.By)
		return view.Refused("Only the person who sent the file can choose its column."), nil
	}
	f, err := h.findUpload(ctx, e, up)
	if err != nil {
		return fileGone(err)
	}
	// The request is the upload's, not the click's: a second choice opens nothing.
	e.Key, e.Channel, e.Team = q.Key, up.Channel, q.Team
	with := q.With
	with.column, with.sha = column, q.SHA256
	return h.open(ctx, e, f, with)
}
