package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"time"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"

	"factorbot/cmd/factorlab/internal/process"
	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/sandbox"
)

// benchPart runs the part of a comparison that the first argument names. Parts
// are no subcommands: only a comparison starts them. ok is false for other arguments.
func benchPart(ctx context.Context, args []string, env cli.Env) (ok bool, err error) {
	parts := map[string]func(context.Context, []string, cli.Env) error{"bot": benchBot, "loop": benchLoop}
	if len(args) == 0 || parts[args[0]] == nil {
		return false, nil
	}
	return true, parts[args[0]](process.WhileFed(ctx, os.Stdin), args[1:], env)
}

// benchBot is "factorbot run", with profiles if the first argument names a directory for them.
func benchBot(ctx context.Context, args []string, env cli.Env) error {
	if len(args) == 0 || args[0] == "" {
		return app.RunCommand(ctx, args[min(1, len(args)):], env, nil)
	}
	stop, err := profile(args[0])
	if err != nil {
		return err
	}
	return errors.Join(app.RunCommand(ctx, args[1:], env, nil), stop())
}

// heapEvery is how often the heap is looked at for its largest profile.
const heapEvery = 100 * time.Millisecond

// profile writes bot.cpu and, of the moment with the largest heap, bot.heap.
func profile(dir string) (stop func() error, err error) {
	f, err := os.Create(filepath.Join(dir, "bot.cpu"))
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("profile: %w", err), f.Close())
	}
	done := make(chan struct{})
	var watching sync.WaitGroup
	var heap error
	watching.Go(func() { heap = watchHeap(filepath.Join(dir, "bot.heap"), done) })
	return func() error {
		pprof.StopCPUProfile()
		close(done)
		watching.Wait()
		return errors.Join(f.Close(), heap)
	}, nil
}

func watchHeap(path string, done <-chan struct{}) error {
	tick := time.NewTicker(heapEvery)
	defer tick.Stop()
	var most uint64
	for {
		select {
		case <-done:
			return nil
		case <-tick.C:
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if m.HeapInuse < most+most/20 {
			continue
		}
		most = m.HeapInuse
		f, err := os.Create(path)
		if err != nil {
			return fmt.Errorf("profile: %w", err)
		}
		if err := errors.Join(pprof.WriteHeapProfile(f), f.Close()); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
	}
}

// benchLoop is the script that one would write: workers that call Okta's SDK as
// it comes, with its own retries, and go on after an error. The cache is off
// because nothing here is read. Its arguments are the org's URL, the number of workers,
// and a file with one user ID a line; it prints how much memory it took.
func benchLoop(ctx context.Context, args []string, env cli.Env) error {
	if len(args) != 3 {
		return errors.New("the loop takes three arguments")
	}
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	_, client, err := sdk.NewClient(ctx, sdk.WithOrgUrl(args[0]), sdk.WithToken(sandbox.Token), sdk.WithCache(false),
		sdk.WithTestingDisableHttpsCheck(true))
	if err != nil {
		return fmt.Errorf("prepare the Okta SDK: %w", err)
	}
	users, err := os.Open(args[2])
	if err != nil {
		return fmt.Errorf("read the users: %w", err)
	}
	defer users.Close()
	next := make(chan string)
	var workers sync.WaitGroup
	for range count {
		workers.Go(func() {
			for id := range next {
				_, _ = client.User.ResetFactors(ctx, id) // the org's books tell what came of it
			}
		})
	}
	lines := bufio.NewScanner(users)
	for lines.Scan() && ctx.Err() == nil {
		next <- strings.TrimSpace(lines.Text())
	}
	close(next)
	workers.Wait()
	_, err = fmt.Fprintln(env.Stdout, process.PeakRSS("self"))
	return errors.Join(lines.Err(), err)
}
