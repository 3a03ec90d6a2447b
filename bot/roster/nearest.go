package roster

import "strings"

// nearest returns the known word that was perhaps meant, "" if none is near: one
// that it is the beginning of, or one a third of whose letters differ at most.
func nearest[W ~string](word string, known []W) W {
	word = strings.ToLower(word[:min(len(word), 60)]) // no known word is near a longer one
	best, bestDistance := W(""), len(word)
	for _, k := range known {
		if len(word) >= 3 && strings.HasPrefix(string(k), word) {
			return k
		}
		if d := distance([]rune(word), []rune(k)); d < bestDistance && d*3 <= len(k) {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance counts the letters to change, put in, take out or swap with their
// neighbour to make one word of the other (optimal string alignment).
func distance(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i, x := range a {
		for j, y := range b {
			d[i+1][j+1] = min(d[i][j+1], d[i+1][j], d[i][j]) + 1
			if x == y {
				d[i+1][j+1] = d[i][j]
			}
			if i > 0 && j > 0 && x == b[j-1] && y == a[i-1] {
				d[i+1][j+1] = min(d[i+1][j+1], d[i-1][j-1]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
