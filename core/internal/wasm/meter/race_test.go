//go:build race

package meter_test

// The race detector makes the compiler take a minute for a Go guest and sees nothing of the code that it generates.
const raceDetector = true
