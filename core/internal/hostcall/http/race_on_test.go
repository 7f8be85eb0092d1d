//go:build race

package httpcall_test

// The race detector follows 8,128 goroutines at most.
const crowd = 1000
