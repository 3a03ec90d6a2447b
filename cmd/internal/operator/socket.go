package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"

	"factorbot/store"
)

// Listen opens the Unix socket by which operators' commands reach a running bot, mode 0600.
// Whoever has the record open owns its socket: one that is there was left by a crash.
func Listen(path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket == 0 {
		return nil, fmt.Errorf("listen for operators: %s is there, and is no socket", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listen for operators: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen for operators: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("listen for operators: %w", err), l.Close())
	}
	return l, nil
}

// Handler serves operators' commands. A backup that fails on its way breaks the
// connection, so that nobody takes half of it for the whole.
func Handler(file *store.Store, log *slog.Logger, rebind Rebind) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /rebind", serveRebind(rebind))
	mux.HandleFunc("GET /backup", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		if err := file.Backup(r.Context(), w); err != nil {
			log.Error("a backup that was asked for has failed", "err", err)
			panic(http.ErrAbortHandler)
		}
	})
	mux.HandleFunc("GET /requests/{verb}", serveRequests(file))
	return mux
}

// fetch copies what a running bot answers on its socket. running is false where no bot listens.
func fetch(ctx context.Context, socket, path string, w io.Writer) (n int64, running bool, err error) {
	if socket == "" {
		return 0, false, nil
	}
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://factorbot"+path, nil)
	if err != nil {
		return 0, false, err
	}
	res, err := client.Do(req)
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "dial" {
		return 0, false, nil
	}
	if err != nil {
		return 0, true, fmt.Errorf("ask the running bot: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusConflict {
		why, err := io.ReadAll(io.LimitReader(res.Body, 4096))
		return 0, true, errors.Join(errors.New(strings.TrimSpace(string(why))), err)
	}
	if res.StatusCode != http.StatusOK {
		return 0, true, fmt.Errorf("the running bot answers %s", res.Status)
	}
	n, err = io.Copy(w, res.Body)
	return n, true, err
}
