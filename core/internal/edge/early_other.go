//go:build !unix

package edge

import "net"

// early is not there: see early.go.
type early struct{}

func newEarly(net.Conn) *early { return nil }

func (*early) read() ([]byte, error) { return nil, nil }

func (*early) release() {}
