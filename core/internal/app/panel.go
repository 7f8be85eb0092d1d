package app

import (
	"net/http"

	"github.com/patchbay-gw/patchbay/core/internal/server"
	"github.com/patchbay-gw/patchbay/ui"
)

// servePanel returns the panel that is embedded in this binary, or the page that
// says how to build it.
func (a *App) servePanel() (http.Handler, error) {
	files, err := ui.Files()
	if err != nil {
		return nil, err
	}
	h, err := ui.NewHandler(a.config().Gateway.BasePath+server.PanelPath, files)
	if err != nil {
		return nil, err
	}
	if !h.Built() {
		a.log.Warn("this binary has no panel; `make build` makes one that has")
	}
	return h, nil
}
