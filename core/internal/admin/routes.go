package admin

import (
	"net/http"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

// everybody opens a route to callers without a token.
const everybody auth.Role = ""

// route is one row of the table of what there is and who may.
type route struct {
	method, path string
	// least is the lowest role that may call it.
	least auth.Role
	// own routes concern the caller's own session; they stay open while the
	// password must be changed.
	own bool
	// gateway routes need a running gateway.
	gateway bool
	serve   func(*API, *call) (any, error)
}

// routes is the right check of the whole API.
func routes() []route {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
		auditor, manager, admin    = auth.RoleAuditor, auth.RoleManager, auth.RoleAdministrator
	)
	return append(panelRoutes(), []route{
		{post, "/login", everybody, true, false, (*API).login},
		{post, "/logout", auditor, true, false, (*API).logout},
		{get, "/me", auditor, true, false, (*API).me},
		{post, "/me/password", auditor, true, false, (*API).changePassword},

		{get, "/users", auditor, false, false, (*API).users},
		{post, "/users", admin, false, false, (*API).createUser},
		{get, "/users/:login", auditor, false, false, (*API).user},
		{patch, "/users/:login", admin, false, false, (*API).updateUser},
		{del, "/users/:login", admin, false, false, (*API).deleteUser},
		{post, "/users/:login/password", admin, false, false, (*API).setPassword},
		{get, "/users/:login/tokens", auditor, false, false, (*API).tokens},
		{post, "/users/:login/tokens", admin, false, false, (*API).issueToken},
		{del, "/users/:login/tokens", admin, false, false, (*API).revokeTokens},
		{del, "/users/:login/tokens/:id", admin, false, false, (*API).revokeToken},
		{get, "/rights", auditor, false, true, (*API).rights},

		{get, "/modules", auditor, false, true, (*API).modules},
		{get, "/modules/:name", auditor, false, true, (*API).module},
		{put, "/modules/:name/enabled", manager, false, true, (*API).setModuleEnabled},
		{put, "/modules/:name/actions/:action", manager, false, true, (*API).setAction},
		{get, "/modules/:name/settings", auditor, false, true, (*API).moduleSettings},
		{put, "/modules/:name/settings", manager, false, true, (*API).setModuleSettings},

		{get, "/providers", auditor, false, true, (*API).providers},
		{post, "/providers", manager, false, true, (*API).createProvider},
		{get, "/providers/:name", auditor, false, true, (*API).provider},
		{del, "/providers/:name", manager, false, true, (*API).deleteProvider},
		{get, "/providers/:name/hook", admin, false, true, (*API).hook},
		{post, "/providers/:name/hook", admin, false, true, (*API).rotateHook},
		{put, "/providers/:name/enabled", manager, false, true, (*API).setProviderEnabled},
		{get, "/providers/:name/settings", auditor, false, true, (*API).providerSettings},
		{put, "/providers/:name/settings", manager, false, true, (*API).setProviderSettings},

		{put, "/modules/:name/grant", manager, false, true, (*API).setModuleGrant},
		{put, "/providers/:name/grant", manager, false, true, (*API).setProviderGrant},

		{get, "/plugins", auditor, false, true, (*API).plugins},
		{post, "/plugins", admin, false, true, (*API).upload},
		{get, "/plugins/:id", auditor, false, true, (*API).plugin},
		{get, "/plugins/:id/difference", auditor, false, true, (*API).difference},
		{post, "/plugins/:id/upgrade", manager, false, true, (*API).upgrade},
		{post, "/plugins/:id/consent", admin, false, true, (*API).consent},
		{post, "/plugins/:id/rollback", manager, false, true, (*API).rollback},
		{del, "/plugins/:id/versions/:sha256", admin, false, true, (*API).deleteVersion},
		{get, "/nodes", auditor, false, true, (*API).nodes},

		{get, "/journal/requests", auditor, false, false, (*API).journalRequests},
		{get, "/journal/sms", auditor, false, false, (*API).journalSMS},
		{get, "/journal/calls", auditor, false, false, (*API).journalCalls},
		{get, "/journal/audit", auditor, false, false, (*API).journalAudit},
	}...)
}

// ranks orders the roles by what they may do here; an integrator may do nothing.
var ranks = map[auth.Role]int{auth.RoleAuditor: 1, auth.RoleManager: 2, auth.RoleAdministrator: 3}

// covers reports whether a role may do what needs least.
func covers(role, least auth.Role) bool { return ranks[role] >= ranks[least] && ranks[role] > 0 }

// Access is one row of the right check: who may call what. Role is the lowest
// role that may, "" when no token is needed.
type Access struct {
	Method, Path string
	Role         auth.Role
}

// Table returns the right check of the whole API, paths below [Prefix].
func Table() []Access {
	all := routes()
	out := make([]Access, len(all))
	for i, r := range all {
		out[i] = Access{r.method, r.path, r.least}
	}
	return out
}
