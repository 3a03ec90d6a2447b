package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"

	"factorbot/bot/slacksim"
	"factorbot/cmd/factorlab/internal/process"
	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/sandbox"
	"factorbot/okta/oktasim"
)

// benchPart runs the part of a comparison that the first argument names. Parts
// are no subcommands: only a comparison starts them. ok is false for other arguments.
func benchPart(ctx context.Context, args []string, env cli.Env) (ok bool, err error) {
	if len(args) == 0 {
		return false, nil
	}
	parts := map[string]func(context.Context, []string, cli.Env) error{
		"okta": benchOkta, "meter": benchMeter, "slack": benchSlack, "bot": benchBot, "loop": benchLoop,
	}
	part := parts[args[0]]
	if part == nil {
		return false, nil
	}
	return true, part(process.WhileFed(ctx, os.Stdin), args[1:], env)
}

// partOrder reads the one argument of a part: JSON.
func partOrder(args []string, order any) error {
	if len(args) != 1 {
		return errors.New("a part of a comparison takes one argument")
	}
	if err := json.Unmarshal([]byte(args[0]), order); err != nil {
		return fmt.Errorf("read what to do: %w", err)
	}
	return nil
}

// servePart serves on a port of its own, says where, and waits.
func servePart(ctx context.Context, env cli.Env, make func(lc *app.Lifecycle, url string) (http.Handler, error)) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	url := "http://" + listener.Addr().String()
	lc := app.NewLifecycle(ctx)
	handler, err := make(lc, url)
	if err != nil {
		return errors.Join(err, lc.Stop(), listener.Close())
	}
	app.Serve(lc, listener, handler)
	if _, err := fmt.Fprintln(env.Stdout, url); err != nil {
		return errors.Join(fmt.Errorf("print the URL: %w", err), lc.Stop())
	}
	return lc.Wait()
}

// benchSlack is a simulated workspace whose own rate limits are out of the way.
func benchSlack(ctx context.Context, _ []string, env cli.Env) error {
	return servePart(ctx, env, func(lc *app.Lifecycle, url string) (http.Handler, error) {
		work, err := slacksim.New(slacksim.Options{URL: url})
		if err != nil {
			return nil, fmt.Errorf("simulate Slack: %w", err)
		}
		lc.OnStop("simulated Slack", func() error { work.Close(); return nil })
		return work, work.Set(map[string]json.RawMessage{"slack_no_limits": json.RawMessage("true")})
	})
}

// orgOrder is what simulated org a comparison needs.
type orgOrder struct {
	Options oktasim.Options
	Taken   int
	Faulty  bool // the mix of faults that --faults tells of
}

func benchOkta(ctx context.Context, args []string, env cli.Env) error {
	var order orgOrder
	if err := partOrder(args, &order); err != nil {
		return err
	}
	return servePart(ctx, env, func(lc *app.Lifecycle, _ string) (http.Handler, error) {
		order.Options.Given = sandbox.Cast()
		org, err := oktasim.New(order.Options)
		if err != nil {
			return nil, fmt.Errorf("simulate Okta: %w", err)
		}
		lc.OnStop("simulated Okta", func() error { org.Close(); return nil })
		_, err = org.Set(map[string]json.RawMessage{
			"taken_by_others": fmt.Append(nil, order.Taken),
			"fault_kinds":     json.RawMessage(`{"error_before": 1, "error_after": 1, "drop_before": 1, "drop_after": 2, "nothing": 1}`),
		})
		return benchHandler(org, orgBooks{org}), err
	})
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

// loopOrder is what the loop does.
type loopOrder struct {
	URL, Token string
	Workers    int
	Users      string // path of a file with one user ID a line
}

// loopResult is what the loop saw.
type loopResult struct {
	Done    int   `json:"done"`
	Failed  int   `json:"failed"`
	PeakRSS int64 `json:"peak_rss"`
}

// benchLoop is the script that one would write: workers that call Okta's SDK as
// it comes, with its own retries, and go on after an error. The cache is off
// because nothing here is read.
func benchLoop(ctx context.Context, args []string, env cli.Env) error {
	var order loopOrder
	if err := partOrder(args, &order); err != nil {
		return err
	}
	_, client, err := sdk.NewClient(ctx, sdk.WithOrgUrl(order.URL), sdk.WithToken(order.Token), sdk.WithCache(false),
		sdk.WithTestingDisableHttpsCheck(true))
	if err != nil {
		return fmt.Errorf("prepare the Okta SDK: %w", err)
	}
	users, err := os.Open(order.Users)
	if err != nil {
		return fmt.Errorf("read the users: %w", err)
	}
	defer users.Close()
	next := make(chan string)
	var done, failed atomic.Int64
	var workers sync.WaitGroup
	for range order.Workers {
		workers.Go(func() {
			for id := range next {
				if _, err := client.User.ResetFactors(ctx, id); err != nil {
					failed.Add(1)
				} else {
					done.Add(1)
				}
			}
		})
	}
	lines := bufio.NewScanner(users)
	for lines.Scan() && ctx.Err() == nil {
		next <- strings.TrimSpace(lines.Text())
	}
	close(next)
	workers.Wait()
	result := loopResult{int(done.Load()), int(failed.Load()), process.PeakRSS("self")}
	return errors.Join(lines.Err(), json.NewEncoder(env.Stdout).Encode(result))
}
