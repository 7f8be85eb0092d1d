package config

import (
	"fmt"
	"slices"
	"strings"
)

// suggest returns `did you mean "listen"?` if a candidate is close to name, else the list of candidates.
func suggest(name string, candidates []string) string {
	best, bestDistance := "", len(name)/3+2 // a third of the letters and one more may be wrong
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d < bestDistance && d < len(c) {
			best, bestDistance = c, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if len(candidates) == 0 {
		return ""
	}
	return "known: " + strings.Join(slices.Sorted(slices.Values(candidates)), ", ")
}

// distance is the number of letters to insert, delete, replace or swap with a neighbour to get from a to b.
func distance(a, b string) int {
	const far = 64 // names are short; do not spend time on anything else
	if len(a) > far || len(b) > far {
		return far
	}
	x, y := []rune(a), []rune(b)
	older, old, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range row {
		old[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			change := 1
			if x[i] == y[j] {
				change = 0
			}
			row[j+1] = min(old[j]+change, old[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], older[j-1]+1)
			}
		}
		older, old, row = old, row, older
	}
	return old[len(y)]
}
