//go:build !race

package httpcall_test

const (
	crowd = 10_000
	// small bounds the memory of a waiting exchange: 6 KB with Go 1.26 on amd64, of
	// which 4 are the stack of the caller.
	small = 12 << 10
)
