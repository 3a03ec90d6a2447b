package roster

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"factorbot/bot/reset"
)

// headerRows are the records among which the header is looked for: titles,
// version lines and the like go before it.
const headerRows = 20

// texts says which texts without an @ are logins in a column.
type texts int

const (
	textNever texts = iota // of IDs and e-mails
	textLogin              // under a header that means logins
	textWord               // the same, under one that may mean names as well
	textLoose              // under "User ID", which may hold IDs of another system: where nothing else names the user
)

// column is a column of a table, by what its header means.
type column struct {
	index int
	name  string // the header as written, "" without header
	kind  reset.RefKind
	texts texts
	rank  int  // among the columns of one kind, the lowest first
	role  bool // the header names another person than the user: "Manager email"
	spare bool // the header means another address of the same person: "Recovery email"
}

// The names under which exports and people keep users, with blanks, marks, dashes
// and accents taken out, the best first of each kind: as Okta, Google, Microsoft and Workday
// export them, in English, German, French, Spanish, Portuguese, Italian, Dutch,
// Polish and Japanese.
const (
	idNames = `userid oktauserid oktaid id benutzerid idusuario iddeusuario iddousuario idutente iddellutente gebruikersid identyfikatoruzytkownika
		iduzytkownika iddelutilisateur idutilisateur ユーザーid ユーザid`
	loginNames = `login userlogin oktalogin profilelogin userprofilelogin username oktausername userusername loginname loginid userloginid logonname userlogonname
		signinname userprincipalname upn principalname samaccountname
		benutzername anmeldename loginbenutzer benutzerkennung kennung benutzerprinzipalname nomdutilisateur nomutilisateur identifiant identifiantdeconnexion
		nombredeusuario nombreusuario nombredeiniciodesesion nomedeusuario nomedousuario nomedeutilizador nomeutente nomeutenteprincipale nomedelogin
		gebruikersnaam inlognaam aanmeldnaam loginnaam nazwauzytkownika loginuzytkownika nazwalogowania
		ユーザー名 ユーザ名 ログインid ログイン名 ログイン ユーザープリンシパル名 サインイン名`
	wordNames = `user users account accounts accountname useraccount uid benutzer benutzerkonto konto utilisateur utilisateurs usuario usuarios cuenta conta
		utilizador utente utenti gebruiker gebruikers account uzytkownik uzytkownicy ユーザー ユーザ アカウント アカウント名 利用者`
	emailNames = `email primaryemail useremail emailaddress primaryemailaddress useremailaddress profileemail userprofileemail workemail workemailaddress mail emails emailaddresses mails mailaddress
		emailid emailprimary smtpaddress primarysmtpaddress windowsemailaddress internetaddress
		emailadresse emailadressen mailadresse mailadressen epostadresse courriel adressemail adresseemail adresseelectronique adressecourriel adressedecourriel adressedemessagerie
		correo correos correoelectronico direcciondecorreo direcciondecorreoelectronico direccionemail direcciondeemail emailcorporativo
		enderecodeemail enderecoemail correioeletronico enderecoeletronico enderecodecorreioeletronico correioeletronico
		indirizzoemail indirizzomail indirizzodipostaelettronica postaelettronica indirizzoemailprincipale
		emailadres emailadressen mailadres epostadres adresemail adresmail adresemailowy adresmailowy adrespocztyelektronicznej adresypocztyelektronicznej pocztaelektroniczna poczta
		メール メールアドレス eメール eメールアドレス 電子メール 電子メールアドレス メアド`
)

// qualifiers may be around a known name: "Email - Primary Work", "Employee Email (required)".
const qualifiers = `primary work business company corporate official office main default current okta sso user users employee worker staff member internal
	required optional read only readonly mandatory the of full active person people profile value 1 one s address
	geschaftlich geschaftliche dienstlich dienstliche berufliche firmen haupt mitarbeiter benutzer pflichtfeld erforderlich primar primare
	professionnel professionnelle travail principal principale employe du de des l d la le obligatoire utilisateur
	trabajo empresa corporativo laboral principal empleado del obligatorio usuario
	trabalho profissional principal funcionario do da obrigatorio aziendale lavoro dipendente dell principale obbligatorio utente
	zakelijk zakelijke werk medewerker van verplicht primair gebruiker
	sluzbowy firmowy pracownika wymagane glowny podstawowy uzytkownika 会社 勤務先 社員 必須 職場 主`

// roles are words of headers about other people than the user.
const roles = `manager managers supervisor boss lead approver approved approval requester requestor requested opened opener created creator modified updated assigned assignee
	agent reporter reported owner sponsor by submitted submitter actor admin administrator delegate from cc bcc sender respondent responder your my me contact technician prepared reviewed author signed generated exported raised logged
	vorgesetzter vorgesetzte fuhrungskraft antragsteller genehmiger ersteller ihre meine absender von
	responsable demandeur gestionnaire createur votre expediteur superieur jefe solicitante gerente creador su remitente gestor criador seu remetente aprovador
	richiedente responsabile creatore mittente aanvrager leidinggevende beheerder uw afzender przelozony kierownik zglaszajacy nadawca 上司 申請者 依頼者 承認者 作成者 差出人 管理者`

