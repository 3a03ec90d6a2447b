package main

import (
	"io"
	"net/http"
	"sync/atomic"
)

// health answers the probes of an orchestrator.
type health struct {
	ready atomic.Pointer[func() error]
}

// mount adds the probes to a mux. A program without bot is alive and not ready.
func (h *health) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		ready := h.ready.Load()
		if ready == nil {
			answer(w, http.StatusServiceUnavailable, "the bot is not running")
			return
		}
		if err := (*ready)(); err != nil {
			answer(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		answer(w, http.StatusOK, "ready")
	})
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}
