package slacksim

import (
	"fmt"
	"mime"
	"net/http"
	"strings"
)

// seesFile says whether the app may see a file: its own, or one that was shared
// where it is.
func (w *Workspace) seesFile(f *file) bool {
	if f.user == BotUser || f.given {
		return true
	}
	for _, s := range f.shares {
		if c := w.conversation[s.Channel]; c != nil && c.member(BotUser) {
			return true
		}
	}
	return false
}

// serveFile answers GET url_private. Without a token that may read the file it
// redirects to the sign-in page, as Slack does.
func (w *Workspace) serveFile(rw http.ResponseWriter, r *http.Request) {
	failed := w.fault("download")
	if failed.before(rw, r) {
		return
	}
	id := strings.TrimPrefix(r.PathValue("file"), Team+"-")
	w.mu.Lock()
	f := w.files[id]
	allowed := bearer(r) == w.settings.BotToken && !w.settings.TokenRevoked && w.checkScope("download", "files:read") == nil
	var content []byte
	found := f != nil && f.uploaded && !f.deleted && w.seesFile(f)
	if found {
		content = f.content
	}
	w.mu.Unlock()
	switch {
	case !allowed:
		http.Redirect(rw, r, "/?redir="+r.URL.EscapedPath(), http.StatusFound)
	case !found:
		http.NotFound(rw, r)
	case failed.fault == faultLost:
		hangUp(rw)
	default:
		sendFile(rw, f.name, content)
	}
}

// sendFile sends bytes that somebody uploaded: never something a browser shows.
func sendFile(rw http.ResponseWriter, name string, content []byte) {
	h := rw.Header()
	h.Set("Content-Type", mimetype(name))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", fmt.Sprint(len(content)))
	_, _ = rw.Write(content)
}
