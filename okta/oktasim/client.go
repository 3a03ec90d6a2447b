package oktasim

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
)

// publicPEM is a public key as its owner keeps it, "" for none.
func publicPEM(key *rsa.PublicKey) string {
	if key == nil {
		return ""
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func writeClientID(s *settings, raw json.RawMessage) error {
	return into(raw, &s.ClientID, func(string) bool { return true }, "a client ID")
}

// writeClientKey takes an RSA public key as PEM (SPKI), or "" for no app.
func writeClientKey(s *settings, raw json.RawMessage) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return errors.New("not a public key as PEM")
	}
	if text == "" {
		s.ClientKey = nil
		return nil
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return errors.New("not a public key as PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("public key: %w", err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("public key: %T is not RSA", key)
	}
	s.ClientKey = public
	return nil
}

func writeClientScopes(s *settings, raw json.RawMessage) error {
	var scopes []string
	if err := json.Unmarshal(raw, &scopes); err != nil {
		return fmt.Errorf("%s is no list of scopes", raw)
	}
	s.ClientScopes = scopes
	return nil
}
