package drill

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"factorbot/cmd/factorlab/internal/process"
	"factorbot/cmd/internal/sandbox"
)

// startBot starts a bot that logs into a file of this name.
func (d *drill) startBot(ctx context.Context, logName string, env ...string) (*process.Process, error) {
	return process.Start(ctx, process.Spec{
		Program: d.bot, Dir: d.dir, Log: logName, Args: []string{"drill", "bot", "--config", filepath.Join(d.dir, "factorbot.yaml")},
		Env: append(sandbox.BotEnv(d.url, d.record()), env...),
	})
}

// botLog is the log of the bots that live one after the other.
const botLog = "bot.log"

// alive fails for a bot that has ended by itself.
func alive(bots ...*process.Process) error {
	for _, b := range bots {
		if b.Ended() && !b.Killed() {
			return b.Failure("the bot ended by itself: ")
		}
	}
	return nil
}

// pointLine begins the last line of a bot that has ended itself at a point.
const pointLine = "failpoint "

// pointOf is where a bot has ended itself.
func pointOf(b *process.Process) string {
	log, _ := os.ReadFile(b.Logs) // a log that cannot be read names none
	_, name, _ := strings.Cut(string(log[max(0, len(log)-100):]), pointLine)
	return strings.TrimSpace(name)
}
