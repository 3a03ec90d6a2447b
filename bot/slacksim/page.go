package slacksim

import (
	"embed"
	"html/template"
	"net/http"
)

//go:embed page
var pageFiles embed.FS

// page renders what a browser shows.
type page struct {
	templates *template.Template
}

// rendered is a message as HTML.
type rendered struct {
	version int
	html    template.HTML
}

func newPage() (*page, error) {
	t, err := template.New("").ParseFS(pageFiles, "page/*.html")
	return &page{t}, err
}

func (p *page) serveAsset(rw http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(rw, r, pageFiles, "page/"+r.PathValue("name"))
}

func (w *Workspace) servePage(rw http.ResponseWriter, r *http.Request) {
	_ = w.page.templates.ExecuteTemplate(rw, "page.html", nil)
}

func (w *Workspace) servePart(rw http.ResponseWriter, r *http.Request) { http.NotFound(rw, r) }
