package roster

import "factorbot/bot/roster/internal/refusal"

// Error says why a whole file or command is refused.
type Error = refusal.Error

// Codes of what is wrong with a whole file or command, for machines.
const (
	CodeEmpty       = refusal.Empty
	CodeTooBig      = refusal.TooBig
	CodeTooMany     = refusal.TooMany
	CodeSpreadsheet = refusal.Spreadsheet
	CodeNotText     = refusal.NotText
	CodeMarkup      = refusal.Markup
	CodeEncoding    = refusal.Encoding
	CodeNoColumn    = refusal.NoColumn
	CodeTwoColumns  = refusal.TwoColumns
	CodeQuotes      = refusal.Quotes
	CodeUnknown     = refusal.Unknown
	CodeNotUsers    = refusal.NotUsers
	CodeNoUsers     = refusal.NoUsers
	CodeOption      = refusal.Option
	CodeFactor      = refusal.Factor
	CodeUnreadable  = refusal.Unreadable
	CodeHugeRow     = refusal.HugeRow
)
