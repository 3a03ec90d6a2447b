package roster

import "strings"

// A spreadsheet runs a cell that starts with one of these as a formula
// (OWASP, CSV Injection).
const formulaStarts = "=+-@\t\r"

func isFormula(cell string) bool {
	return cell != "" && strings.IndexByte(formulaStarts, cell[0]) >= 0
}

// Defuse makes a cell plain text for a spreadsheet.
func Defuse(cell string) string {
	if isFormula(cell) {
		return "'" + cell
	}
	return cell
}

// rearm takes off what Defuse put before a cell.
func rearm(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && isFormula(rest) {
		return rest
	}
	return cell
}
