package roster

import (
	"io"
	"iter"
	"slices"
	"strings"
)

// usualColumns are those of an export that names none.
var usualColumns = [...]string{"id", "login", "email", "status", "department"}

// ExportColumns are the columns of an export's file, each once. Where none of
// them names a user the ID comes first, so that the file can be dropped back as a roster.
func ExportColumns(asked []string) []string {
	var list []string
	for _, c := range asked {
		if c = strings.TrimPrefix(strings.TrimSpace(c), "profile."); c != "" && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		list = usualColumns[:]
	}
	if !slices.ContainsFunc(list, func(c string) bool { return c == "id" || c == "login" || c == "email" }) {
		list = append([]string{"id"}, list...)
	}
	return slices.Clone(list)
}

// WriteExport writes an export's file, a line for each user; no cell of it runs as a formula.
func WriteExport(w io.Writer, columns []string, users iter.Seq2[[]string, error]) error {
	header := slices.Clone(columns)
	for i, c := range header {
		header[i] = Defuse(c)
	}
	return writeTable(w, header, users, func(cells []string) []string { return cells })
}
