package view

import (
	"cmp"
	"slices"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// Helpers are those who can decide, as far as they are known: people where they
// are few, user groups where they are many.
type Helpers struct {
	People []reset.Person
	Groups []string // IDs of Slack user groups: "S0123456"
}

// helpersShown is how many people a message mentions.
const helpersShown = 8

// except leaves out one person, who cannot decide on their own request.
func (h Helpers) except(p reset.Person) Helpers {
	h.People = slices.DeleteFunc(slices.Clone(h.People), func(x reset.Person) bool { return x == p })
	return h
}

// words mentions who can help: "@A, @B or @security"; "" if nobody is known.
func (h Helpers) words() string {
	all := phrase.Each(firstOf(h.People, helpersShown), phrase.Mention)
	for _, g := range firstOf(h.Groups, helpersShown) {
		if phrase.IsID(g) {
			all = append(all, "<!subteam^"+g+">")
		}
	}
	return phrase.Or(all)
}

// or is the mentions, or other words where nobody is known.
func (h Helpers) or(otherwise string) string { return cmp.Or(h.words(), otherwise) }
