package slacksim

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// fileObjects returns the files of a message as the app reads them: without
// where they are shared. Those that people of another workspace shared, or all
// with slack_stub_files, say only "ask files.info".
func (w *Workspace) fileObjects(m *Message) []object {
	var out []object
	for _, id := range m.fileIDs {
		f := w.files[id]
		switch p := w.person(f.user); {
		case f.deleted:
			out = append(out, object{"id": f.id, "mode": "tombstone"})
		case w.settings.StubFiles || p != nil && p.team() != Team:
			out = append(out, object{
				"id": f.id, "created": f.created, "timestamp": f.created, "user": f.user,
				"mode": "file_access", "file_access": "check_file_info",
			})
		default:
			out = append(out, w.plainFile(f))
		}
	}
	return out
}

// shownFiles returns the files of a message as a person sees them.
func (w *Workspace) shownFiles(m *Message) []object {
	var out []object
	for _, id := range m.fileIDs {
		if f := w.files[id]; f.deleted {
			out = append(out, object{"id": f.id, "mode": "tombstone"})
		} else {
			out = append(out, w.fileObject(f))
		}
	}
	return out
}

// completedFile is a file in the answer of files.completeUploadExternal: its
// kind is not known yet, and nobody has seen it.
func (w *Workspace) completedFile(f *file) object {
	o := w.plainFile(f)
	maps.Copy(o, object{
		"mimetype": "", "filetype": "", "pretty_type": "", "user_team": Team, "file_access": "visible",
		"comments_count": 0, "is_starred": false, "has_more_shares": false,
		"shares": object{}, "channels": []any{}, "groups": []any{}, "ims": []any{},
	})
	return o
}

// fileObject is a file as files.info returns it, with where it is shared.
func (w *Workspace) fileObject(f *file) object {
	o := w.plainFile(f)
	o["file_access"], o["user_team"] = "visible", Team
	if p := w.person(f.user); p != nil {
		o["user_team"] = p.team()
	}
	w.addShares(o, f)
	return o
}

// plainFile is what every file object says.
func (w *Workspace) plainFile(f *file) object {
	o := object{
		"id": f.id, "created": f.created, "timestamp": f.created, "name": f.name, "title": f.title,
		"mimetype": mimetype(f.name), "filetype": filetype(f.name), "pretty_type": strings.ToUpper(filetype(f.name)),
		"user": f.user, "editable": false, "size": len(f.content), "mode": "hosted",
		"is_external": false, "external_type": "", "is_public": w.isPublic(f), "public_url_shared": false,
		"display_as_bot": false, "username": "", "media_display_type": "unknown", "has_rich_preview": false,
		"url_private":          fmt.Sprintf("%s/files-pri/%s-%s/%s", w.base, Team, f.id, slug(f.name)),
		"url_private_download": fmt.Sprintf("%s/files-pri/%s-%s/download/%s", w.base, Team, f.id, slug(f.name)),
		"permalink":            fmt.Sprintf("%s/files/%s/%s/%s", w.base, f.user, f.id, slug(f.name)),
		"permalink_public":     fmt.Sprintf("%s/files/%s/%s-%s", w.base, f.user, Team, f.id),
	}
	if f.elsewhere != "" { // a link to another service, which alone has the bytes
		o["mode"], o["is_external"], o["external_type"] = "external", true, f.elsewhere
		o["url_private"] = "https://docs.google.com/spreadsheets/d/" + f.id + "/edit"
		o["mimetype"], o["filetype"], o["pretty_type"] = "application/vnd.google-apps.spreadsheet", "gsheet", "Google Sheets"
		delete(o, "url_private_download")
		delete(o, "media_display_type")
	}
	return o
}

// isPublic says whether a file is shared in a public channel.
func (w *Workspace) isPublic(f *file) bool {
	return slices.ContainsFunc(f.shares, func(s Share) bool { return w.conversation[s.Channel].kind() == "channels" })
}

// addShares adds where the file is seen: {"public": {"C1": [{"ts": ...}]}}.
func (w *Workspace) addShares(o object, f *file) {
	shares := map[string]map[string][]object{}
	where := map[string][]string{"channels": {}, "groups": {}, "ims": {}}
	for _, s := range f.shares {
		conv := w.conversation[s.Channel]
		kind, list := "private", "groups"
		switch conv.kind() {
		case "channels":
			kind, list = "public", "channels"
		case "im":
			list = "ims"
		}
		where[list] = append(where[list], s.Channel)
		if shares[kind] == nil {
			shares[kind] = map[string][]object{}
		}
		one := object{"ts": s.TS, "channel_name": conv.Name, "team_id": Team, "share_user_id": f.user, "source": "UNKNOWN", "reply_users": []string{}, "reply_users_count": 0, "reply_count": 0}
		if s.ThreadTS != "" {
			one["thread_ts"] = s.ThreadTS
		}
		shares[kind][s.Channel] = append(shares[kind][s.Channel], one)
	}
	o["shares"] = shares
	for list, channels := range where {
		o[list] = channels
	}
}

// slug is a file's name as it appears in its URL.
func slug(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, name)
}

// filetypes has the types of files whose name ends otherwise.
var filetypes = map[string]string{"": "text", "txt": "text", "htm": "html"}

func filetype(name string) string {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	return cmp.Or(filetypes[ext], ext)
}

var mimetypes = map[string]string{
	"csv": "text/csv", "tsv": "text/tab-separated-values", "text": "text/plain", "html": "text/html",
	"zip": "application/zip", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

func mimetype(name string) string {
	return cmp.Or(mimetypes[filetype(name)], "application/octet-stream")
}
