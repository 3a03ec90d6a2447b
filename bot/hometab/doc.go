// Package hometab publishes home tabs: when somebody opens theirs, and again for
// an hour when something in it changes.
package hometab
