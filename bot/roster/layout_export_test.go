package roster

import (
	"slices"

	"factorbot/bot/roster/internal/table"
)

// UsedHeaders returns the headers of the columns that a list's users are read from, for
// tests that see the package from outside.
func UsedHeaders(text string) ([]string, error) {
	g, _, err := table.ReadText([]byte(text), known)
	if err != nil {
		return nil, err
	}
	l, err := readLayout(g, 0)
	var used []string
	for _, c := range l.use {
		used = append(used, c.name)
	}
	return slices.Compact(used), err
}
