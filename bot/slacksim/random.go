package slacksim

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

// randomWord returns n random lower-case hex digits.
func randomWord(n int) string {
	b := make([]byte, (n+1)/2)
	_, _ = rand.Read(b) // never fails, says its documentation
	return hex.EncodeToString(b)[:n]
}

// randomUUID returns a random UUID, the form of an envelope's ID.
func randomUUID() string {
	w := randomWord(32)
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", w[:8], w[8:12], w[13:16], w[17:20], w[20:])
}
