package announcer

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// oldFor is how long a type of block that Slack refused is left out.
const oldFor = 24 * time.Hour

// newBlocks remembers which types of blocks this workspace does not take.
type newBlocks struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// old lists the types that are left out now.
func (b *newBlocks) old(now time.Time) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.until, func(_ string, until time.Time) bool { return !now.Before(until) })
	return slices.Collect(maps.Keys(b.until))
}

func (b *newBlocks) refuse(types []string, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until == nil {
		b.until = map[string]time.Time{}
	}
	for _, t := range types {
		b.until[t] = until
	}
}

// fitting sends a message and, where Slack refuses blocks of it, sends it again
// at once with older ones. The types that Slack's errors point to are left out
// of every message for a day; without a pointer, all new blocks are left out of
// this message alone.
func (s *sender) fitting(v view.Message, send func(view.Message) error) error {
	v = v.Without(s.blocks.old(s.Now())...)
	for {
		err := send(v)
		if slackapi.ErrorCode(err) != "invalid_blocks" || !slices.ContainsFunc(v.Blocks, view.Replaceable) {
			return err
		}
		types := refusedTypes(err, v)
		if len(types) == 0 {
			s.Log.Error("Slack refuses a message's blocks and does not say which; it goes out plain", "error", slackapi.LogText(err))
			return send(v.Plain())
		}
		s.Log.Warn("Slack does not take a type of block; older ones are used for a day", "types", types)
		s.blocks.refuse(types, s.Now().Add(oldFor))
		v = v.Without(types...)
	}
}

// blockPointer is how Slack's errors point to a block of a message:
// "unsupported type: data_table [json-pointer:/blocks/3/type]".
var blockPointer = regexp.MustCompile(`\[json-pointer:/blocks/(\d+)[/\]]`)

// refusedTypes are the types of the new blocks that Slack's errors point to.
func refusedTypes(err error, v view.Message) (types []string) {
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) {
		return nil
	}
	said := refused.ResponseMetadata.Messages
	for _, e := range refused.Errors {
		if e.Message != nil {
			said = append(said, *e.Message)
		}
	}
	for _, found := range blockPointer.FindAllStringSubmatch(strings.Join(said, "\n"), -1) {
		i, err := strconv.Atoi(found[1])
		if err == nil && i < len(v.Blocks) && view.Replaceable(v.Blocks[i]) {
			types = append(types, string(v.Blocks[i].BlockType()))
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}
