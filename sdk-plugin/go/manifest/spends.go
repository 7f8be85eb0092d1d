package manifest

import (
	"slices"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// Values of [Spends.Kind].
const (
	SpendsCall    = "call"
	SpendsMessage = "message"
)

// Spends says what one run of an action costs somebody, so that the gateway guards
// it against fraud before the plugin gets the request.
type Spends struct {
	Kind string `json:"kind"` // call, message
	// Destination is the parameter with the telephone number: a required one of the
	// format phone or dial.
	Destination string `json:"destination"`
	// Text is the parameter with the text of a message; its parts are what is paid
	// for. "" means one part.
	Text string `json:"text,omitempty"`
}

func (d *decoder) spends(n *node, a *Action) {
	s := &Spends{}
	if d.object(n, fields{
		"kind":        d.str(&s.Kind, d.oneOf(SpendsCall, SpendsMessage)),
		"destination": d.str(&s.Destination),
		"text":        d.str(&s.Text),
	}, "kind", "destination") {
		a.Spends = s
	}
}

// wholeSpends checks the parameters that "spends" names.
func (d *decoder) wholeSpends(n *node, a *Action) {
	if n == nil || a.Spends == nil {
		return
	}
	if a.Safe {
		d.fault(n, `remove "safe"`, "an action that costs something is not safe")
	}
	if at := n.Get("destination"); at != nil {
		p := a.Params.Property(a.Spends.Destination)
		if p == nil || p.Type != schema.String || p.Format != schema.Phone && p.Format != schema.Dial || !slices.Contains(a.Params.Required, a.Spends.Destination) {
			d.fault(at, "name a required parameter of the format phone or dial", "%q holds no destination", a.Spends.Destination)
		}
	}
	if at := n.Get("text"); at != nil {
		if p := a.Params.Property(a.Spends.Text); p == nil || p.Type != schema.String || a.Spends.Kind != SpendsMessage {
			d.fault(at, "name the parameter with the text of the message", "%q holds no text of a message", a.Spends.Text)
		}
	}
}
