// Package drill kills the bot again and again, at named points and at random, while
// calls go wrong and people enrol again, and judges by the simulators' books that
// nobody was left out and nobody reset twice.
package drill
