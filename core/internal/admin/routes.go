package admin

import (
	"slices"

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
	serve   handlerFunc
	doc     doc
}

// routes is everything that the API does, in the order in which paths are tried:
// what is routed, who may, and what the OpenAPI document says about it.
func routes() []route {
	return slices.Concat(sessionRoutes(), usersRoutes(), deskRoutes(), documentsRoutes(), instancesRoutes(), pluginsRoutes(), guardRoutes(), journalRoutes())
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
