package server

import (
	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// Rates of one network from which somebody calls who has not proved who it is.
var (
	// deliveryRate is far above what an aggregator or a FreeSWITCH node delivers and
	// keeps anybody else from guessing fast.
	deliveryRate = auth.Rate{PerSecond: 500, Burst: 1000}
	// strangerRate is how many requests without a valid token are written into the
	// journal: nobody may fill the disk with them. An integrator whose token has ended
	// sends thousands until it notices, and these are worth having.
	strangerRate = auth.Rate{PerSecond: 10, Burst: 20_000}
	// toldRate is how often the log says so.
	toldRate = auth.Rate{PerSecond: 0.1, Burst: 1}
)

// strange counts a request of a caller who is not known, and refuses it when there
// are too many of its network; what names the counter.
func (s *Server) strange(c *fiber.Ctx, what string, rate auth.Rate) *problem.Problem {
	ok, after := s.opt.Limiter.Allow(auth.LimitKey{Action: what + " " + auth.NetworkOf(s.clientIP(c)).String()}, rate)
	if !ok {
		return problem.TooMany(after)
	}
	return nil
}

// tooManyStrangers counts a request of a caller who is not known and reports whether it
// is not to be recorded. Its answer is the same: an integrator whose token has ended
// may have many requests under way, and has to read that in each.
func (s *Server) tooManyStrangers(c *fiber.Ctx) bool {
	if s.strange(c, "stranger", strangerRate) == nil {
		return false
	}
	if ok, _ := s.opt.Limiter.Allow(auth.LimitKey{Action: "strangers told"}, toldRate); ok {
		s.opt.Log.Warn("there are too many requests without a valid token to record each", "network", auth.NetworkOf(s.clientIP(c)))
	}
	return true
}
