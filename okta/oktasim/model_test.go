package oktasim_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"factorbot/okta/oktasim"
)

// Whatever happens to a person, every factor that they ever had is either
// still listed or in the books of exactly one removal, and the books know
// which of them were new.
func TestBooks_model(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		engine := rapid.SampledFrom([]oktasim.Engine{oktasim.Classic, oktasim.Identity}).Draw(t, "engine")
		org, err := oktasim.New(oktasim.Options{Given: []oktasim.User{ana()}, Engine: engine})
		if err != nil {
			t.Fatal(err)
		}
		defer org.Close()
		web := &http.Client{Transport: org.Transport()}
		send := func(method, path string) int {
			r, err := http.NewRequest(method, "http://okta.test"+path, strings.NewReader(""))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "SSWS sandbox-token")
			response, err := web.Do(r)
			if err != nil {
				return 0
			}
			response.Body.Close()
			return response.StatusCode
		}
		isNew := map[string]bool{} // every factor ever, and whether it came after a reset
		know := func() oktasim.User {
			u, _ := org.User("ana@example.com")
			for _, f := range u.Factors {
				if _, known := isNew[f.ID]; !known {
					isNew[f.ID] = len(org.Resets(u.ID)) > 0
				}
			}
			return u
		}
		know()
		t.Repeat(map[string]func(*rapid.T){
			"reset": func(t *rapid.T) { send("POST", "/api/v1/users/"+know().ID+resetAna) },
			"delete": func(t *rapid.T) {
				if u := know(); len(u.Factors) > 0 {
					f := rapid.SampledFrom(u.Factors).Draw(t, "factor")
					if status := send("DELETE", "/api/v1/users/"+u.ID+"/factors/"+f.ID); status != 204 {
						t.Fatalf("delete: %d", status)
					}
				}
			},
			"enrol": func(t *rapid.T) {
				if err := org.Enrol("ana@example.com", rapid.SampledFrom([]string{"push", "sms", "email", "question"}).Draw(t, "kind")); err != nil {
					t.Fatal(err)
				}
			},
			"lost answer": func(t *rapid.T) {
				org.FailNext("POST", resetAna, oktasim.DropAfter, 1)
				send("POST", "/api/v1/users/"+know().ID+resetAna)
			},
			"nothing": func(t *rapid.T) {
				before := know()
				org.FailNext("POST", resetAna, oktasim.Nothing, 1)
				if status := send("POST", "/api/v1/users/"+before.ID+resetAna); status != 200 || len(know().Factors) != len(before.Factors) {
					t.Fatalf("status %d, %d factors of %d", status, len(know().Factors), len(before.Factors))
				}
			},
			"": func(t *rapid.T) {
				u := know()
				seen := map[string]bool{}
				for _, f := range u.Factors {
					seen[f.ID] = true
				}
				removedNew := 0
				for _, reset := range org.Resets(u.ID) {
					for _, f := range reset.Removed {
						if seen[f.ID] || f.New != isNew[f.ID] {
							t.Fatalf("factor %+v listed or removed twice, or wrongly new", f)
						}
						seen[f.ID] = true
						if f.New {
							removedNew++
						}
					}
				}
				if !slices.Equal(slices.Sorted(maps.Keys(seen)), slices.Sorted(maps.Keys(isNew))) || org.Books().NewRemoved != removedNew {
					t.Fatalf("seen %v of %v; %d new removed, booked %d", seen, isNew, removedNew, org.Books().NewRemoved)
				}
			},
		})
	})
}
