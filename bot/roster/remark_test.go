package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"factorbot/bot/roster"
)

// read reads a text, which must be understood.
func read(tb testing.TB, text string) *roster.Roster {
	tb.Helper()
	ros, err := roster.Read(strings.NewReader(text), roster.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return ros
}

// What is below the end of a letter may be its sender's own address: it is no user
// to reset, and its row says why.
func TestRead_closings(t *testing.T) {
	for _, closing := range []string{
		"Thanks", "Thanks,", "Thank you!", "Many thanks, Rosa", "Best regards,", "Kind regards", "Cheers", "-- ", "__", "Sent from my phone", "BR,",
		"Mit freundlichen Grüßen", "Viele Gruesse,", "MfG", "Danke!", "Cordialement,", "Merci", "Saludos", "Gracias,", "Atentamente,",
		"Obrigado", "Atenciosamente,", "Cordiali saluti", "Grazie!", "Met vriendelijke groet,", "Bedankt", "Pozdrawiam,", "Z poważaniem", "よろしくお願いします。", "以上",
	} {
		for _, above := range []string{"ana@example.com\n", "login\nana@example.com\n"} {
			ros := read(t, above+closing+"\nRosa\nrosa@example.com\n")
			if got := values(ros); got[0] != "ana@example.com" || slices.Contains(got, "rosa@example.com") {
				t.Errorf("%q: %q", closing, got)
			}
			if last := ros.Rows[len(ros.Rows)-1]; last.Input != "rosa@example.com" || !strings.Contains(last.Problem, "sender's own address") {
				t.Errorf("%q: %+v", closing, last)
			}
		}
	}
	for _, text := range []string{"Thanks in advance!\nana@example.com\nrosa@example.com\n", "ana@example.com\nThanksgiving\nrosa@example.com", "name,login\nAna,ana@example.com\nBest,\nRosa,rosa@example.com\n"} {
		if got := values(read(t, text)); !slices.Contains(got, "rosa@example.com") && !strings.Contains(text, "Best,") {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// What is below a heading that says so is not to be reset, until the next heading.
func TestRead_headings(t *testing.T) {
	for heading, denied := range map[string]bool{
		"Do not reset:": true, "Don't reset": true, "Please do not reset:": true, "Exclude:": true, "Excluded": true, "Exceptions:": true, "EXCEPT FOR:": true, "Not to be reset": true,
		"Do not reset the users below": true, "Thanks to everybody who has handed in a phone": false, "Do not reset people who are on holiday": false, "## Do not reset": true, "Skip:": true, "Approved by:": true, "Cc:": true, "Manager:": true, "Nicht zurücksetzen:": true, "Ausgenommen": true, "Bitte nicht:": true,
		"Ne pas réinitialiser :": true, "Sauf:": true, "Excepto:": true, "Exceto:": true, "Eccetto:": true, "Behalve:": true, "Oprócz:": true, "除外：": true, "リセット不要": true,
		"Reset:": false, "Berlin office:": false, "Second batch": false, "Not enrolled:": false, "Without MFA:": false, "No phone:": false, "Not these:": true, "Nicht:": true, "Notable users:": false, "Users who could not sign in:": false, "Nina's team:": false, "Requested resets:": false,
	} {
		ros := read(t, "ana@example.com\n"+heading+"\nbob@example.com\n")
		if got := values(ros); slices.Contains(got, "bob@example.com") == denied {
			t.Errorf("%q: %q", heading, got)
		}
		if last := ros.Rows[len(ros.Rows)-1]; denied && (last.Input != "bob@example.com" || !strings.Contains(last.Problem, "is below")) {
			t.Errorf("%q: %+v", heading, last)
		}
	}
	got := values(read(t, "Do not reset:\nbob@example.com\nReset:\nana@example.com\n"))
	if !slices.Contains(got, "ana@example.com") || slices.Contains(got, "bob@example.com") {
		t.Errorf("%q", got)
	}
	got = values(read(t, "login\nana@example.com\nexcluded-svc\nbob@example.com\n"))
	if want := []string{"ana@example.com", "excluded-svc", "bob@example.com"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	got = values(read(t, "login\nana.lima\nnot found\nexcluded-svc\njdoe1\nDo not reset\nbob22\n"))
	if want := []string{"ana.lima", "!", "excluded-svc", "jdoe1", "!", "!"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A row that says that its user is not to be reset is none to reset.
func TestRead_refusingCells(t *testing.T) {
	for _, tt := range []struct {
		header, yes, no string
	}{
		{"Action", "Reset", "Do not reset"}, {"Note", "lost phone", "Please don't reset this one"}, {"Status", "Included", "Excluded"}, {"Aktion", "zurücksetzen", "nicht zurücksetzen"},
		{"Action", "réinitialiser", "Ne pas réinitialiser"}, {"Acción", "sí", "No restablecer"}, {"Actie", "resetten", "niet resetten"}, {"備考", "リセット", "リセット不要"},
		{"Reset?", "yes", "no"}, {"Reset MFA?", "Y", "N"}, {"To reset", "TRUE", "FALSE"}, {"Include", "x", "No"}, {"Needs reset", "ja", "nein"},
	} {
		ros := read(t, fmt.Sprintf("login,%s\nana@example.com,%s\nbob@example.com,%s\n", tt.header, tt.yes, tt.no))
		if got := values(ros); !slices.Equal(got, []string{"ana@example.com", "!"}) || !strings.Contains(ros.Rows[1].Problem, "says") {
			t.Errorf("%s %s: %q, %+v", tt.header, tt.no, got, ros.Rows[1])
		}
	}
	if got := values(read(t, "login,Note\nana@example.com,Do not reset eve@example.com\n")); !slices.Equal(got, []string{"ana@example.com"}) {
		t.Errorf("a note about another: %q", got)
	}
	for _, column := range []string{"Enabled", "Has MFA", "Reset completed", "Manager approved", "Notes"} {
		if got := values(read(t, "login,"+column+"\nana@example.com,yes\nbob@example.com,no\n")); !slices.Equal(got, []string{"ana@example.com", "bob@example.com"}) {
			t.Errorf("%s: %q", column, got)
		}
	}
}

// A name beside an address comes off, a role or a remark does not.
func TestRead_namesBeside(t *testing.T) {
	const a = "ana@example.com"
	for cell, named := range map[string]bool{
		"Ana Lima " + a: true, a + " Ana Lima": true, "Ana - " + a: true, a + " - Ana": true, a + " – Ana Lima": true, a + " # Ana": true, "Ana de la Cruz " + a: true, "田中 花子 " + a: true,
		a + " - Maria Clara da Silva Costa": true, a + " - Maria Clara da Silva Costa Lima": false, a + " - de vacaciones": false, a + " Ana": false, a + " (Ana)": true, "Ana (" + a + ")": true,
		"Manager " + a: false, "Line Manager " + a: false, "Manager - " + a: false, "Manager (" + a + ")": false, a + " - Left Company": false, a + " (Left)": false, a + " Do Not Reset": false,
		"Except Ana " + a: false, "Not Ana Lima " + a: false, "please reset " + a: false, "# " + a: false, "Ana " + a: false, a + " Bob <bob@example.com>": false, "Approved By " + a: false,
	} {
		ros := read(t, "login\nok@example.com\n"+cell+"\n")
		if got := values(ros)[1]; (got == a) != named {
			t.Errorf("%q: %q", cell, got)
		}
	}
}

// A word before a colon introduces what follows it, up to the next such word.
func TestRead_labels(t *testing.T) {
	for line, want := range map[string][]string{
		"Name: Ana Lima, Email: ana@example.com":                {"ana@example.com"},
		"Manager: eve@example.com; User: ana@example.com":       {"ana@example.com"},
		"To: ana@example.com; Cc: eve@example.com":              {"ana@example.com"},
		"Cc: eve@example.com, mia@example.com":                  {"!"},
		"From: eve@example.com, To: ana@example.com, Cc: x@y.z": {"ana@example.com"},
		"9:41, ana@example.com":                                 {"ana@example.com"},
		"https://example.com, ana@example.com":                  {"ana@example.com"},
	} {
		ros := read(t, line)
		if got := values(ros); !slices.Equal(got, want) {
			t.Errorf("%q: %q", line, got)
		}
		if strings.HasPrefix(line, "Cc") && !strings.Contains(ros.Rows[0].Problem, `comes after "Cc:"`) {
			t.Errorf("%q: %q", line, ros.Rows[0].Problem)
		}
		if label, _, _ := strings.Cut(line, ":"); strings.Contains(line, "eve") && strings.HasPrefix(line, "M") && !strings.Contains(strings.Join(ros.Notes, " "), fmt.Sprintf("Users after %q aren't taken", label+":")) {
			t.Errorf("%q: %q", line, ros.Notes)
		}
	}
}

// The column of who filled a form in is asked about where it is the only one.
func TestRead_respondents(t *testing.T) {
	const row = "\n11/1/2026 9:00,eve@example.com,Ana Lima\n"
	for header, asks := range map[string]bool{
		"Timestamp,Email Address,Who?": true, "Timestamp,Username,Who?": true, "Zeitstempel,E-Mail-Adresse,Wer?": true, "Horodateur,Adresse e-mail,Qui ?": true,
		"Marca temporal,Dirección de correo electrónico,¿Quién?": true, "Carimbo de data/hora,Endereço de e-mail,Quem?": true, "Informazioni cronologiche,Indirizzo email,Chi?": true,
		"Tijdstempel,E-mailadres,Wie?": true, "Sygnatura czasowa,Adres e-mail,Kto?": true, "タイムスタンプ,メールアドレス,誰": true, "Completion time,Email,Name": true, "Fertigstellungszeit,E-Mail,Name": true,
		"timestamp,email,event": false, "timestamp,Email,event": false, "Timestamp,Login,Event": false, "Timestamp,Email,Who?": true, "Created,Email Address,Who?": false, "Date,Email,Name": false,
	} {
		if ros := read(t, header+row); (ros.Ask != nil) != asks {
			t.Errorf("%q: asks %+v", header, ros.Ask)
		}
	}
}
