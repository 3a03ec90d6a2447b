// Package table reads a file into a grid of cells: delimited text, aligned columns and drawn
// tables in any usual encoding, and the worksheets of an Excel workbook. What the cells mean
// is for package roster to tell.
package table
