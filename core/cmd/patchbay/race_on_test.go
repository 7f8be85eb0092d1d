//go:build race

package main

// raceEnabled: the race detector makes compiling a guest take minutes.
const raceEnabled = true
