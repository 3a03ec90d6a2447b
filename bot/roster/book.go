package roster

import "io"

func (ros *Roster) readBook(in *intake, raw io.Reader, limits Limits) error {
	return refuse(CodeSpreadsheet, 0, "soon")
}
