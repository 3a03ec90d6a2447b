// Package roster reads who is to be reset, as people write it down, and writes
// the files that tell what is planned and what became of it.
//
// [Read] takes a delimited text file as spreadsheets and exports really make
// them; [ParseCommand] takes the text of the slash command. Both judge each
// name of a user: what cannot be an Okta user ID, a login or an e-mail is never
// looked up, and the person is told why in a sentence.
//
// internal/table reads a file into cells; what the cells mean is found here.
//
// The package is pure: it reads and writes only what it is given, and has no clock.
package roster
