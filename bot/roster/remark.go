package roster

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"factorbot/bot/roster/internal/refusal"
	"factorbot/bot/roster/internal/table"
)

// closing begins the end of a letter, below which its sender's own address may be.
var closing = regexp.MustCompile(`(?i)^(--|__|—|(many |with |my )?(thanks|thank you|thx|ty|(best|kind|warm|kindest) regards|regards|best|best wishes|cheers|sincerely|yours( (truly|sincerely|faithfully))?|br|kr|sent from my \w+|get outlook for \w+)|` +
	`(mit )?(freundlichen|freundliche|besten|beste|viele|vielen|liebe|lieben|herzliche|schöne) gr(ü|ue)(ß|ss)en?|gr(ü|u)(ß|ss)e?|mfg|vg|lg|(vielen |herzlichen )?dank|danke|` +
	`cordialement|bien cordialement|bien à vous|merci|salutations|saludos( cordiales)?|un saludo|(muchas )?gracias|atentamente|atenciosamente|att|(muito )?obrigad[oa]|abraços|cumprimentos|` +
	`cordiali saluti|distinti saluti|saluti|grazie|met vriendelijke groet(en)?|groet(en|jes)?|mvg|bedankt|pozdrawiam|z poważaniem|dziękuję|よろしくお願い(し|いたし|致し)ます|敬具|以上)([\s,.!。、].*)?$`)

// please may be before a denial.
const please = `(?i)^((please|bitte|por favor|s'il vous plaît|per favore|proszę)[ ,]+)?`

// denial begins a heading that says that users are not to be reset.
var denial = regexp.MustCompile(please + `(do not|don['’]?t|not to|never|exclu(de|ded|ding|sions?|re|ir|so|í)|except(ions?|ed|o)?\b|exempt(ed|ions?)?\b|skip(ped)?\b|ignored?\b|leave out|` +
	`ausgenommen|ausnahmen?|außer\b|ne pas|sauf|à exclure|salvo|no (restablecer|reset|incluir)|exceto|non (reimpostare|includere)|eccetto|tranne|escluder?e?|behalve|uitgezonderd|oprócz|z wyjątkiem|除外|対象外|リセットしない|リセット不要)`)

// negation begins a heading that says so alone, or of a reset: "Not:", "Bitte nicht:", "Not resetting", but not "Not enrolled:".
var negation = regexp.MustCompile(please + `(not|no|without|nicht|keine?|ohne|pas|sans|sin|não|sem|non|senza|niet|zonder|nie|bez)\b( (these|those|them|diese|ceux-ci|estos|estes|questi|deze|ci))?`)

// denies reports whether a heading says that users are not to be reset.
func denies(heading string) bool {
	return denial.MatchString(heading) || negation.MatchString(heading) && (negation.FindString(heading) == heading || aboutReset.MatchString(heading))
}

// mostHeading is how many words a heading has.
const mostHeading = 6

// aboutReset is said in a heading that stands between the rows of a table.
var aboutReset = regexp.MustCompile(`(?i)reset|zurücksetz|réinitialis|restablec|redefin|reimpost|zresetow|リセット`)

// aside looks at the text of a record that names nobody, and says why the users
// below it may not be those to reset: "" takes back what an earlier one said. ok is
// false for what is no heading. Under a header a text is more likely a cell.
func aside(text string, above, header bool) (why string, ok bool) {
	words := len(strings.Fields(text))
	colon := strings.HasSuffix(text, ":") || strings.HasSuffix(text, "：")
	bare := strings.TrimRight(text, " :：")
	denied := denies(strings.TrimLeft(bare, "#*=- ")) && (colon || !header && above || aboutReset.MatchString(bare))
	switch {
	case words > mostHeading && !colon:
		return "", false
	case denied, colon && isRoleName(bare):
		return fmt.Sprintf("is below %s, so it may be somebody not to reset", refusal.Quote(text)), true
	case above && !colon && closing.MatchString(text):
		return fmt.Sprintf("is below %s, so it may be the sender's own address; move it up if it's meant", refusal.Quote(text)), true
	}
	return "", colon
}

