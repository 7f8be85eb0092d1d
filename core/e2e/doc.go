// Package e2e proves the product from outside: the real binaries, as `make build`
// leaves them, the real plugins, and the sandbox or a real Kannel as the world.
// Nothing of the gateway's code is imported; what a test knows, it learned over a
// socket.
//
// Every test starts its own gateway, on loopback ports and in a folder of its own.
// The compiled plugins are shared through one cache, so a start takes a second.
package e2e
