package roster

import (
	"strings"
	"testing"
)

func TestReadExport(t *testing.T) {
	cases := []struct {
		name, in string
		want     Exported
	}{
		{"Rockstar", "User Id,Status,Username,First name,Last name,Primary email\n00uzPde0IgxLd6GncfBA,SUSPENDED,k@example.com,Kōji,Eriksen,k2@example.com\n",
			Exported{ID: "00uzPde0IgxLd6GncfBA", Status: "SUSPENDED", Login: "k@example.com", First: "Kōji", Last: "Eriksen", Email: "k2@example.com"}},
		{"IDs alone", "userId\n00uzPde0IgxLd6GncfBA\n", Exported{ID: "00uzPde0IgxLd6GncfBA"}},
		{"no header", "k@example.com\n", Exported{Login: "k@example.com"}},
		{"semicolons", "\ufeff\"Login\";\"Display name\"\r\n\"k@example.com\";\"K\"\r\n", Exported{Login: "k@example.com"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadExport(strings.NewReader(c.in))
			if err != nil || len(got) != 1 || got[0] != c.want {
				t.Fatalf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}
