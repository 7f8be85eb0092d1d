//go:build !race

package guest

// Race reports that the race detector is on.
const Race = false
