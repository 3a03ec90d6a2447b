package slacksim

import (
	"cmp"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strings"
)

//go:embed page
var pageFiles embed.FS

// page renders what a browser shows.
type page struct {
	templates *template.Template
	assets    fs.FS
}

func newPage() (*page, error) {
	t, err := template.New("").Funcs(template.FuncMap{
		"list": listOf, "emoji": emojiOr, "initials": initials, "tint": tint, "size": humanSize,
		"percent": percent, "factor": factorName, "on": settingOn, "lower": strings.ToLower,
		"status": func(s string) string { return strings.ReplaceAll(s, "_", " ") },
	}).ParseFS(pageFiles, "page/*.html")
	if err != nil {
		return nil, err
	}
	assets, err := fs.Sub(pageFiles, "page")
	return &page{t, assets}, err
}

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

// serveAsset answers GET /assets/NAME: script and style, not templates.
func (p *page) serveAsset(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if strings.HasSuffix(name, ".html") {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	rw.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(rw, r, p.assets, name)
}

// servePage answers GET /: the whole page. With redir it is what Slack shows
// instead of a file to those whose token may not read it.
func (w *Workspace) servePage(rw http.ResponseWriter, r *http.Request) {
	pageHeaders(rw)
	if r.URL.Query().Has("redir") {
		_ = w.page.templates.ExecuteTemplate(rw, "signin.html", nil)
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
	var b strings.Builder
	if err := w.page.templates.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(rw, "cannot render: "+err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = rw.Write([]byte(b.String()))
}

// sorted returns names as choices, by name.
func (p *page) sorted(names map[string]string, prefix string) []choice {
	var out []choice
	for id, name := range names {
		out = append(out, choice{Value: id, Text: prefix + name, HTML: template.HTML(template.HTMLEscapeString(prefix + name))})
	}
	slices.SortFunc(out, func(a, b choice) int { return cmp.Compare(a.Text+a.Value, b.Text+b.Value) })
	return out
}

// run executes a template into HTML that another template may contain.
func (p *page) run(name string, data any) (template.HTML, error) {
	var b strings.Builder
	err := p.templates.ExecuteTemplate(&b, name, data)
	return template.HTML(b.String()), err // the template escaped it
}
