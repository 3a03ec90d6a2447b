package cli

import (
	"encoding/json"
	"io"
	"strings"
)

// PrintJSON writes a document as JSON.
func PrintJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// IsWord reports whether s is short, of letters, digits, underscores and the
// extra bytes: fit for a label.
func IsWord(s, extra string) bool {
	return s != "" && len(s) <= 60 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && !strings.ContainsRune(extra, r)
	})
}
