package page

import (
	"cmp"
	"embed"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"

	"factorbot/bot/slacksim/kit"
)

type object = kit.Object

//go:embed *.html *.css *.js *.svg *.LICENSE
var pageFiles embed.FS

// Page has the templates of what a browser shows, and its script and style.
type Page struct {
	templates *template.Template
}

// New reads the templates.
func New() (*Page, error) {
	t, err := template.New("").Funcs(template.FuncMap{
		"list": kit.ListOf, "emoji": emojiOr, "initials": initials, "tint": tint, "size": humanSize,
		"percent": percent, "factor": factorName, "on": settingOn, "lower": strings.ToLower,
		"status": func(s string) string { return strings.ReplaceAll(s, "_", " ") },
	}).ParseFS(pageFiles, "*.html")
	if err != nil {
		return nil, err
	}
	return &Page{t}, nil
}

// ServeAsset answers GET /assets/NAME: script and style, not templates.
func (*Page) ServeAsset(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if strings.HasSuffix(name, ".html") {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	rw.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(rw, r, pageFiles, name)
}

// sorted returns names as choices, by name.
func (p *Page) sorted(names map[string]string, prefix string) []choice {
	var out []choice
	for id, name := range names {
		out = append(out, choice{Value: id, Text: prefix + name, HTML: template.HTML(template.HTMLEscapeString(prefix + name))})
	}
	slices.SortFunc(out, func(a, b choice) int { return cmp.Compare(a.Text+a.Value, b.Text+b.Value) })
	return out
}

// execute renders with the template of a kind of block or element, or the one for what is
// not known.
func (p *Page) execute(out io.Writer, prefix string, kind, data any) error {
	name := prefix + kit.Text(kind)
	if p.templates.Lookup(name) == nil {
		name = prefix + "unknown"
	}
	return p.templates.ExecuteTemplate(out, name, data)
}

// Run executes a template into HTML that another template may contain.
func (p *Page) Run(name string, data any) (template.HTML, error) {
	var b strings.Builder
	err := p.templates.ExecuteTemplate(&b, name, data)
	return template.HTML(b.String()), err // the template escaped it
}
