package slacksim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Answer is what a person sees of a command.
type Answer struct {
	OK        bool       `json:"ok"`
	Error     string     `json:"error,omitempty"`
	Ephemeral []*Message `json:"ephemeral"`
	View      object     `json:"view"`
}

// Command types a slash command and waits as long as Slack does for the
// acknowledgement and the first answer: a message that only this person sees, a
// view, or a post by the response URL. Text without a slash goes to the app's
// first command.
func (w *Workspace) Command(ctx context.Context, user, channel, text string) (Answer, error) {
	payload, in, err := w.commandPayload(user, channel, text)
	if err != nil {
		return Answer{}, err
	}
	if word, rest := splitCommand(text, w.opt.Commands); payload == nil {
		if known, err := w.slackCommand(user, channel, word, rest); known {
			return Answer{OK: err == nil, Ephemeral: []*Message{}}, err
		}
	}
	if payload == nil {
		return w.failedCommand(in, text, "is not a valid command", "unknown_command"), nil
	}
	ack, err := w.deliver(ctx, envelope{Type: "slash_commands", Accepts: true, Payload: payload})
	if err != nil {
		return w.failedCommand(in, text, "failed with the error \u201c"+err.Error()+"\u201d", err.Error()), nil
	}
	w.commandAcked(in, ack)
	w.await(ctx, in, w.patience()-time.Since(in.issued), func() bool {
		return in.opened != nil || in.public || len(in.private) > 0
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	a := Answer{OK: true, Ephemeral: copies(in.private)}
	if in.opened != nil {
		a.View = in.opened.object()
	}
	return a, nil
}

func copies(messages []*Message) []*Message {
	out := make([]*Message, 0, len(messages))
	for _, m := range messages {
		copied := *m
		out = append(out, &copied)
	}
	return out
}

// commandPayload returns nil without an error for a command that this person
// does not have: none of the app's, or a stranger's.
func (w *Workspace) commandPayload(user, channel, text string) (object, *interaction, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, conv := w.person(user), w.conversation[channel]
	switch {
	case p == nil:
		return nil, nil, errors.New("user_not_found")
	case conv == nil:
		return nil, nil, errors.New("channel_not_found")
	}
	word, rest := splitCommand(text, w.opt.Commands)
	in := w.interact(user, channel)
	i := slices.IndexFunc(w.opt.Commands, func(c SlashCommand) bool { return c.Command == word })
	if i < 0 || p.team() != Team {
		return nil, in, nil
	}
	if w.opt.Commands[i].Escape {
		rest = w.escape(rest)
	}
	command := object{
		"token": "sandbox", "team_id": Team, "team_domain": teamDomain,
		"channel_id": channel, "channel_name": conv.nameForApp(), "user_id": user, "user_name": p.Name,
		"command": word, "text": rest, "api_app_id": AppID, "is_enterprise_install": strconv.FormatBool(w.orgInstall()),
		"response_url": w.newHook("commands", in, nil), "trigger_id": in.trigger,
	}
	if id := w.enterprise(); id != nil {
		command["enterprise_id"], command["enterprise_name"] = id, enterpriseName
	}
	return command, in, nil
}

func splitCommand(text string, commands []SlashCommand) (word, rest string) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "/") && len(commands) > 0 {
		return commands[0].Command, text
	}
	word, rest, _ = strings.Cut(text, " ")
	return word, strings.TrimSpace(rest)
}

var mention = regexp.MustCompile(`(^|[\s,;(])([@#])([\p{L}\p{N}._-]+)`)

// escape does what should_escape asks for: @ana becomes <@U_ANA|ana>, #general
// becomes <#C_GENERAL|general>. Names and IDs are both understood.
func (w *Workspace) escape(text string) string {
	return mention.ReplaceAllStringFunc(text, func(found string) string {
		parts := mention.FindStringSubmatch(found)
		before, sigil, name := parts[1], parts[2], parts[3]
		trimmed := strings.TrimRight(name, ".")
		tail := name[len(trimmed):]
		if sigil == "#" {
			if c := w.channelNamed(trimmed); c != nil {
				return before + "<#" + c.ID + "|" + c.Name + ">" + tail
			}
			return found
		}
		if p := w.handled(trimmed); p != nil {
			return before + "<@" + p.ID + "|" + p.Name + ">" + tail
		}
		return found
	})
}

// failedCommand shows Slack's own words for a command that did not work.
func (w *Workspace) failedCommand(in *interaction, text, words, code string) Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	word, _ := splitCommand(text, w.opt.Commands)
	m := &Message{Type: "message", TS: w.nextTS(), User: slackbot, Text: word + " " + words + ".", Team: Team}
	w.showEphemeral(w.conversation[in.channel], in.user, m, "")
	return Answer{Error: code, Ephemeral: copies([]*Message{m})}
}

// commandAcked shows what the acknowledgement itself says.
func (w *Workspace) commandAcked(in *interaction, ack json.RawMessage) {
	if len(ack) == 0 || bytes.Equal(ack, []byte("null")) {
		return
	}
	a := args{}
	if ack[0] == '"' {
		var text string
		_ = json.Unmarshal(ack, &text)
		a["text"] = text
	} else if a.readJSON(bytes.NewReader(ack)) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	what, err := w.content(a)
	if err != nil || what.empty() {
		return
	}
	h := &hook{interaction: in, channel: in.channel, user: in.user, issued: in.issued}
	w.say(h, what, a)
}

// OpenHome opens a person's home tab and returns its view: the one published
// upon it, or when it has waited long enough the one that was there.
func (w *Workspace) OpenHome(ctx context.Context, user string) (object, error) {
	w.mu.Lock()
	if w.person(user) == nil {
		w.mu.Unlock()
		return nil, errors.New("user_not_found")
	}
	conv, _ := w.direct(user)
	in := w.interact(user, conv.ID)
	event := object{
		"type": "app_home_opened", "user": user, "channel": conv.ID, "tab": "home", "event_ts": w.nextTS(),
	}
	if v := w.homes[user]; v != nil {
		event["view"] = v.object()
	}
	w.emit(event)
	w.mu.Unlock()
	w.await(ctx, in, w.patience()*2/3, func() bool { return in.public })
	w.mu.Lock()
	defer w.mu.Unlock()
	if v := w.homes[user]; v != nil {
		return v.object(), nil
	}
	return nil, nil
}

// published wakes who waits for a home tab.
func (w *Workspace) published(user string) {
	direct := w.conversation["D"+strings.TrimPrefix(user, "U")]
	for _, in := range w.interactions {
		if in.user == user && direct != nil && in.channel == direct.ID {
			in.public = true
			in.signal()
		}
	}
}
