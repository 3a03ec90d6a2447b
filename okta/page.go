package okta

import (
	"context"
	"encoding/json"
	"hash/maphash"
	"iter"
	"net/http"
)

// What bounds a list: a next link that leads in a circle would never end, nor
// would one whose cursor goes stale each time.
const (
	maxPages    = 5000
	maxRestarts = 3
)

// keyed is an element of a list, by what tells it from all others; "": nothing does.
type keyed interface{ key() string }

// pages streams the elements of a list, page after page by the next link.
func pages[T keyed](ctx context.Context, c *Client, op, first string, header http.Header) iter.Seq2[T, error] {
	return follow(op, first, func(path string) ([]T, string, error) {
		items, ans, err := readList[T](ctx, c, op, path, header)
		return items, ans.next, err
	})
}

// follow streams the elements of a list by its pages. Where Okta no longer knows the
// cursor of a next link the list starts again, and what was shown before is left out. Keys
// are remembered by a hash of 64 bits: a list may have a hundred thousand.
func follow[T keyed](op, first string, page func(path string) (items []T, next string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		seed, shown, restarts := maphash.MakeSeed(), map[uint64]bool{}, 0
		seen := map[string]bool{} // pages, since the last start: in a circle nobody knows what is missing
		for n, path := 0, first; path != ""; n++ {
			if n == maxPages || seen[path] {
				yield(zero, &Error{Op: op, Effect: EffectDoubt, Kind: KindServer, Summary: "the list has no end", Advice: adviceServer})
				return
			}
			seen[path] = true
			items, next, err := page(path)
			if IsKind(err, KindCursor) && path != first && restarts < maxRestarts {
				path, restarts = first, restarts+1
				clear(seen)
				continue
			}
			if err != nil {
				yield(zero, err)
				return
			}
			for _, item := range items {
				hash := maphash.String(seed, item.key())
				if restarts > 0 && item.key() != "" && shown[hash] {
					continue
				}
				shown[hash] = true
				if !yield(item, nil) {
					return
				}
			}
			if next == path {
				return
			}
			path = next
		}
	}
}

// collect returns all that a list yields.
func collect[T any](list iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for one, err := range list {
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// array decodes a JSON array element by element, so that a page is not held
// twice, and afresh each time it is called.
func array[T any](into *[]T) func(*json.Decoder) error {
	return func(d *json.Decoder) error {
		*into = (*into)[:0]
		tok, err := d.Token()
		if err != nil {
			return err
		}
		if tok != json.Delim('[') {
			return &json.UnmarshalTypeError{Value: "something else", Offset: d.InputOffset()}
		}
		for d.More() {
			var item T
			if err := d.Decode(&item); err != nil {
				return err
			}
			*into = append(*into, item)
		}
		_, err = d.Token()
		return err
	}
}

// wireID is an object of which only the ID is needed.
type wireID struct {
	ID string `json:"id"`
}

func (w wireID) key() string { return w.ID }
