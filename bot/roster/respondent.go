package roster

import "strings"

// answered are the headers, without blanks and marks, of the moment at which a form
// was sent, as Google Forms and Microsoft Forms write them.
var answered = setOf(`timestamp zeitstempel horodateur horodatage marcatemporal carimbodedatahora carimbodedataehora informazionicronologiche tijdstempel sygnaturaczasowa タイムスタンプ
	completiontime fertigstellungszeit heuredefin horadefinalizacion horadeconclusao oradicompletamento tijdvanvoltooien godzinaukonczenia 完了時刻`)

// isRespondent reports whether a column is right after the moment at which a form was sent: it
// holds who filled the form in, who need not be the one that it is about.
func isRespondent(header []string, i int) bool {
	if i == 0 || len(header) < 3 {
		return false
	}
	time := strings.Join(headerWords(header[i-1]), "")
	if time == "timestamp" { // logs have such a column, too
		return header[i-1] == "Timestamp" && (header[i] == "Email Address" || header[i] == "Email" || header[i] == "Username")
	}
	return answered[time]
}
