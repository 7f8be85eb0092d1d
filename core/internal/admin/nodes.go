package admin

import (
	"context"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// NodeChanges change the FreeSWITCH nodes that were made in the panel; those of the
// configuration file stand there. Errors are those of [Changes].
type NodeChanges interface {
	// NodeForm describes the settings of a node.
	NodeForm() *schema.Schema
	// NodeSettings are the settings of a node, secrets hidden; those of a node of the
	// file are all locked.
	NodeSettings(name string) (Settings, error)
	CreateNode(ctx context.Context, name string, version uint64, values map[string]any) (Change, error)
	SetNode(ctx context.Context, name string, version uint64, values map[string]any) (Change, error)
	DeleteNode(ctx context.Context, name string, version uint64) (Change, error)
}

type nodesAnswer struct {
	Nodes []Node `json:"nodes"`
	// Form is the schema of a node's settings.
	Form *schema.Schema `json:"form"`
}

func (a *API) nodes(*call) (any, error) {
	return nodesAnswer{a.opt.Gateway.Nodes(), a.opt.Gateway.NodeForm()}, nil
}

func (a *API) createNode(c *call) (any, error) {
	var name string
	var given map[string]any
	if err := c.decode(fields{"name": str(&name), "settings": values(&given)}, "name", "settings"); err != nil {
		return nil, err
	}
	return a.created(c, "node", name,
		func(version uint64) (Change, error) { return a.opt.Gateway.CreateNode(c.ctx, name, version, given) },
		func() (any, error) { return a.formOfNode(name).answer(c) })
}
