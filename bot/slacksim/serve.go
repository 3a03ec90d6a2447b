package slacksim

import (
	"io"
	"net/http"
)

// policy lets the page load nothing but its own script and style, and be shown
// in no frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func pageHeaders(rw http.ResponseWriter) {
	h := rw.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// servePage answers GET /: the whole page. With redir it is what Slack shows
// instead of a file to those whose token may not read it.
func (w *Workspace) servePage(rw http.ResponseWriter, r *http.Request) {
	pageHeaders(rw)
	if r.URL.Query().Has("redir") {
		w.render(rw, "signin.html", nil)
		return
	}
	w.render(rw, "page.html", w.screen(r, "sidebar", "conversation", "thread", "modal", "org"))
}

// servePart answers GET /sandbox/part/NAME: one part of the page, as it is now.
func (w *Workspace) servePart(rw http.ResponseWriter, r *http.Request) {
	part := r.PathValue("part")
	switch part {
	case "sidebar", "conversation", "thread", "modal", "org":
		pageHeaders(rw)
		w.render(rw, part, w.screen(r, part))
	default:
		http.NotFound(rw, r)
	}
}

func (w *Workspace) render(rw http.ResponseWriter, name string, data any) {
	html, err := w.page.Run(name, data)
	if err != nil {
		http.Error(rw, "cannot render: "+err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(rw, string(html))
}
