package admin

import (
	"context"
	"net/http"

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

func (a *API) nodeSettings(c *call) (any, error) { return a.showNode(c, c.param("name")) }

func (a *API) showNode(c *call, name string) (any, error) {
	s, err := a.opt.Gateway.NodeSettings(name)
	if err != nil {
		return nil, err
	}
	c.etag(s.Version)
	return s, nil
}

func (a *API) createNode(c *call) (any, error) {
	version, err := c.version()
	if err != nil {
		return nil, err
	}
	var name string
	var given map[string]any
	if err := c.decode(fields{"name": str(&name), "settings": values(&given)}, "name", "settings"); err != nil {
		return nil, err
	}
	change, err := a.opt.Gateway.CreateNode(c.ctx, name, version, given)
	if err != nil {
		return nil, err
	}
	if err := a.audit(c, "node.create", name, change.Before, change.After); err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return a.showNode(c, name)
}

func (a *API) setNode(c *call) (any, error) {
	version, err := c.neededVersion()
	if err != nil {
		return nil, err
	}
	var given map[string]any
	if err := c.decode(fields{"values": values(&given)}, "values"); err != nil {
		return nil, err
	}
	name := c.param("name")
	change, err := a.opt.Gateway.SetNode(c.ctx, name, version, given)
	if err != nil {
		return nil, err
	}
	if err := a.audit(c, "node.settings", name, change.Before, change.After); err != nil {
		return nil, err
	}
	return a.showNode(c, name)
}

func (a *API) deleteNode(c *call) (any, error) {
	version, err := c.version()
	if err != nil {
		return nil, err
	}
	name := c.param("name")
	change, err := a.opt.Gateway.DeleteNode(c.ctx, name, version)
	if err != nil {
		return nil, err
	}
	return nil, a.audit(c, "node.delete", name, change.Before, change.After)
}
