package slacksim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"time"

	"factorbot/bot/slacksim/kit"
)

// maxFile is the largest file, in bytes. Slack's own limit is higher; this one
// protects the memory of the machine that runs the sandbox.
const maxFile = 100 << 20

// file is an uploaded file, or one that is being uploaded.
type file struct {
	id, name, title, user string
	created               int64
	length                int // as announced
	content               []byte
	uploaded              bool // the bytes are here
	complete              bool // completeUploadExternal was called
	deleted               bool
	given                 bool   // into a file_input of the app
	taken                 bool   // somebody opened it on the page
	elsewhere             string // "gdrive": a link to another service's file
	shares                []Share
}

func uploadURL(w *Workspace, c *call) (object, error) {
	n := c.int("length", 0)
	if n < 1 {
		return nil, refuse("invalid_arguments", "[ERROR] must be greater than 0 [json-pointer:/length]")
	}
	if n > maxFile {
		return nil, refuse("file_upload_size_restricted")
	}
	f := w.newFile(c.str("filename"), BotUser)
	f.length = n
	return object{"file_id": f.id, "upload_url": w.base + "/upload/v1/" + f.id}, nil
}

func (w *Workspace) newFile(name, user string) *file {
	f := &file{id: w.nextID("F"), name: path.Base(name), title: name, user: user, created: time.Now().Unix()}
	w.files[f.id] = f
	return f
}

// serveUpload answers POST /upload/v1/ID with raw bytes or a multipart form.
func (w *Workspace) serveUpload(rw http.ResponseWriter, r *http.Request) {
	content, err := readUpload(http.MaxBytesReader(rw, r.Body, maxFile+1<<20), r)
	if err != nil {
		http.Error(rw, "cannot read the upload", http.StatusBadRequest)
		return
	}
	failed := w.fault("upload")
	if failed.before(rw, r) {
		return
	}
	w.mu.Lock()
	f := w.files[r.PathValue("id")]
	known := f != nil && !f.complete
	if known {
		f.content, f.uploaded = content, true
	}
	w.mu.Unlock()
	if !known {
		http.Error(rw, "no such upload", http.StatusNotFound)
		return
	}
	if failed.fault == faultLost {
		hangUp(rw)
		return
	}
	_, _ = fmt.Fprintf(rw, "OK - %d", len(content))
}

func readUpload(body io.ReadCloser, r *http.Request) ([]byte, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return io.ReadAll(body)
	}
	r.Body = body
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, err
		}
		if part.FileName() != "" || part.FormName() == "file" {
			return io.ReadAll(part)
		}
	}
}

// sharing says where files that are completed go.
type sharing struct {
	conv     *conversation
	threadTS string
	comment  string
	blocks   []any
}

func completeUpload(w *Workspace, c *call) (object, error) {
	files, err := w.completable(c)
	if err != nil {
		return nil, err
	}
	to, err := w.sharings(c)
	if err != nil {
		return nil, err
	}
	out := []object{}
	for _, f := range files {
		f.complete = true
		out = append(out, w.completedFile(f))
	}
	delay := time.Duration(w.settings.ShareDelay)
	for _, s := range to {
		w.start(func(ctx context.Context) { // the message comes when the file is processed
			if wait(ctx, delay) == nil {
				w.share(s, files)
			}
		})
	}
	return object{"files": out}, nil
}

// completable reads the files argument: uploads whose bytes have arrived.
func (w *Workspace) completable(c *call) ([]*file, error) {
	v, ok := c.json("files")
	list, isList := v.([]any)
	if !ok || !isList || len(list) == 0 {
		return nil, refuse("invalid_arguments", "[ERROR] must be an array of files [json-pointer:/files]")
	}
	var files []*file
	for _, item := range list {
		o := kit.ObjectAt(item)
		f := w.files[kit.Text(o["id"])]
		if f == nil || !f.uploaded || f.deleted || f.user != BotUser {
			return nil, refuse("file_not_found")
		}
		f.title = cmp.Or(kit.Text(o["title"]), f.title)
		files = append(files, f)
	}
	return files, nil
}

func (w *Workspace) sharings(c *call) ([]sharing, error) {
	ids := c.list("channels")
	if c.has("channel_id") {
		ids = []string{c.str("channel_id")}
	}
	v, ok := c.json("blocks")
	if !ok {
		return nil, refuse("invalid_blocks")
	}
	blocks, err := w.blocks(v, surfaceMessage)
	if err != nil {
		return nil, err
	}
	var to []sharing
	for _, id := range ids {
		conv, err := w.destination(id)
		if err != nil {
			var e *refusal
			if errors.As(err, &e) && e.code == "is_archived" {
				return nil, refuse("posting_to_channel_denied")
			}
			return nil, err
		}
		to = append(to, sharing{conv: conv, threadTS: conv.threadFor(c), comment: c.str("initial_comment"), blocks: blocks})
	}
	return to, nil
}

// share posts the message with the app's files.
func (w *Workspace) share(s sharing, files []*file) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := &Message{
		Type: "message", Subtype: fileShare, TS: w.nextTS(), User: BotUser, BotID: BotID,
		Text: s.comment, Blocks: s.blocks, ThreadTS: s.threadTS,
	}
	w.postFiles(s.conv, m, files)
	for _, f := range files {
		w.books.Shares = append(w.books.Shares, f.shares[len(f.shares)-1])
	}
}

// postFiles posts a message with files and notes where they are seen.
func (w *Workspace) postFiles(conv *conversation, m *Message, files []*file) {
	upload, asBot := m.User != BotUser, false
	m.Upload, m.DisplayAsBot = &upload, &asBot
	for _, f := range files {
		m.fileIDs = append(m.fileIDs, f.id)
		f.shares = append(f.shares, Share{File: f.id, Name: f.name, Channel: conv.ID, TS: m.TS, ThreadTS: m.ThreadTS})
	}
	w.post(conv, m)
	if !conv.member(BotUser) {
		return
	}
	for _, f := range files {
		w.emit(object{
			"type": "file_shared", "file_id": f.id, "user_id": f.user, "file": object{"id": f.id},
			"channel_id": conv.ID, "event_ts": m.TS,
		})
	}
}

func fileInfo(w *Workspace, c *call) (object, error) {
	f := w.files[c.str("file")]
	switch {
	case f == nil || !w.seesFile(f):
		return nil, refuse("file_not_found")
	case f.deleted:
		return nil, refuse("file_deleted")
	}
	return object{
		"file": w.fileObject(f), "comments": []any{},
	}, nil
}

func deleteFile(w *Workspace, c *call) (object, error) {
	f := w.files[c.str("file")]
	switch {
	case f == nil:
		return nil, refuse("file_not_found")
	case f.deleted:
		return nil, refuse("file_deleted")
	case f.user != BotUser:
		return nil, refuse("cant_delete_file")
	}
	f.deleted, f.content = true, nil
	for _, s := range f.shares {
		if m := w.conversation[s.Channel].find(s.TS); m != nil {
			m.version++
		}
		w.changed(Change{Type: "message", Channel: s.Channel, TS: s.TS, ThreadTS: s.ThreadTS})
	}
	return nil, nil
}
