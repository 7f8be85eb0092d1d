//go:build !race

package httpcall_test

const crowd = 10_000
