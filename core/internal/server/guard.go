package server

import (
	"context"

	"github.com/patchbay-gw/patchbay/core/internal/guard"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Guard decides about actions that cost money; see [guard.Guard].
type Guard interface {
	Reserve(a guard.Ask) (*guard.Ticket, *problem.Problem)
}

var _ Guard = (*guard.Guard)(nil)

// guard asks whether an action that costs money may run, before the plugin gets it.
// The context carries the ticket to the host operations; the ticket has to be
// closed when the plugin is done.
func (s *Server) guard(ctx context.Context, v *visit) (context.Context, *guard.Ticket, *problem.Problem) {
	spends := v.route.Action.Spends
	if spends == nil || s.opt.Guard == nil {
		return ctx, nil, nil
	}
	a := guard.Ask{Kind: guard.Kind(spends.Kind), User: v.user.Login, Units: 1}
	if n := v.params.Derived.Get(spends.Destination); n.Exists() {
		a.Number = guard.Number{E164: n.Get("e164").String(), Region: word(n.Get("region")), Type: word(n.Get("type"))}
	}
	if a.Number.E164 == "" || a.Kind == guard.Call {
		a.Text = v.params.Params.Get(spends.Destination).String()
	}
	if spends.Text != "" {
		a.Units = guard.Segments(v.params.Params.Get(spends.Text).String())
	}
	t, refusal := s.opt.Guard.Reserve(a)
	if refusal != nil || t == nil {
		return ctx, nil, refusal
	}
	return guard.With(ctx, t), t, nil
}

// words are values of derived parameters that come again and again.
var words = func() map[string]string {
	all := map[string]string{}
	for _, w := range []string{"RU", "KZ", "BY", "mobile", "fixed_line", "fixed_line_or_mobile", "toll_free", "premium_rate", "shared_cost", "voip"} {
		all[w] = w
	}
	return all
}()

// word is v.String without an allocation for the usual ones.
func word(v abi.Value) string {
	if w, known := words[string(v.Bytes())]; known {
		return w
	}
	return v.String()
}
