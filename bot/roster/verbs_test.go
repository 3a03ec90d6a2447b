package roster_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

const id1, id2 = "00uzPde0IgxLd6GncfBA", "00uJBd0Kh8oOOL8dKLzd"

func login(s string) roster.UserRef {
	return roster.UserRef{Kind: roster.UserLogin, Value: s, Input: s}
}

func byID(s string) roster.UserRef {
	return roster.UserRef{Kind: roster.UserID, Value: s, Input: s}
}

func mentioned(id, input string) roster.UserRef {
	return roster.UserRef{Kind: roster.UserMention, Value: id, Input: input}
}

func set(kind roster.UserKind, value, input string) roster.UserRef {
	return roster.UserRef{Kind: kind, Value: value, Input: input}
}

func TestParseCommand(t *testing.T) {
	ana, bob := login("ana@example.com"), login("bob@example.com")
	type command = roster.Command
	type refs = []roster.UserRef
	tests := []struct {
		name, text string
		want       command
	}{
		{"nothing", "", command{Verb: roster.VerbForm}},
		{"blanks", " \u00a0\n", command{Verb: roster.VerbForm}},
		{"one user", "ana@example.com because lost phone", command{Verb: roster.VerbReset, Users: refs{ana}, Reason: "lost phone"}},
		{"a dash before because", "ana@example.com \u2014 because lost phone", command{Verb: roster.VerbReset, Users: refs{ana}, Reason: "lost phone"}},
		{"two dashes before because", "ana@example.com \u2013\u2013 because lost phone", command{Verb: roster.VerbReset, Users: refs{ana}, Reason: "lost phone"}},
		{"the verb said", "reset ana@example.com because lost phone", command{Verb: roster.VerbReset, Users: refs{ana}, Reason: "lost phone"}},
		{"no reason", "ana@example.com", command{Verb: roster.VerbReset, Users: refs{ana}}},
		{"a mix", "ana@example.com, " + id1 + ";bob@example.com;\n<@U123>\t<@W9_X|zoe> because x",
			command{Verb: roster.VerbReset, Users: refs{ana, byID(id1), bob, mentioned("U123", "<@U123>"), mentioned("W9_X", "<@W9_X|zoe>")}, Reason: "x"}},
		{"mentions side by side", "<@U1><@U_ANA|ana>", command{Verb: roster.VerbReset, Users: refs{mentioned("U1", "<@U1>"), mentioned("U_ANA", "<@U_ANA|ana>")}}},
		{"links that Slack makes", "<mailto:ana@example.com|ana@example.com> <mailto:bob@example.com>", command{Verb: roster.VerbReset, Users: refs{ana, bob}}},
		{"a sentence", "for ana@example.com and bob@example.com, because they moved.", command{Verb: roster.VerbReset, Users: refs{ana, bob}, Reason: "they moved."}},
		{"punctuation around", `("ana@example.com"), 'bob@example.com'.`, command{Verb: roster.VerbReset, Users: refs{ana, bob}}},
		{"a phone's capitals and colon", "Ana@example.com Because: lost", command{Verb: roster.VerbReset, Users: refs{login("Ana@example.com")}, Reason: "lost"}},
		{"full width", "ａｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ，bob@example.com　ｂｅｃａｕｓｅ　紛失", command{Verb: roster.VerbReset, Users: refs{ana, bob}, Reason: "紛失"}},
		{"no-break and zero-width", "ana@\u200bexample.com\u00a0\ufeffbob@example.com\u202fbecause\u00a0lost\u200d it", command{Verb: roster.VerbReset, Users: refs{ana, bob}, Reason: "lost it"}},
		{"a long dash in an address", "jean\u2011luc@example.com anna\u2013maria@example.com", command{Verb: roster.VerbReset, Users: refs{login("jean-luc@example.com"), login("anna-maria@example.com")}}},
		{"a curly apostrophe", "o\u2019brien@example.com", command{Verb: roster.VerbReset, Users: refs{login("o'brien@example.com")}}},
		{"reason as Slack sends it", "ana@example.com because <@U1|zoe> lost R&amp;D's &lt;phone&gt; \n see <http://x.example/1|INC-1> <!channel>", command{Verb: roster.VerbReset, Users: refs{ana}, Reason: "@zoe lost R&D's <phone> see INC-1 (http://x.example/1) channel"}},
		{"because twice", "ana@example.com because it is because", command{Verb: roster.VerbReset, Users: refs{ana}, Reason: "it is because"}},
		{"the reason keeps its quotes", "ana@example.com because “lost”", command{Verb: roster.VerbReset, Users: refs{ana}, Reason: "“lost”"}},
		{"a group", `group:“Because we can” because x`, command{Verb: roster.VerbReset, Users: refs{set(roster.UserGroup, "Because we can", "group:Because we can")}, Reason: "x"}},
		{"a group without quotes", `group:All Contractors ana@example.com`, command{Verb: roster.VerbReset, Users: refs{set(roster.UserGroup, "All Contractors", "group:All Contractors"), ana}}},
		{"a group with an escape", `Group:"R&amp;D; West"`, command{Verb: roster.VerbReset, Users: refs{set(roster.UserGroup, "R&D; West", "Group:R&D; West")}}},
		{"a search", `search:profile.department eq “Sales” and status eq "ACTIVE" because x`,
			command{Verb: roster.VerbReset, Users: refs{set(roster.UserSearch, `profile.department eq "Sales" and status eq "ACTIVE"`, `search:profile.department eq "Sales" and status eq "ACTIVE"`)}, Reason: "x"}},
		{"a search for a linked address", `search:profile.email eq "<mailto:a@b.co|a@b.co>"`,
			command{Verb: roster.VerbReset, Users: refs{set(roster.UserSearch, `profile.email eq "a@b.co"`, `search:profile.email eq "a@b.co"`)}}},
		{"some factors", "factors:sms,call ana@example.com", command{Verb: roster.VerbReset, Users: refs{ana}, Factors: []string{"sms", "call"}}},
		{"factors with blanks", "ana@example.com factors: sms , Okta Verify, “security key” bob@example.com", command{Verb: roster.VerbReset, Users: refs{ana, bob}, Factors: []string{"sms", "Okta Verify", "security key"}}},
		{"sessions and time", `sessions:revoke at:“tomorrow 07:00” ana@example.com`, command{Verb: roster.VerbReset, Users: refs{ana}, RevokeSessions: true, At: "tomorrow 07:00"}},
		{"time without quotes", `at:tomorrow 07:00 ana@example.com`, command{Verb: roster.VerbReset, Users: refs{ana}, At: "tomorrow 07:00"}},
		{"dry run", "dry-run ana@example.com because x", command{Verb: roster.VerbDryRun, Users: refs{ana}, Reason: "x"}},
		{"dry run in two words", "Dry run ana@example.com", command{Verb: roster.VerbDryRun, Users: refs{ana}}},
		{"dry run with a long dash", "—dry–run ana@example.com", command{Verb: roster.VerbDryRun, Users: refs{ana}}},
		{"break glass", "breakglass <@U1> because x", command{Verb: roster.VerbBreakGlass, Users: refs{mentioned("U1", "<@U1>")}, Reason: "x"}},
		{"export", `export search:status eq "ACTIVE" columns:id, login,department`,
			command{Verb: roster.VerbExport, Users: refs{set(roster.UserSearch, `status eq "ACTIVE"`, `search:status eq "ACTIVE"`)}, Columns: []string{"id", "login", "department"}}},
		{"export by filter and q", `export filter:status eq "ACTIVE" q:ana`,
			command{Verb: roster.VerbExport, Users: refs{set(roster.UserFilter, `status eq "ACTIVE"`, `filter:status eq "ACTIVE"`), set(roster.UserQuery, "ana", "q:ana")}}},
		{"help", "HELP", command{Verb: roster.VerbHelp}},
		{"status", "status fr-42", command{Verb: roster.VerbStatus, Args: []string{"fr-42"}}},
		{"cancel with a reason", "cancel FR-42 because wrong list", command{Verb: roster.VerbCancel, Args: []string{"FR-42"}, Reason: "wrong list"}},
		{"history", "history mine 30d", command{Verb: roster.VerbHistory, Args: []string{"mine", "30d"}}},
		{"history of somebody", "history <@U1|zoe>", command{Verb: roster.VerbHistory, Users: refs{mentioned("U1", "<@U1|zoe>")}}},
		{"freeze", "freeze because leak", command{Verb: roster.VerbFreeze, Reason: "leak"}},
		{"a mention with a blank in its label", "<@U123|Ana Lima> because x", command{Verb: roster.VerbReset, Users: refs{mentioned("U123", "<@U123|Ana Lima>")}, Reason: "x"}},
		{"a link that is not closed", "<ana@example.com because x", command{Verb: roster.VerbReset, Users: refs{ana}, Reason: "x"}},
		{"an open quote", `"ana@example.com because lost`, command{Verb: roster.VerbReset, Users: refs{ana}, Reason: "lost"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := roster.ParseCommand(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseCommand_refused(t *testing.T) {
	tests := []struct {
		name, text    string
		code, nearest string
		words         string // a part of them
	}{
		{"a slip of the finger", "stauts FR-42", roster.CodeUnknown, "status", `"status"`},
		{"the beginning of a word", "can FR-42", roster.CodeUnknown, "cancel", `"cancel"`},
		{"a word that is no command", "xyzzy", roster.CodeUnknown, "", "I don't know"},
		{"a path", "../../api/v1/apps", roster.CodeUnknown, "", "I don't know"},
		{"half an ID", "00uzPde0Igx because x", roster.CodeUnknown, "", "11 characters"},
		{"no because", "ana@example.com lost phone", roster.CodeNotUsers, "", `don't understand "lost", "phone"`},
		{"a short login", "login:me because x", roster.CodeOption, "", `"me" after login: has 2 characters`},
		{"an empty login", `login:"" because x`, roster.CodeNoUsers, "", "Nobody is named"},
		{"swapped letters", "hlep", roster.CodeUnknown, "help", "help"},
		{"a letter too many", "thaww", roster.CodeUnknown, "thaw", "thaw"},
		{"swapped letters of an option", "logni:ana", roster.CodeOption, "login:", "login:"},
		{"two letters of a word", "st", roster.CodeUnknown, "", "I don't know"},
		{"a control character", "ana\u0080lima@example.com because x", roster.CodeNotUsers, "", `"ana"`},
		{"only a reason", "because lost phone", roster.CodeNoUsers, "", "Nobody is named"},
		{"only the verb", "reset", roster.CodeNoUsers, "", "Nobody is named"},
		{"only an option", "factors:sms because x", roster.CodeNoUsers, "", "Nobody is named"},
		{"a mention that was not picked", "@ana because lost", roster.CodeNotUsers, "", "isn't a mention"},
		{"a user group of Slack", "<!subteam^S1|@sec> because x", roster.CodeNotUsers, "", "group:"},
		{"a channel", "ana@example.com <#C1|general>", roster.CodeNotUsers, "", `"<#C1|general>"`},
		{"everybody", "<!channel> because x", roster.CodeUnknown, "", `"<!channel>"`},
		{"a web link", "<http://example.com|ana@example.com>", roster.CodeUnknown, "", "I don't know"},
		{"a link that shows another address", "<mailto:eve@example.com|ana@example.com>", roster.CodeUnknown, "", "I don't know"},
		{"an option that is nearly one", "factor:sms ana@example.com", roster.CodeOption, "factors:", `"factors:"`},
		{"an empty option", "group: because x", roster.CodeOption, "", "no value"},
		{"another session option", "sessions:keep ana@example.com", roster.CodeOption, "", "sessions:revoke"},
		{"a query in an address", "ana@example.com?x=1#y because x", roster.CodeUnknown, "", "I don't know"},
		{"an encoded slash", "a%2fb@example.com because x", roster.CodeUnknown, "", `"%" inside`},
		{"too long", strings.Repeat("x", 300) + "@example.com because x", roster.CodeUnknown, "", "312 characters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := roster.ParseCommand(tt.text)
			var refused *roster.Error
			if !errors.As(err, &refused) {
				t.Fatalf("got %+v, %v", c, err)
			}
			if refused.Code != tt.code || suggested(refused) != tt.nearest || !strings.Contains(refused.Words, tt.words) {
				t.Errorf("got %q: %s", refused.Code, refused.Words)
			}
		})
	}
}

// suggested is the word that a refusal says was perhaps meant, "" for none.
func suggested(refused *roster.Error) string {
	_, meant, _ := strings.Cut(refused.Words, `Did you mean "`)
	word, _, _ := strings.Cut(meant, `"`)
	return word
}

// TestParseCommand_spellings writes the same users in many ways and gets the same users back.
func TestParseCommand_spellings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		users := rapid.SliceOfN(rapid.SampledFrom([]roster.UserRef{
			byID(id1), byID(id2), login("ana@example.com"), login("o'brien@example.com"), login("jean-luc+x@example.com"), mentioned("U_ANA", "<@U_ANA|ana>"),
		}), 1, 8).Draw(t, "users")
		var b strings.Builder
		for i, u := range users {
			if i > 0 {
				b.WriteString(rapid.SampledFrom([]string{" ", ",", ", ", ";", ",\n", ";\r\n", "\u00a0", "，", "\t", " and ", " ; "}).Draw(t, "between"))
			}
			b.WriteString(spelled(t, u))
		}
		b.WriteString(rapid.SampledFrom([]string{" because ", " BECAUSE ", "\nbecause ", ", because: ", " \u200bbecause\u00a0"}).Draw(t, "because"))
		reason := rapid.StringMatching(`[a-zé",;<]{1,5}( [a-z]{1,5}){0,3}`).Draw(t, "reason")
		got, err := roster.ParseCommand(b.String() + strings.NewReplacer("<", "&lt;").Replace(reason))
		if err != nil {
			t.Fatalf("%q: %v", b.String(), err)
		}
		if diff := cmp.Diff(roster.Command{Verb: roster.VerbReset, Users: users, Reason: reason}, got); diff != "" {
			t.Fatalf("%q: %s", b.String(), diff)
		}
	})
}

// spelled writes one user as a phone, Slack or a person may.
func spelled(t *rapid.T, u roster.UserRef) string {
	if u.Kind == roster.UserMention {
		return u.Input
	}
	text := u.Value
	switch rapid.IntRange(0, 5).Draw(t, "spelling") {
	case 1:
		text = "“" + text + "”"
	case 2:
		text = strings.NewReplacer("'", "\u2019", "-", "\u2011").Replace(text)
	case 3:
		text = text[:4] + "\u200b" + text[4:]
	case 4:
		text = strings.ReplaceAll(text, "@", "＠")
	case 5:
		if u.Kind == roster.UserLogin {
			text = "<mailto:" + text + "|" + text + ">"
		}
	}
	return text
}

func TestRowOf(t *testing.T) {
	tests := []struct {
		name string
		got  reset.Row
		want reset.Row
	}{
		{"an ID", roster.RowOf(1, byID(id1)), reset.Row{Row: 1, Input: id1, Kind: reset.RefID, Value: id1}},
		{"a login", roster.RowOf(2, login("ana@example.com")), reset.Row{Row: 2, Input: "ana@example.com", Kind: reset.RefLogin, Value: "ana@example.com"}},
		{"a group", roster.RowOf(3, set(roster.UserGroup, "x", "group:x")), reset.Row{Row: 3, Input: "group:x", Problem: "isn't a user by itself"}},
		{"a mention", roster.RowOfMention(4, mentioned("U1", "<@U1>"), "ana@example.com"), reset.Row{Row: 4, Input: "<@U1>", Kind: reset.RefEmail, Value: "ana@example.com"}},
		{"without an e-mail", roster.RowOfMention(5, mentioned("U1", "<@U1>"), ""), reset.Row{Row: 5, Input: "<@U1>", Problem: "Slack doesn't show this person's e-mail; use their login or Okta ID"}},
		{"with a strange e-mail", roster.RowOfMention(6, mentioned("U1", "<@U1>"), "a/b@example.com"), reset.Row{Row: 6, Input: "<@U1>", Problem: `has "/" inside; if that's part of the login, use the Okta ID instead`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// unsafe reports what could change an endpoint, a search or a message in what a row
// looks up. What is odd is searched for alone, between quotation marks that are
// escaped; nothing that has no picture is looked up.
func unsafe(row reset.Row) bool {
	never := `"<>`
	switch {
	case row.Odd != "":
		never = ""
	case strings.Contains(row.Value, "@"), strings.HasPrefix(row.Value, "00u"): // it may be asked for by name, not only searched
		never += `/\?%`
	}
	return row.Value == "" || len([]rune(row.Value)) > 100 || strings.ContainsFunc(row.Value, func(r rune) bool {
		return strings.ContainsRune(never, r) || !unicode.IsGraphic(r) || unicode.IsSpace(r) && row.Odd == ""
	})
}

// FuzzParseCommand: whatever is typed gets an answer, and nobody is named who cannot be.
func FuzzParseCommand(f *testing.F) {
	for _, s := range []string{
		"", "help", "ana@example.com because lost phone", `group:"x" search:a eq "b" factors:sms, call at:"x" because "y`,
		"<@U1|a>,<mailto:a@b.co|a@b.co>", "because", "“", "<", "export columns:", "ａ＠ｂ．ｃｏ", "q:q:q:", "sessions:revoke\u200b", "&lt;@U1&gt;",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := roster.ParseCommand(text)
		if err != nil {
			var refused *roster.Error
			if !errors.As(err, &refused) || refused.Code == "" || refused.Words == "" || strings.ContainsFunc(refused.Words, unicode.IsControl) {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		if strings.ContainsFunc(c.Reason, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Errorf("the reason %q has invisible characters", c.Reason)
		}
		for i, u := range c.Users {
			row := roster.RowOf(i+1, u)
			named := u.Kind == roster.UserID || u.Kind == roster.UserLogin
			if named && (row.Problem != "" || unsafe(row)) || !named && (row.Value != "" || u.Value == "") {
				t.Errorf("%q: %+v makes %+v", text, u, row)
			}
		}
	})
}
