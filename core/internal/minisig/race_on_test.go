//go:build race

package minisig_test

const race = true
