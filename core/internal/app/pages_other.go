//go:build !linux

package app

// forgetStartPages is for systems that say where the program's pages are.
func forgetStartPages() {}
