// Package webhook tells another program, such as a SIEM, of resets that are to be expected and of
// what came of them: at least once, those of a request in order.
package webhook
