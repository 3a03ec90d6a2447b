package desk

import (
	"errors"

	"factorbot/bot/policy"
	"factorbot/bot/roster"
)

// Refusal is a refusal by the policy, with words for the person, as they are.
type Refusal = policy.Refusal

// RefusalWords are the words of an error that has its own: a refusal by the
// policy, or a list or command that is not understood.
func RefusalWords(err error) (words string, known bool) {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.Words, true
	}
	var unreadable *roster.Error
	if errors.As(err, &unreadable) {
		return unreadable.Words, true
	}
	return "", false
}
