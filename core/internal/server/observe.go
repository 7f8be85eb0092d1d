package server

import (
	"net/netip"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// Observed is a request of an integrator that is over, for the figures and traces
// of the panel.
type Observed struct {
	RequestID string
	// Module and Action are those of the route, "" when there is none.
	Module, Action string
	// User is "" when nobody proved who they are.
	User   string
	IP     netip.Addr
	Status int
	// Denied means that the caller had no right, or that the action is off.
	Denied bool
	// Reason is why it was refused, as the journal has it.
	Reason, ErrorID string
	Began           time.Time
	// Checked is the time from the beginning to the plugin, Ran the time in the
	// plugin with what it waited for, Took the whole, the journal included.
	Checked, Ran, Took time.Duration
}

// observe tells who wants to know; it must not block.
func (s *Server) observe(v *visit, status int, refusal *problem.Problem, took time.Duration) {
	if s.opt.Observe == nil {
		return
	}
	o := Observed{RequestID: v.requestID, IP: v.ip, Status: status, Began: v.began, Took: took, Checked: v.checked, Ran: v.ran}
	if v.route != nil {
		o.Module, o.Action = v.route.Module, v.route.Name
	}
	if v.user != nil {
		o.User = v.user.Login
		o.Denied = v.permit() != nil
	}
	if refusal != nil {
		o.Reason, o.ErrorID = refusal.Reason, refusal.ID
	}
	s.opt.Observe(o)
}
