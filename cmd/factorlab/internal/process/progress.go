package process

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// Every asks now and again until it is done, or fails, or ctx ends.
func Every(ctx context.Context, pause time.Duration, done func() (bool, error)) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Sleep waits, unless ctx ends before.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Beside does something now and again until the returned function is called, which waits
// for the last time.
func Beside(ctx context.Context, pause time.Duration, do func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var doing sync.WaitGroup
	doing.Go(func() {
		_ = Every(ctx, pause, func() (bool, error) { do(ctx); return false, nil })
	})
	return func() { cancel(); doing.Wait() }
}

// ButtonValue is the value of the button with this action in a message's blocks, "" if
// there is none.
func ButtonValue(v any, action string) string {
	var inner []any
	switch v := v.(type) {
	case map[string]any:
		if v["action_id"] == action {
			return fmt.Sprint(v["value"])
		}
		for _, each := range v {
			inner = append(inner, each)
		}
	case []any:
		inner = v
	}
	for _, each := range inner {
		if found := ButtonValue(each, action); found != "" {
			return found
		}
	}
	return ""
}

// ReadTable reads a CSV file that the bot has shared, each row by the names of the columns.
func ReadTable(content []byte) (rows []map[string]string, err error) {
	all, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil || len(all) == 0 {
		return nil, fmt.Errorf("read the bot's file: %w", err)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, cell := range cells {
			row[all[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// Progress shows progress: on a terminal one line that changes, elsewhere a line now and then.
type Progress struct {
	Out  io.Writer
	Name string

	mu    sync.Mutex
	last  time.Time
	shown bool
}

// lineEvery is the time between two lines in a file.
const lineEvery = 10 * time.Second

// Show shows how far it is.
func (p *Progress) Show(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := fmt.Sprintf(format, args...)
	if p.Name != "" {
		line = p.Name + ": " + line
	}
	if isTerminal(p.Out) {
		p.shown = true
		_, _ = fmt.Fprintf(p.Out, "\r\x1b[K%s", line)
		return
	}
	if time.Since(p.last) >= lineEvery {
		p.last = time.Now()
		_, _ = fmt.Fprintln(p.Out, line)
	}
}

// Clear takes the line that changes away.
func (p *Progress) Clear() {
	if p.shown {
		_, _ = fmt.Fprint(p.Out, "\r\x1b[K")
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Seconds writes a time for people.
func Seconds(s float64) string { return fmt.Sprintf("%.1f s", s) }

// Counts writes counts for people, in the order of their names.
func Counts(m map[string]int) string {
	s := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(m), "map["), "]") // fmt sorts the keys
	return strings.ReplaceAll(s, ":", " ")
}
