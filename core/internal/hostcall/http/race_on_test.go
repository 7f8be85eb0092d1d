//go:build race

package httpcall_test

const (
	// The race detector follows 8,128 goroutines at most.
	crowd = 1000
	small = 48 << 10 // it enlarges every frame
)
