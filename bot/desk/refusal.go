package desk

import (
	"errors"
	"fmt"

	"factorbot/bot/policy"
	"factorbot/bot/roster"
)

// Refusal is a refusal by the policy, with words for the person, as they are.
type Refusal = policy.Refusal

// is reports whether an error is, or wraps, one of a type.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// refuse makes a refusal of the desk's own.
func refuse(code, words string, args ...any) error {
	return &policy.Refusal{Code: code, Words: fmt.Sprintf(words, args...)}
}

// RefusalWords are the words of an error that has its own: a refusal by the
// policy, or a list or command that is not understood.
func RefusalWords(err error) (words string, known bool) {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal.Words, true
	}
	if unreadable, ok := errors.AsType[*roster.Error](err); ok {
		return unreadable.Words, true
	}
	return "", false
}
