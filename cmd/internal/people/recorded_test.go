package people

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/slack-go/slack"

	"factorbot/bot/policy"
)

// recorded answers each method with the body of a recording beside the checkout.
type recorded map[string]string

func (r recorded) RoundTrip(req *http.Request) (*http.Response, error) {
	raw, err := os.ReadFile(filepath.Join("../../../../shared/recordings/slack", r[path.Base(req.URL.Path)]+".json"))
	if err != nil {
		return nil, err
	}
	var answer struct{ Body json.RawMessage }
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(bytes.NewReader(answer.Body)), Request: req}, nil
}

// TestRecorded_accounts: who somebody is, as recorded answers tell it.
func TestRecorded_accounts(t *testing.T) {
	if _, err := os.Stat("../../../../shared/recordings/slack"); err != nil {
		t.Skip("no recordings beside the checkout")
	}
	for name, c := range map[string]struct {
		home, user string
		want       policy.Person
		confirmed  bool
	}{
		"a member of another workspace": {"auth.test.rb.auth_test_success.0", "users.info", policy.Person{Team: "T0680Z182", Email: "person26@example.com", Zone: "Europe/Amsterdam", Stranger: true}, true},
		"a bot of another workspace":    {"auth.test.rb.auth_test_success.0", "users.info.bot", policy.Person{Team: "T0680Z182", Zone: "America/Los_Angeles", Bot: true, Stranger: true}, false},
		"a bot of ours that is gone":    {"auth.test.rb.429_error.0", "users.info.rb.users_info.1", policy.Person{Team: "TIKLP5YG1", Bot: true, Deleted: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Directory{Slack: slack.New("xoxb-1", slack.OptionHTTPClient(&http.Client{Transport: recorded{"auth.test": c.home, "users.info": c.user}}))}
			a, err := p.account(t.Context(), "U1", 0)
			if err != nil {
				t.Fatal(err)
			}
			got := a.who
			if got.At.IsZero() {
				t.Error("it is not known when Slack was asked")
			}
			c.want.ID, c.want.Name, c.want.At = "U1", got.Name, got.At
			if !samePerson(got, c.want) || a.confirmed != c.confirmed {
				t.Errorf("got %+v, confirmed %t, want %+v, %t", got, a.confirmed, c.want, c.confirmed)
			}
		})
	}
}

func samePerson(a, b policy.Person) bool {
	return a.ID == b.ID && a.Team == b.Team && a.Email == b.Email && a.Zone == b.Zone &&
		a.Deleted == b.Deleted && a.Bot == b.Bot && a.Guest == b.Guest && a.Stranger == b.Stranger
}

// TestRecorded_handles: a recorded list of user groups gives their names.
func TestRecorded_handles(t *testing.T) {
	if _, err := os.Stat("../../../../shared/recordings/slack"); err != nil {
		t.Skip("no recordings beside the checkout")
	}
	p := &Directory{
		Slack: slack.New("xoxb-1", slack.OptionHTTPClient(&http.Client{Transport: recorded{"usergroups.list": "usergroups.list"}})),
		Rules: func() policy.Rules { return policy.Rules{Approvers: policy.Group{Usergroups: []string{"SRI5NCZPJ"}}} },
	}
	names, err := p.Handles(t.Context())
	if err != nil || names["SRI5NCZPJ"] != "group-2075" || names["SGPJ1RLGF"] != "group-7112" {
		t.Errorf("%v, %v", names, err)
	}
}
