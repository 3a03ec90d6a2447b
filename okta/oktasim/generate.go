package oktasim

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

var (
	firstNames  = strings.Fields("Ana Koji Hana Bjørn Lakshmi João Qiang Amara Zoë Mateo Ingrid Yusuf Priya Łukasz Chloé Tariq Noor Sören Mei Aylin Diego Fatima Ewa Kwame Siobhán Olga Rafael Thu Nikos Leila")
	lastNames   = strings.Fields("Eriksen Çelik Rossi Dvořák Horváth Novák Lindqvist Okafor Müller Santos Haddad Nakamura Kowalski O'Brien García Nguyen Petrov Ibrahim Jensen Silva Fernández Wójcik Tanaka Mensah Papadopoulos Larsen Moreau Chaudhry Bianchi Yılmaz")
	departments = []string{"Engineering", "Sales", "Finance", "Support", "Marketing", "People", "Legal", "Operations"}
	titles      = []string{"Specialist", "Senior Specialist", "Lead", "Manager", "Analyst", "Engineer"}
	buildings   = []string{"North", "South", "Harbour", "Mill"}
	cities      = []string{"Bergen", "Izmir", "Milan", "Brno", "Szeged", "Lagos", "Porto", "Osaka", "Gdańsk", "Cork"}
)

// ascii folds the letters of the names above that a login does not have.
var ascii = strings.NewReplacer("ø", "o", "ã", "a", "ë", "e", "Ł", "l", "ł", "l", "é", "e", "ö", "o", "á", "a",
	"Ç", "c", "ç", "c", "ř", "r", "ü", "u", "'", "", "í", "i", "ó", "o", "ı", "i", "ń", "n")

// statusShare is how many of a thousand generated people have each status.
var statusShare = []struct {
	status string
	of     int
}{
	{"ACTIVE", 905}, {"PASSWORD_EXPIRED", 25}, {"LOCKED_OUT", 15}, {"RECOVERY", 5},
	{"SUSPENDED", 15}, {"PROVISIONED", 10}, {"STAGED", 10}, {"DEPROVISIONED", 15},
}

// generated is the i-th generated person. Same seed and i, same person.
func generated(i int, opt Options, rng *rand.Rand, now time.Time) User {
	first, last := pick(firstNames, rng), pick(lastNames, rng)
	u := User{
		ID:        "00u" + seededID(rng, 17),
		Login:     strings.ToLower(ascii.Replace(first+"."+last)) + fmt.Sprint(i) + "@example.com",
		FirstName: first, LastName: last, Department: pick(departments, rng), Status: "ACTIVE",
		Created: now.Add(-time.Duration(30+rng.IntN(1000)) * 24 * time.Hour),
	}
	u.Groups = []string{u.Department}
	roll, admin := rng.IntN(1000), rng.IntN(100) == 0
	if !opt.AllActive {
		u.Status = statusOf(roll)
		u.Created = joined(u, now)
	}
	switch u.Status {
	case "DEPROVISIONED": // deactivation ends memberships and enrolments
		u.Groups = nil
	case "STAGED":
	default:
		u.Factors = generatedFactors(opt, rng)
		if admin && !opt.AllActive {
			u.Roles = []string{pick([]string{"SUPER_ADMIN", "ORG_ADMIN", "HELP_DESK_ADMIN", "READ_ONLY_ADMIN"}, rng)}
		}
	}
	return u
}

// joined is when the person came: one in fifty within the last week, told by
// the ID alone, so that a seed's people stay who they are.
func joined(u User, now time.Time) time.Time {
	if share, _ := strconv.Atoi(digits(u.ID, 2)); share >= 2 {
		return u.Created
	}
	ago, _ := strconv.Atoi(digits(u.Login, 3)) // of a thousand
	return now.Add(-time.Hour - time.Duration(ago)*6*24*time.Hour/1000)
}

func statusOf(roll int) string {
	for _, share := range statusShare {
		if roll < share.of {
			return share.status
		}
		roll -= share.of
	}
	return "ACTIVE"
}

// generatedFactors is a spread as service desks see it: Okta Verify most,
// then SMS; one in twenty-five has nothing.
func generatedFactors(opt Options, rng *rand.Rand) []Factor {
	var factors []Factor
	some := func(percent int, more ...Factor) {
		if rng.IntN(100) < percent {
			factors = append(factors, more...)
		}
	}
	push, nonce, totp := Factor{Type: "push"}, Factor{Type: "signed_nonce"}, Factor{Type: "token:software:totp"}
	if opt.Engine == Identity {
		some(62, push, nonce, totp)
	} else {
		some(62, push, totp)
	}
	some(45, Factor{Type: "sms"})
	some(8, Factor{Type: "call"})
	some(15, Factor{Type: "webauthn"})
	some(12, Factor{Type: "token:software:totp", Provider: "GOOGLE"})
	some(8, Factor{Type: "question"})
	some(3, Factor{Type: "token:hardware"})
	some(2, Factor{Type: "token:software:totp", Provider: "GOOGLE", Status: "PENDING_ACTIVATION"})
	if len(factors) == 0 && (opt.AllActive || rng.IntN(3) > 0) {
		factors = append(factors, Factor{Type: "sms"})
	}
	if opt.Engine == Identity && len(factors) > 0 {
		factors = append(factors, Factor{Type: "email"}) // enrolled by Okta once the address is verified
	}
	return factors
}

func pick[T any](from []T, rng *rand.Rand) T { return from[rng.IntN(len(from))] }

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func seededID(rng *rand.Rand, n int) string {
	id := make([]byte, n)
	for i := range id {
		id[i] = letters[rng.IntN(len(letters))]
	}
	return string(id)
}

// randomID is for what no seed needs to repeat.
func randomID(n int) string {
	id := make([]byte, n)
	for i := range id {
		id[i] = letters[rand.IntN(len(letters))]
	}
	return string(id)
}
