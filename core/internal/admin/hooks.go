package admin

// Hooks are the webhooks of provider instances. Their secrets are shown to
// administrators only and stand in no record.
//
// # Errors
//
// [*problem.Problem] for an instance that there is not.
type Hooks interface {
	Hook(name string) (Hook, error)
	// RotateHook gives a webhook a new secret; the old one ends at once.
	RotateHook(name string) error
}

// Hook is the webhook of a provider instance.
type Hook struct {
	// URL is the address for the aggregator, "" while public_url is not configured.
	URL string `json:"url"`
	// Path is the same without the gateway's public address.
	Path string `json:"path"`
	// Receipts is false when the plugin does not read receipts: then nothing answers
	// there.
	Receipts bool `json:"receipts"`
}

func (a *API) hook(c *call) (any, error) {
	h, err := a.opt.Gateway.Hook(c.param("name"))
	if err != nil {
		return nil, err
	}
	return h, nil
}

func (a *API) rotateHook(c *call) (any, error) {
	name := c.param("name")
	if err := a.opt.Gateway.RotateHook(name); err != nil {
		return nil, err
	}
	if err := a.audit(c, "provider.hook.rotate", name, nil, nil); err != nil {
		return nil, err
	}
	return a.hook(c)
}
