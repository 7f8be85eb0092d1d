//go:build !unix

package edge

// DefaultTotal is not known on this system.
func DefaultTotal() int { return 0 }