// spares are words of headers about another address of the same person.
const spares = `recovery secondary second secondaryemail personal private home alternate alternative alias aliases other backup additional
	privat private privater zweite alternative personnel personnelle prive privee secondaire secours personal particular secundario secundaria recuperacion alternativo
	pessoal secundario recuperacao personale privato secondario secondaria recupero prive persoonlijk tweede herstel prywatny prywatna drugi zapasowy 個人 予備 再設定用 副`

// labels may be before the users of a line: "To: ana@example.com".
const labels = `to an a para aan do 宛先 reset resets reseten lista list liste please pleasereset pleaseresetthese pleaseresetthefollowing targets for mfa mfareset`

// vocabulary is what the words above mean.
type vocabulary struct {
	names                            map[string]column
	qualifiers, roles, spares, label map[string]bool
}

// theVocabulary is never changed.
var theVocabulary = newVocabulary()

func newVocabulary() vocabulary {
	v := vocabulary{names: map[string]column{}, qualifiers: setOf(qualifiers), roles: setOf(roles), spares: setOf(spares), label: setOf(labels)}
	rank := 0
	add := func(names string, c column) {
		for _, n := range strings.Fields(names) {
			if _, known := v.names[n]; !known {
				c.rank = rank
				v.names[n] = c
				rank++
			}
		}
	}
	add(idNames, column{kind: reset.RefID, texts: textLoose})
	add(loginNames, column{kind: reset.RefLogin, texts: textLogin})
	add(wordNames, column{kind: reset.RefLogin, texts: textWord})
	add(emailNames, column{kind: reset.RefEmail})
	id := v.names["id"]
	id.texts = textNever // "ID" numbers anything
	v.names["id"] = id
	return v
}

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// headerOf finds what a header means; ok is false where it does not name the user.
func headerOf(name string) (c column, ok bool) {
	if strings.Contains(name, "@") {
		return column{}, false
	}
	words := headerWords(name)
	c, ok = knownName(words)
	if !ok {
		bare, inside := splitBrackets(name)
		if c, ok = knownName(headerWords(bare)); !ok {
			c, ok = knownName(headerWords(inside))
		}
	}
	for _, w := range words {
		c.role = c.role || theVocabulary.roles[w]
		c.spare = c.spare || theVocabulary.spares[w]
	}
	c.name = name
	return c, ok && !c.role && !c.spare
}

// splitBrackets parts a header from what is in brackets in it, which may hold others.
func splitBrackets(name string) (bare, inside string) {
	var out, in strings.Builder
	depth := 0
	for _, r := range name {
		switch {
		case strings.ContainsRune("([{（【", r):
			depth++
		case strings.ContainsRune(")]}）】", r):
			depth = max(depth-1, 0)
			in.WriteByte(' ')
		case depth > 0:
			in.WriteRune(r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String(), in.String()
}

// knownName finds words among the known names, first as they are and then without qualifiers.
func knownName(words []string) (column, bool) {
	if c, ok := theVocabulary.names[strings.Join(words, "")]; ok {
		return c, true
	}
	rest := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return theVocabulary.qualifiers[w] })
	c, ok := theVocabulary.names[strings.Join(rest, "")]
	return c, ok
}

// headerWords splits a header into words of lower case without accents, at
// blanks, marks and the humps of userPrincipalName. Known names are looked up
// with the words put together again.
func headerWords(name string) []string {
	var words []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	lower := false
	for _, r := range foldLetters.Replace(norm.NFKD.String(name)) {
		switch {
		case unicode.IsMark(r) && !isKana(r):
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			if lower && unicode.IsUpper(r) {
				end()
			}
			lower = unicode.IsLower(r)
			word.WriteRune(unicode.ToLower(r))
		case unicode.Is(unicode.Cf, r):
		default:
			end()
			lower = false
		}
	}
	end()
	for i, w := range words {
		words[i] = norm.NFC.String(w)
	}
	return words
}

// isKana reports whether a mark voices a kana, which makes another letter of it.
func isKana(r rune) bool { return r == '\u3099' || r == '\u309a' }

// foldLetters are letters that stay when accents are taken off.
var foldLetters = strings.NewReplacer("ß", "ss", "ł", "l", "Ł", "L", "ø", "o", "Ø", "O")

// isLabel reports whether a word before a colon introduces the users to reset, and nobody else.
func isLabel(label string) bool {
	if theVocabulary.label[strings.Join(headerWords(label), "")] {
		return true
	}
	_, ok := headerOf(label)
	return ok
}
