package reset

import (
	"strconv"
	"time"
)

// Export tells of the file of an export. The file itself is kept apart until it is delivered.
type Export struct {
	Users   int      `json:"users"` // lines of the file, the header not counted
	Bytes   int64    `json:"bytes"`
	SHA256  Digest   `json:"sha256"`
	Columns []string `json:"columns"`          // as the header names them
	Unread  int      `json:"unread,omitempty"` // users whose factors could not be read
	Note    string   `json:"note,omitempty"`   // why it is not everybody who was selected, a sentence for people
}

// Exported follows the last line of an export's file, which is kept by now.
func (r *Request) Exported(e Export, now time.Time) ([]Fact, error) {
	f, err := r.Verify(now)
	if err != nil {
		return nil, err
	}
	r.Export = &e
	made := fact("exported", "", now, "users", itoa(e.Users), "bytes", strconv.FormatInt(e.Bytes, 10), "sha256", string(e.SHA256))
	return []Fact{made, f}, nil
}
