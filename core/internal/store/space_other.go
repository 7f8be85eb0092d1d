//go:build !(linux || darwin || freebsd)

package store

import "math"

// freeBytes knows nothing about this system's file systems.
func freeBytes(string) (int64, error) { return math.MaxInt64, nil }
