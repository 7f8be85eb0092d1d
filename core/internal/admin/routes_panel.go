package admin

import (
	"net/http"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

// panelRoutes are what the panel needs beyond managing modules, providers and
// users.
func panelRoutes() []route {
	const (
		get, post, put, del     = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
		auditor, manager, admin = auth.RoleAuditor, auth.RoleManager, auth.RoleAdministrator
	)
	return []route{
		{post, "/me/second-factor", auditor, true, false, (*API).beginSecond},
		{post, "/me/second-factor/confirm", auditor, true, false, (*API).confirmSecond},
		{post, "/me/second-factor/recovery", auditor, true, false, (*API).renewRecovery},
		{post, "/me/second-factor/disable", auditor, true, false, (*API).endSecond},
		{del, "/users/:login/second-factor", admin, false, false, (*API).resetSecond},

		{get, "/overview", auditor, false, true, (*API).overview},
		{get, "/history", auditor, false, true, (*API).history},
		{get, "/live", auditor, false, true, (*API).live},
		{get, "/modules/:name/callers", auditor, false, true, (*API).callers},

		{get, "/modules/:name/document", auditor, false, true, (*API).moduleDocument},
		{post, "/modules/:name/document/plan", auditor, false, true, (*API).planModule},
		{put, "/modules/:name/document", manager, false, true, (*API).applyModule},
		{get, "/providers/:name/document", auditor, false, true, (*API).providerDocument},
		{post, "/providers/:name/document/plan", auditor, false, true, (*API).planProvider},
		{put, "/providers/:name/document", manager, false, true, (*API).applyProvider},
		{get, "/export", auditor, false, true, (*API).export},
		{post, "/import/plan", manager, false, true, (*API).planImport},
		{post, "/import", admin, false, true, (*API).applyImport},

		{get, "/log", auditor, false, true, (*API).log},
		{get, "/log/live", auditor, false, true, (*API).logLive},

		{get, "/changes", auditor, false, true, (*API).changes},
		{post, "/changes/:id/restore", manager, false, true, (*API).restore},
	}
}
