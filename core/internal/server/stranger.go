package server

import (
	"net/netip"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// Rates of one network from which somebody calls who has not proved who it is.
var (
	// deliveryRate is far above what an aggregator or a FreeSWITCH node delivers and
	// keeps anybody else from guessing fast.
	deliveryRate = auth.Rate{PerSecond: 500, Burst: 1000}
	// strangerRate is of requests without a valid token: each is written into the
	// journal, and nobody may fill the disk with that.
	strangerRate = auth.Rate{PerSecond: 10, Burst: 500}
)

// strange counts a request of a caller who is not known, and refuses it when there
// are too many of its network; what names the counter.
func (s *Server) strange(c *fiber.Ctx, what string, rate auth.Rate) *problem.Problem {
	ok, after := s.opt.Limiter.Allow(auth.LimitKey{Action: what + " " + networkOf(s.clientIP(c)).String()}, rate)
	if !ok {
		return problem.TooMany(after).WithReason("too many requests without a token from this network")
	}
	return nil
}

// networkOf is what counts as one caller: a customer gets a whole IPv6 /64.
func networkOf(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // fails for the zero Addr only; then all of these are one
	return p
}
