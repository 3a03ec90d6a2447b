package cli

// Nearest returns the known word that takes the fewest changed, missing, added or
// swapped letters to become word, "" if that is more than a third of them.
func Nearest(word string, known []string) string {
	best, fewest := "", max(1, len(word)/3)+1
	if len(word) > 60 {
		return ""
	}
	for _, k := range known {
		if d := distance([]rune(word), []rune(k)); d < fewest {
			best, fewest = k, d
		}
	}
	return best
}

// distance is the optimal string alignment distance of two words.
func distance(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range b {
		d[0][j+1] = j + 1
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
