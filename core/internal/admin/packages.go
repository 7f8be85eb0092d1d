package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/minisig"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// MaxUpload bounds the body of an upload, in bytes: a plugin file, its signature
// and the frame around them.
const MaxUpload = plugin.MaxSize + minisig.MaxSize + 64<<10

// UploadPath is the only route that takes large bodies, below [Prefix].
const UploadPath = "/plugins"

func (a *API) plugins(c *call) (any, error) {
	all := a.opt.Gateway.Plugins()
	c.etag(all.Version)
	return all, nil
}

func (a *API) plugin(c *call) (any, error) {
	detail, err := a.opt.Gateway.Plugin(c.param("id"))
	if err != nil {
		return nil, err
	}
	c.etag(detail.State)
	return detail, nil
}

func (a *API) difference(c *call) (any, error) {
	to := c.fiber.Query("to")
	if to == "" {
		return nil, Reject("to", Violation{Pointer: "/to", Message: "is required"})
	}
	return a.opt.Gateway.Difference(c.param("id"), strings.Clone(c.fiber.Query("from")), strings.Clone(to))
}

// upload takes a plugin file as the body, or as the part "file" of a form with
// its signature as the part "signature".
func (a *API) upload(c *call) (any, error) {
	code, signature, err := readUpload(c.fiber.Get("Content-Type"), c.fiber.Request().Body())
	if err != nil {
		return nil, err
	}
	up, err := a.opt.Gateway.Upload(c.ctx, code, signature, c.login())
	if err != nil {
		return nil, err
	}
	if err := a.audit(c, "plugin.upload", up.ID, up.Change.Before, up.Change.After); err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return up, nil
}

// readUpload returns the parts of an upload; they lie in body.
func readUpload(contentType string, body []byte) (code, signature []byte, err error) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, nil, problem.UnsupportedType()
	}
	switch media {
	case "application/wasm", "application/octet-stream":
		code = body
	case "multipart/form-data":
		if code, signature, err = readForm(multipart.NewReader(bytes.NewReader(body), params["boundary"])); err != nil {
			return nil, nil, err
		}
	default:
		return nil, nil, problem.UnsupportedType()
	}
	switch {
	case len(code) == 0:
		return nil, nil, Reject("file", Violation{Pointer: "/file", Message: "there is no plugin file"})
	case len(code) > plugin.MaxSize:
		return nil, nil, problem.TooLarge()
	}
	return code, signature, nil
}

// readForm reads the parts of a form. Unknown and repeated ones are refused.
func readForm(form *multipart.Reader) (code, signature []byte, err error) {
	bad := func(name, message string) error {
		return Reject(name, Violation{Pointer: "/" + name, Message: message})
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return code, signature, nil
		}
		if err != nil {
			return nil, nil, bad("body", "is no well-formed multipart/form-data: "+err.Error())
		}
		name := part.FormName()
		to, limit := &code, plugin.MaxSize
		switch name {
		case "file":
		case "signature":
			to, limit = &signature, minisig.MaxSize
		default:
			return nil, nil, bad("body", fmt.Sprintf("there is no such field: %q", name))
		}
		if *to != nil {
			return nil, nil, bad(name, "is there twice")
		}
		if *to, err = io.ReadAll(io.LimitReader(part, int64(limit)+1)); err != nil {
			return nil, nil, bad(name, "cannot be read: "+err.Error())
		}
		if len(*to) > limit {
			return nil, nil, problem.TooLarge()
		}
	}
}

// upgradeAnswer is the plugin as it is now; waiting is there when consent is.
type upgradeAnswer struct {
	PluginDetail
	Lacks []string `json:"lacks,omitempty"`
}

func (a *API) upgrade(c *call) (any, error) {
	return a.switchVersion(c, "plugin.upgrade", a.opt.Gateway.Upgrade)
}

func (a *API) rollback(c *call) (any, error) {
	return a.switchVersion(c, "plugin.rollback", a.opt.Gateway.Rollback)
}

type switcher func(ctx context.Context, id string, version uint64, u Upgrade) (Upgraded, error)

func (a *API) switchVersion(c *call, action string, do switcher) (any, error) {
	version, err := c.version()
	if err != nil {
		return nil, err
	}
	u := Upgrade{By: c.login()}
	if err := c.decode(fields{"sha256": str(&u.SHA256), "follow": boolean(&u.Follow)}); err != nil {
		return nil, err
	}
	id := c.param("id")
	done, err := do(c.ctx, id, version, u)
	if err != nil {
		return nil, err
	}
	return a.upgraded(c, action, id, done)
}

func (a *API) upgraded(c *call, action, id string, done Upgraded) (any, error) {
	if len(done.Waiting) > 0 {
		action, c.status = "plugin.wait", http.StatusAccepted
	}
	if err := a.audit(c, action, id, done.Change.Before, done.Change.After); err != nil {
		return nil, err
	}
	detail, err := a.opt.Gateway.Plugin(id)
	if err != nil {
		return nil, err
	}
	c.etag(detail.State)
	return upgradeAnswer{detail, done.Waiting}, nil
}

func (a *API) consent(c *call) (any, error) {
	version, err := c.version()
	if err != nil {
		return nil, err
	}
	consent := Consent{By: c.login()}
	err = c.decode(fields{
		"sha256": str(&consent.SHA256), "instances": each(&consent.Instances, str),
		"granted": each(&consent.Granted, str), "hosts": each(&consent.Hosts, str), "private": boolean(&consent.Private),
	}, "sha256", "granted")
	if err != nil {
		return nil, err
	}
	id := c.param("id")
	done, err := a.opt.Gateway.Consent(c.ctx, id, version, consent)
	if err != nil {
		return nil, err
	}
	return a.upgraded(c, "plugin.consent", id, done)
}

func (a *API) deleteVersion(c *call) (any, error) {
	id := c.param("id")
	change, err := a.opt.Gateway.DeleteVersion(c.ctx, id, c.param("sha256"))
	if err != nil {
		return nil, err
	}
	return nil, a.audit(c, "plugin.delete", id, change.Before, change.After)
}

// login is who calls.
func (c *call) login() string {
	if c.who == nil {
		return ""
	}
	return c.who.Login
}
