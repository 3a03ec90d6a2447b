package roster

import "strings"

// nearest returns the known word that was perhaps meant, "" if none is near: one
// that it is the beginning of, or one a third of whose letters differ at most.
func nearest(word string, known []string) string {
	word = strings.ToLower(word)
	best, bestDistance := "", len(word)
	for _, k := range known {
		if len(word) >= 3 && strings.HasPrefix(k, word) {
			return k
		}
		d := distance([]rune(word), []rune(k))
		if d < bestDistance && d*3 <= len(k) {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance counts the letters to change, put in, take out or swap with their
// neighbour to make one word of the other (optimal string alignment).
func distance(a, b []rune) int {
	if len(a) > 2*len(b)+2 {
		return len(a)
	}
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
