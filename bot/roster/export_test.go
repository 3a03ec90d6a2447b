package roster_test

import (
	"strings"
	"testing"

	"factorbot/bot/roster"
)

func TestReadExport(t *testing.T) {
	cases := []struct {
		name, in string
		want     roster.Exported
	}{
		{"Rockstar", "User Id,Status,Username,First name,Last name,Primary email\n00uzPde0IgxLd6GncfBA,SUSPENDED,k@example.com,Kōji,Eriksen,k2@example.com\n",
			roster.Exported{ID: "00uzPde0IgxLd6GncfBA", Status: "SUSPENDED", Login: "k@example.com", First: "Kōji", Last: "Eriksen", Email: "k2@example.com"}},
		{"IDs alone", "userId\n00uzPde0IgxLd6GncfBA\n", roster.Exported{ID: "00uzPde0IgxLd6GncfBA"}},
		{"no header", "k@example.com\n", roster.Exported{Login: "k@example.com"}},
		{"semicolons", "\ufeff\"Login\";\"Display name\"\r\n\"k@example.com\";\"K\"\r\n", roster.Exported{Login: "k@example.com"}},
		{"a row longer than the header", "Username,First name\nk@example.com,K,more,cells\n", roster.Exported{Login: "k@example.com", First: "K"}},
		{"no header, several of a kind", "00uaaaaaaaaaaaaaaaaa,k@example.com,00ubbbbbbbbbbbbbbbbb,l@example.com,x\n", roster.Exported{ID: "00uaaaaaaaaaaaaaaaaa", Login: "k@example.com"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := roster.ReadExport(strings.NewReader(c.in))
			if err != nil || len(got) != 1 || got[0] != c.want {
				t.Fatalf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}
