package server

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync/atomic"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// HeaderRequestID is the name of the request id in every answer.
const HeaderRequestID = "X-Request-Id"

// ids counts requests from a random start, so that ids are unique across
// restarts without asking the system for randomness on each request.
var ids = func() *atomic.Uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails; it ends the process instead
	n := new(atomic.Uint64)
	n.Store(binary.BigEndian.Uint64(b[:]))
	return n
}()

// name gives the request an id of 16 hexadecimal digits. The counter is mixed, so
// that neighbouring requests do not look alike in a log. The answer's header is the
// only place where it is kept.
func name(c *fiber.Ctx) {
	n := ids.Add(1) * 0x9e3779b97f4a7c15
	var b [8]byte
	var id [16]byte
	binary.BigEndian.PutUint64(b[:], n^n>>29)
	hex.Encode(id[:], b[:])
	c.Response().Header.SetBytesV(HeaderRequestID, id[:])
}

// identify gives the request its id.
func (s *Server) identify(c *fiber.Ctx) error {
	name(c)
	s.mark(c)
	// No handler of its own for this: each keeps a frame on the stack of every request
	// that waits.
	if cors := s.live.Load().cors; cors != nil {
		return cors(c)
	}
	return c.Next()
}

// mark sets what every answer has.
func (s *Server) mark(c *fiber.Ctx) {
	if value := s.live.Load().hsts; value != "" {
		c.Set(fiber.HeaderStrictTransportSecurity, value)
	}
	if s.stopping.Load() {
		c.Response().SetConnectionClose()
	}
}

// ensureID gives an id to a request that failed before it came to [Server.identify].
func (s *Server) ensureID(c *fiber.Ctx) {
	if requestID(c) == "" {
		name(c)
		s.mark(c)
	}
}

// requestID returns a copy of the request's id.
func requestID(c *fiber.Ctx) string { return string(c.Response().Header.Peek(HeaderRequestID)) }

// recoverPanic turns a panic into an answer with an id.
func (s *Server) recoverPanic(c *fiber.Ctx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			retract(c)
			err = s.answer(c, s.panicked(c, r))
		}
	}()
	return c.Next()
}

// panicked logs a panic with its stack; call it where it was recovered.
func (s *Server) panicked(c *fiber.Ctx, fault any) *problem.Problem {
	s.opt.Log.Error("panic", "request_id", requestID(c), "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
	return problem.Internal(fmt.Errorf("panic: %v", fault))
}

// clientIP is the caller's address: the peer's, or what a trusted proxy says.
// Of X-Forwarded-For the last address that is not a trusted proxy counts, since
// everything before it can be forged.
func (s *Server) clientIP(c *fiber.Ctx) netip.Addr {
	peer, ok := s.peer(c)
	if !ok || !s.trusted(peer) {
		return peer
	}
	// Some proxies add a line of their own, so all of them count, in order.
	var forwarded []string
	for _, line := range c.Request().Header.PeekAll(fiber.HeaderXForwardedFor) {
		forwarded = append(forwarded, strings.Split(string(line), ",")...)
	}
	for i := len(forwarded) - 1; i >= 0; i-- {
		a, ok := parseForwarded(forwarded[i])
		if !ok {
			break
		}
		peer = a
		if !s.trusted(peer) {
			break
		}
	}
	return peer
}

// peer is the other end of the connection.
func (s *Server) peer(c *fiber.Ctx) (netip.Addr, bool) {
	a, ok := netip.AddrFromSlice(c.Context().RemoteIP())
	return a.Unmap(), ok
}

// parseForwarded reads an element of X-Forwarded-For; some proxies add the port.
func parseForwarded(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	a, err := netip.ParseAddr(text)
	if err != nil {
		with, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		a = with.Addr()
	}
	return a.Unmap().WithZone(""), true
}

// believe makes the caller's address that of the connection, for handlers of
// other packages. The connection is given its own back: a trusted proxy sends
// the requests of many callers through it.
func (s *Server) believe(c *fiber.Ctx) error {
	peer, caller := c.Context().RemoteAddr(), s.clientIP(c)
	if !caller.IsValid() {
		return c.Next()
	}
	c.Context().SetRemoteAddr(net.TCPAddrFromAddrPort(netip.AddrPortFrom(caller, 0)))
	defer c.Context().SetRemoteAddr(peer)
	return c.Next()
}

func (s *Server) trusted(a netip.Addr) bool {
	for _, p := range s.live.Load().TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// bearer returns the token of the Authorization header, "" without one. The
// bytes are Fiber's and end with the handler.
func bearer(c *fiber.Ctx) string {
	const scheme = "Bearer "
	h := c.Get(fiber.HeaderAuthorization)
	if len(h) > len(scheme) && strings.EqualFold(h[:len(scheme)], scheme) {
		return strings.TrimSpace(h[len(scheme):])
	}
	return ""
}
