package oauth

import (
	"strings"
	"sync"
	"time"
)

const (
	renewBefore = 5 * time.Minute // or a fifth of the token's life, if that is less
	usableFor   = time.Minute     // what an old token must still have, where its renewal failed
)

// Granted is Okta's answer to a request for a token.
type Granted struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"` // "DPoP", or "Bearer" where the app does not demand proofs
	ExpiresIn   int    `json:"expires_in"` // seconds
}

// Valid says whether it holds a token of a type that is known here.
func (g Granted) Valid() bool {
	return g.AccessToken != "" && (strings.EqualFold(g.TokenType, "DPoP") || strings.EqualFold(g.TokenType, "Bearer"))
}

// Token is an access token, and whether Okta has taken it yet.
type Token struct {
	Text  string // "": none
	Bound bool   // to the Prover's key: it is sent with a proof
}

// Scheme is the word before the token in the Authorization header.
func (t Token) Scheme() string {
	if t.Bound {
		return "DPoP"
	}
	return "Bearer"
}

// Store keeps the present token. Times are compared by the wall clock, which goes on
// in a machine that sleeps. It is safe for concurrent use.
type Store struct {
	mu       sync.Mutex
	token    Token
	accepted bool // Okta has taken it
	renewAt  time.Time
	expires  time.Time
}

// Current is the token to send.
func (s *Store) Current() Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token
}

// Fresh says whether no other token is needed now, and whether the present one would
// still do without.
func (s *Store) Fresh(now time.Time) (fresh, usable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now = now.Round(0)
	has := s.token.Text != ""
	return has && now.Before(s.renewAt), has && now.Add(usableFor).Before(s.expires)
}

// Keep makes a token the present one; asked is when it was asked for.
func (s *Store) Keep(g Granted, asked time.Time) {
	life := time.Duration(g.ExpiresIn) * time.Second
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.accepted = Token{Text: g.AccessToken, Bound: strings.EqualFold(g.TokenType, "DPoP")}, false
	s.expires = asked.Round(0).Add(life)
	s.renewAt = s.expires.Add(-min(renewBefore, life/5))
}

// Accepted notes that Okta has taken a token.
func (s *Store) Accepted(t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t == s.token {
		s.accepted = true
	}
}

// Refused forgets a token that Okta did not take, and says whether another one may
// help: one that Okta had taken before has expired or was revoked, and one that is
// no longer the present one has been replaced. A new one that is refused at once
// would be refused again.
func (s *Store) Refused(t Token) (another bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t != s.token {
		return true
	}
	another = s.accepted
	s.token, s.accepted, s.renewAt, s.expires = Token{}, false, time.Time{}, time.Time{}
	return another
}