// asides says for each record of a table whose users may not be those to reset why, by its index.
func asides(g *table.Grid, from int, header bool) map[int]string {
	all := map[int]string{}
	why, above := "", false
	for i, rec := range g.Records(from, g.Len()) {
		users := slices.ContainsFunc(rec.Cells, mayBeUser)
		if above = above || users; !users && (table.Count(rec.Cells, isFilled) == 1 || !header) {
			if now, ok := aside(strings.TrimRight(strings.Join(rec.Cells, ", "), ", "), above, header); ok {
				why = now
				continue
			}
		}
		if why != "" {
			all[i] = why
		}
	}
	return all
}

// labelsOf tells for each cell of a line the word before a colon that does not
// introduce users to reset, "" where there is none: "Cc" of both in "Cc: a@b.co, c@d.co".
func labelsOf(cells []string) []string {
	labels := make([]string, len(cells))
	label := ""
	for i, c := range cells {
		if m := beforeColon.FindStringSubmatch(c); m != nil && strings.ContainsFunc(m[1], unicode.IsLetter) &&
			!scheme.MatchString(c) && !bullet.MatchString(c) && !strings.HasPrefix(c[len(m[0]):], "//") {
			if label = m[1]; isLabel(label) {
				label = ""
			}
		}
		labels[i] = label
	}
	return labels
}

// isPerson reports whether a text beside an address is a person's name, and not a
// role or a remark: "Ana Lima", not "Manager" nor "Left Company".
func isPerson(s string) bool {
	return isName(s) && !slices.ContainsFunc(headerWords(s), func(w string) bool {
		return theVocabulary.roles[w] || denials[w] || leavers[w]
	})
}

// leavers are words of remarks about a user who is hardly meant.
var leavers = setOf(`left leaver gone done already inactive terminated deactivated disabled suspended resigned retired cancelled canceled completed wrong duplicate deleted
	excluded exempt skipped ignore ausgeschieden erledigt parti baja`)

// choosing are headers, without blanks and marks, of columns that say whether a row's user is to be reset.
var choosing = setOf(`reset resetmfa toreset tobereset needsreset resetneeded resetrequired mfaresetrequired mfaresetneeded resetrequested include included
	zurucksetzen mfazurucksetzen reinitialiser reinitialisermfa restablecer restablecermfa redefinir redefinirmfa reimpostare reimpostaremfa resetten mfaresetten zresetowac resetowac リセット`)

// noes are what such a column says of users who are not.
var noes = regexp.MustCompile(`(?i)^(no|n|false|nein|non|não|nao|nee|nie|いいえ|✗|✘|❌|☐)$`)

// refusing is a cell that says by itself that its row's user is not to be reset.
var refusing = regexp.MustCompile(`(?i)^((please )?(do not|don['’]?t|not to be|never) (be )?(reset|touch|include|change)\b.{0,30}|no reset|excluded?|exempt(ed)?|nicht zurücksetzen|ausgenommen|ne pas réinitialiser|no (restablecer|reiniciar)|não (redefinir|resetar)|non (reimpostare|resettare)|niet resetten|nie resetować|リセット(不要|しない)|対象外)[.!]?$`)

// choosers are the columns of a header that say whether a row's user is to be reset.
func choosers(header []string) []int {
	var all []int
	for i, name := range header {
		if choosing[strings.Join(headerWords(name), "")] {
			all = append(all, i)
		}
	}
	return all
}

// refusal tells which cell of a record says that its user is not to be reset, "" if none does.
func (l layout) refusal(rec table.Record) string {
	for _, i := range l.choosers {
		if cell := rec.Cell(i); noes.MatchString(cell) {
			return fmt.Sprintf("the column %s says %s", refusal.Quote(l.names[i]), refusal.Quote(cell))
		}
	}
	for _, c := range rec.Cells {
		if !mayBeUser(c) && refusing.MatchString(c) {
			return fmt.Sprintf("the line says %s", refusal.Quote(c))
		}
	}
	return ""
}
