// Package policy is who may ask for resets, who may decide on them, how many
// must agree, who is never reset, and what is too much at once.
//
// The rules are pure: who a person is comes in as a [Person], with the time of
// that knowledge, and the answer is nil or a [*Refusal]. They fail closed: what
// is not set allows nobody and nothing.
package policy
