package people

import (
	"context"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// joined is how old it may be that somebody is not in a channel: they may have joined since.
const joined = 3 * time.Second

// InChannel reports whether a person is a member of a channel.
func (p *Directory) InChannel(ctx context.Context, c reset.Channel, id reset.Person) (bool, error) {
	members, err := p.inRoom(ctx, c, groupAge)
	if err != nil {
		return false, err
	}
	if !slices.Contains(members.value, string(id)) && time.Since(members.at) >= joined {
		if members, err = p.inRoom(ctx, c, joined); err != nil {
			return false, err
		}
	}
	return slices.Contains(members.value, string(id)), nil
}

// pageOfMembers is how many members are asked for at once; Slack allows 1,000 and
// recommends 200 (docs.slack.dev, conversations.members).
const pageOfMembers = 1000

func (p *Directory) inRoom(ctx context.Context, c reset.Channel, age time.Duration) (entry[[]string], error) {
	return askSlack(ctx, p, &p.rooms, "conversations.members", "ask Slack who is in "+string(c), string(c), age, func() (all []string, err error) {
		for cursor := ""; ; {
			var page []string
			page, cursor, err = p.Slack.GetUsersInConversationContext(ctx, &slack.GetUsersInConversationParameters{
				ChannelID: string(c), Cursor: cursor, Limit: pageOfMembers,
			})
			if err != nil {
				return nil, err
			}
			if all = append(all, page...); cursor == "" {
				return all, nil
			}
		}
	})
}
