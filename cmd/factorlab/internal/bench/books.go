package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"factorbot/okta/oktasim"
)

// usersBucket is the rate limit that resets draw on.
const usersBucket = "/api/v1/users"

// benchBooks is what an org can tell of what was done to it.
type benchBooks interface {
	Progress() benchProgress
	Report() benchReport
	Roster(ctx context.Context) ([]benchUser, error)
}

// benchProgress is cheap to ask for while a comparison runs.
type benchProgress struct {
	Resets    int `json:"resets"` // that took effect
	Throttled int `json:"throttled"`
}

// benchReport is all of it.
type benchReport struct {
	benchProgress
	NewRemoved int                     `json:"new_removed"` // factors removed though enrolled after a reset
	Calls      map[string]int          `json:"calls"`       // let through, by bucket
	Windows    []oktasim.Window        `json:"windows"`     // of the users bucket
	Factors    []oktasim.Window        `json:"factors"`     // of the bucket of factors, if they have one
	Users      map[string]benchEffects `json:"users"`       // by ID, only those with any
}

// benchEffects are the resets of one user that took effect.
type benchEffects struct {
	Times int       `json:"times"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// benchUser is a user who can be reset.
type benchUser struct {
	ID     string `json:"id"`
	Login  string `json:"login"`
	Status string `json:"status"`
}

// factorsBucket is what readings of factors draw on where they have a limit of their own.
const factorsBucket = "/api/v1/users/factors"

// benchPath is where a comparison asks an org for its books. Nothing of Okta's is there.
const benchPath = "/bench/"

// benchHandler answers for the org, and for its books.
func benchHandler(org http.Handler, books benchBooks) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var answer any
		switch strings.TrimPrefix(r.URL.Path, benchPath) {
		case "progress":
			answer = books.Progress()
		case "report":
			answer = books.Report()
		case "roster":
			users, err := books.Roster(r.Context())
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			answer = users
		default:
			org.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // who asked may be gone
	})
}

// orgBooks are those of our own simulator.
type orgBooks struct{ org *oktasim.Org }

func (b orgBooks) Progress() benchProgress {
	books := b.org.Books()
	return benchProgress{Resets: books.Effects, Throttled: books.Throttled}
}

func (b orgBooks) Report() benchReport {
	books := b.org.Books()
	report := benchReport{benchProgress: benchProgress{books.Effects, books.Throttled}, NewRemoved: books.NewRemoved,
		Calls: books.Calls, Windows: b.org.Windows(usersBucket), Factors: b.org.Windows(factorsBucket), Users: map[string]benchEffects{}}
	for _, u := range b.org.Users() {
		if resets := b.org.Resets(u.ID); len(resets) > 0 {
			report.Users[u.ID] = benchEffects{len(resets), resets[0].At, resets[len(resets)-1].At}
		}
	}
	return report
}

// Roster is everybody but the workspace's people and the token's owner, who has no factor.
func (b orgBooks) Roster(context.Context) ([]benchUser, error) {
	var users []benchUser
	for _, u := range b.org.Users() {
		if u.Department != castDepartment && len(u.Factors) > 0 {
			users = append(users, benchUser{u.ID, u.Login, u.Status})
		}
	}
	return users, nil
}

// castDepartment is where cast puts the workspace's people.
const castDepartment = "Cast"

// askBooks asks an org for a part of its books.
func askBooks[T any](ctx context.Context, url, what string) (T, error) {
	var answer T
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+benchPath+what, nil)
	if err != nil {
		return answer, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer, fmt.Errorf("ask for the %s: %w", what, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return answer, fmt.Errorf("ask for the %s: %s", what, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return answer, fmt.Errorf("ask for the %s: %w", what, err)
	}
	return answer, nil
}
