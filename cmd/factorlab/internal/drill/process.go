package drill

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/sandbox"
)

// drillBot is one life of the bot.
type drillBot struct {
	cmd   *exec.Cmd
	alive io.Closer // its standard input: it ends when this closes, even if we are killed
	logs  string
	done  chan struct{} // closed when it has ended
	err   error         // to be read after done
}

func (d *drill) startBot(ctx context.Context, armed string, more ...string) (*drillBot, error) {
	return d.startBotAs(ctx, "bot.log", append(arming(armed), more...))
}

// startBotAs starts a bot that logs into a file of this name.
func (d *drill) startBotAs(ctx context.Context, logName string, env []string) (*drillBot, error) {
	b := &drillBot{logs: filepath.Join(d.dir, logName), done: make(chan struct{})}
	logs, err := os.OpenFile(b.logs, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the bot's log: %w", err)
	}
	defer logs.Close()
	b.cmd = exec.CommandContext(ctx, d.bot, "drill", "bot", "--config", filepath.Join(d.dir, "factorbot.yaml"))
	b.cmd.Dir, b.cmd.Stderr = d.dir, logs
	// Nothing of ours, so that no setting and no ~/.okta strays in.
	b.cmd.Env = []string{
		"HOME=" + d.dir, "TMPDIR=" + os.TempDir(),
		"SLACK_APP_TOKEN=xapp-sandbox", "SLACK_BOT_TOKEN=xoxb-sandbox", "SLACK_API_URL=" + d.url + "/api/",
		"OKTA_ORG_URL=" + d.url, "OKTA_API_TOKEN=" + sandbox.Token,
		"FACTORBOT_DB=" + filepath.Join(d.dir, "factorbot.db"), "FACTORBOT_HTTP_ADDR=127.0.0.1:0",
	}
	b.cmd.Env = append(b.cmd.Env, env...)
	if b.alive, err = b.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start the bot: %w", err)
	}
	if err := b.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the bot: %w", err)
	}
	go func() { // ends with the process
		b.err = b.cmd.Wait()
		_ = b.alive.Close()
		close(b.done)
	}()
	return b, nil
}

func (b *drillBot) dead() bool {
	select {
	case <-b.done:
		return true
	default:
		return false
	}
}

// kill is kill -9, by the process's ID.
func (b *drillBot) kill() {
	_ = b.cmd.Process.Kill()
	<-b.done
}

// killed reports whether the bot ended as kill -9 ends a process.
func (b *drillBot) killed() bool {
	status, ok := b.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// stop ends the bot as an operator does, and returns what it ended with.
func (b *drillBot) stop() error {
	b.tellToStop()
	return b.ended()
}

func (b *drillBot) tellToStop() { _ = b.cmd.Process.Signal(syscall.SIGTERM) }

// ended returns what a bot that was told to stop ended with.
func (b *drillBot) ended() error {
	timer := time.AfterFunc(app.TeardownLimit, func() { _ = b.cmd.Process.Kill() })
	defer timer.Stop()
	<-b.done
	if b.err != nil {
		return fmt.Errorf("%w%s", b.err, b.tail())
	}
	return nil
}

// pointLine begins the last line of a bot that has ended itself at a point.
const pointLine = "failpoint "

// point is where the bot has ended itself.
func (b *drillBot) point() string {
	log, _ := os.ReadFile(b.logs) // a log that cannot be read names none
	_, name, _ := strings.Cut(string(log[max(0, len(log)-100):]), pointLine)
	return strings.TrimSpace(name)
}

func (b *drillBot) tail() string {
	log, err := os.ReadFile(b.logs)
	if err != nil || len(log) == 0 {
		return ""
	}
	return "; its log ends with: " + strings.TrimSpace(string(log[max(0, len(log)-1500):]))
}
