package program

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// Ports below those that the system gives to outgoing connections: a program that is
// killed finds its port free when it comes back. Each process of tests has blocks of
// its own; the first port of a block is held as long as it lives, so that others see it.
const (
	firstPort = 10_000
	lastPort  = 32_000
	block     = 200
	blocks    = (lastPort - firstPort) / block
)

var ports struct {
	sync.Mutex
	next, end int
	held      []net.Listener // the first port of each block, until the process ends
}

// FreeAddress returns a loopback address that nobody listens on and that no other
// caller of FreeAddress gets.
func FreeAddress() (string, error) {
	ports.Lock()
	defer ports.Unlock()
	for range lastPort - firstPort {
		if ports.next == ports.end {
			if err := claim(); err != nil {
				return "", err
			}
		}
		address := fmt.Sprintf("127.0.0.1:%d", ports.next)
		ports.next++
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue // somebody else's
		}
		return address, l.Close()
	}
	return "", errors.New("no port is free")
}

// claim takes the next block that nobody has. Called with ports locked.
func claim() error {
	start := os.Getpid() * 31 % blocks
	for i := range blocks {
		first := firstPort + (start+i)%blocks*block
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first))
		if err != nil {
			continue
		}
		ports.held = append(ports.held, l)
		ports.next, ports.end = first+1, first+block
		return nil
	}
	return errors.New("no block of ports is free")
}

// Eventually waits until condition holds and returns how long that took. The pauses
// only save processor time.
func Eventually(ctx context.Context, within time.Duration, what string, condition func() bool) (time.Duration, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for !condition() {
		if !Pause(ctx, 10*time.Millisecond) {
			return 0, fmt.Errorf("waited %s for %s", time.Since(began).Round(time.Millisecond), what)
		}
	}
	return time.Since(began), nil
}

// Pause returns false when ctx ends first.
func Pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
