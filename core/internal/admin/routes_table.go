package admin

import (
	"encoding/json"
	"net/http"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/trace"
)

const (
	get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete

	auditor, manager, administrator = auth.RoleAuditor, auth.RoleManager, auth.RoleAdministrator
)

// sessionRoutes concern the caller.
func sessionRoutes() []route {
	return []route{
		{post, "/login", everybody, true, false, (*API).login, doc{sum: "Sign in. 202 with second_factor asks to send the same again with a code.", body: "login:string! password:string! code:string", out: loginView{}}},
		{post, "/logout", auditor, true, false, (*API).logout, doc{sum: "End this session."}},
		{get, "/openapi.json", everybody, true, false, (*API).openapi, doc{sum: "This document.", out: json.RawMessage{}}},
		{get, "/me", auditor, true, false, (*API).me, doc{sum: "Who is signed in.", out: meView{}}},
		{post, "/me/password", auditor, true, false, (*API).changePassword, doc{sum: "Change the own password; all sessions end and a new one begins.", body: "old:string! new:string!", out: sessionView{}}},
		{post, "/me/tokens", auditor, false, false, (*API).ownToken, doc{sum: "Issue a token for the integrators' API to oneself, for ten minutes and with the own rights. It ends with the token that asks for it, and gets 403 from this API.", body: "label:string!", out: issuedView{}}},
		{del, "/me/tokens/:id", auditor, false, false, (*API).endOwnToken, doc{sum: "End one of the own tokens."}},
		{post, "/me/second-factor", auditor, true, false, (*API).beginSecond, doc{sum: "Begin to enrol a second factor; the secret is shown once.", body: "password:string!", out: enrolmentView{}}},
		{post, "/me/second-factor/confirm", auditor, true, false, (*API).confirmSecond, doc{sum: "Put the second factor into force with a first code; the recovery codes are shown once.", body: "code:string!", out: recoveryView{}}},
		{post, "/me/second-factor/recovery", auditor, true, false, (*API).renewRecovery, doc{sum: "Replace the recovery codes.", body: "code:string!", out: recoveryView{}}},
		{post, "/me/second-factor/disable", auditor, true, false, (*API).endSecond, doc{sum: "Remove the own second factor.", body: "code:string!"}},
	}
}

// usersRoutes are about users and their tokens.
func usersRoutes() []route {
	return []route{
		{get, "/users", auditor, false, false, (*API).users, doc{sum: "All users, deleted ones included.", out: usersAnswer{}}},
		{post, "/users", administrator, false, false, (*API).createUser, doc{sum: "Create a user; without a password one is made and shown once.", body: "login:string! password:string status:integer role:string rights:strings allowed_ips:strings limits:object note:string must_change:boolean", out: secretAnswer{}}},
		{get, "/users/:login", auditor, false, false, (*API).user, doc{sum: "One user.", out: userView{}}},
		{patch, "/users/:login", administrator, false, false, (*API).updateUser, doc{sum: "Change a user.", body: "status:integer role:string rights:strings allowed_ips:strings limits:object note:string must_change:boolean", out: userView{}}},
		{del, "/users/:login", administrator, false, false, (*API).deleteUser, doc{sum: "Delete a user for good; the login stays reserved.", out: userView{}}},
		{post, "/users/:login/password", administrator, false, false, (*API).setPassword, doc{sum: "Set a password; all sessions of the user end.", body: "password:string must_change:boolean", out: secretAnswer{}}},
		{get, "/users/:login/tokens", auditor, false, false, (*API).tokens, doc{sum: "Live tokens of a user with their last use.", out: tokensAnswer{}}},
		{post, "/users/:login/tokens", administrator, false, false, (*API).issueToken, doc{sum: "Issue a token; it is shown once.", body: "label:string lifetime_seconds:integer idle_seconds:integer", out: issuedView{}}},
		{del, "/users/:login/tokens", administrator, false, false, (*API).revokeTokens, doc{sum: "End all tokens of a user.", out: revokedView{}}},
		{del, "/users/:login/tokens/:id", administrator, false, false, (*API).revokeToken, doc{sum: "End one token."}},
		{get, "/users/:login/actions", auditor, false, true, (*API).abilities, doc{sum: "What a user can do, with a ready curl for each action.", out: abilitiesAnswer{}}},
		{get, "/rights/presets", auditor, false, true, (*API).presets, doc{sum: "Sets of rights to begin with.", out: presetsAnswer{}}},
		{get, "/rights", auditor, false, true, (*API).rights, doc{sum: "Every right that can be given.", out: rightsAnswer{}}},
		{del, "/users/:login/second-factor", administrator, false, false, (*API).resetSecond, doc{sum: "Take the second factor away from a user who has lost it."}},
	}
}

// instancesRoutes are about modules, provider instances and nodes.
func instancesRoutes() []route {
	return []route{
		{get, "/modules", auditor, false, true, (*API).modules, doc{sum: "All modules with their actions.", out: modulesAnswer{}}},
		{get, "/modules/:name", auditor, false, true, (*API).module, doc{sum: "One module.", out: ModuleView{}}},
		{put, "/modules/:name/enabled", manager, false, true, (*API).setModuleEnabled, doc{sum: "Switch a module on or off.", body: "enabled:boolean!", out: ModuleView{}}},
		{put, "/modules/:name/actions/:action", manager, false, true, (*API).setAction, doc{sum: "Switch an action on or off, or change its limit.", body: "enabled:boolean limit:string", out: ModuleView{}}},
		{get, "/modules/:name/settings", auditor, false, true, shown((*API).moduleForm), doc{sum: "Settings with their schema, secrets hidden.", out: Settings{}}},
		{put, "/modules/:name/settings", manager, false, true, replaced((*API).moduleForm), doc{sum: "Replace the settings; secrets that are left out stay.", body: "values:object!", out: Settings{}}},
		{get, "/providers", auditor, false, true, (*API).providers, doc{sum: "All provider instances.", out: providersAnswer{}}},
		{post, "/providers", manager, false, true, (*API).createProvider, doc{sum: "Create a provider instance.", body: "name:string! plugin:string! settings:object hosts:strings private:boolean granted:strings", out: ProviderView{}}},
		{get, "/providers/:name", auditor, false, true, (*API).provider, doc{sum: "One provider instance.", out: ProviderView{}}},
		{del, "/providers/:name", manager, false, true, removed("provider", Gateway.DeleteProvider), doc{sum: "Remove a provider instance that was made in the panel."}},
		{get, "/providers/:name/hook", administrator, false, true, (*API).hook, doc{sum: "The webhook of a provider instance, with its secret.", out: Hook{}}},
		{post, "/providers/:name/hook", administrator, false, true, (*API).rotateHook, doc{sum: "Give a webhook a new secret.", out: Hook{}}},
		{put, "/providers/:name/enabled", manager, false, true, (*API).setProviderEnabled, doc{sum: "Switch a provider instance on or off.", body: "enabled:boolean!", out: ProviderView{}}},
		{get, "/providers/:name/settings", auditor, false, true, shown((*API).providerForm), doc{sum: "Settings with their schema, secrets hidden.", out: Settings{}}},
		{put, "/providers/:name/settings", manager, false, true, replaced((*API).providerForm), doc{sum: "Replace the settings; secrets that are left out stay.", body: "values:object!", out: Settings{}}},
		{put, "/modules/:name/grant", manager, false, true, (*API).setModuleGrant, doc{sum: "Decide what a module may do.", body: "granted:strings! hosts:strings private:boolean", out: ModuleView{}}},
		{put, "/providers/:name/grant", manager, false, true, (*API).setProviderGrant, doc{sum: "Decide what a provider instance may do.", body: "granted:strings! hosts:strings private:boolean", out: ProviderView{}}},
		{get, "/nodes", auditor, false, true, (*API).nodes, doc{sum: "Health of the FreeSWITCH nodes, and the form of their settings.", out: nodesAnswer{}}},
		{post, "/nodes", manager, false, true, (*API).createNode, doc{sum: "Add a FreeSWITCH node.", body: "name:string! settings:object!", out: Settings{}}},
		{get, "/nodes/:name/settings", auditor, false, true, shown((*API).nodeForm), doc{sum: "Settings of a FreeSWITCH node with their schema, secrets hidden.", out: Settings{}}},
		{put, "/nodes/:name/settings", manager, false, true, replaced((*API).nodeForm), doc{sum: "Replace the settings of a node that was made in the panel; secrets that are left out stay while the address does.", body: "values:object!", out: Settings{}}},
		{del, "/nodes/:name", manager, false, true, removed("node", Gateway.DeleteNode), doc{sum: "Remove a FreeSWITCH node that was made in the panel."}},
	}
}

// pluginsRoutes are about plugin files.
func pluginsRoutes() []route {
	return []route{
		{get, "/plugins", auditor, false, true, (*API).plugins, doc{sum: "The catalogue of plugins.", out: Plugins{}}},
		{post, "/plugins", administrator, false, true, (*API).upload, doc{sum: "Upload a plugin file: application/wasm, or a form with the parts file and signature.", body: "*", out: Uploaded{}}},
		{get, "/plugins/:id", auditor, false, true, (*API).plugin, doc{sum: "One plugin with its versions and crashes.", out: PluginDetail{}}},
		{get, "/plugins/:id/difference", auditor, false, true, (*API).difference, doc{sum: "What changes from one version to another.", query: "from:string to:string", out: Difference{}}},
		{post, "/plugins/:id/upgrade", manager, false, true, (*API).upgrade, doc{sum: "Bring a version into force; 202 when it waits for consent.", body: "sha256:string follow:boolean", out: upgradeAnswer{}}},
		{post, "/plugins/:id/consent", administrator, false, true, (*API).consent, doc{sum: "Grant what a version asks for.", body: "sha256:string! granted:strings! instances:strings hosts:strings private:boolean", out: upgradeAnswer{}}},
		{post, "/plugins/:id/rollback", manager, false, true, (*API).rollback, doc{sum: "Bring back the version that was in force before, or a named one.", body: "sha256:string follow:boolean", out: upgradeAnswer{}}},
		{del, "/plugins/:id/versions/:sha256", administrator, false, true, (*API).deleteVersion, doc{sum: "Remove a version that nobody uses."}},
	}
}

// documentsRoutes are about the configuration as a whole and its changes.
func documentsRoutes() []route {
	return []route{
		{get, "/modules/:name/document", auditor, false, true, (*API).moduleDocument, doc{sum: "What is in force for a module, as HCL and as JSON.", out: documentView{}}},
		{post, "/modules/:name/document/plan", auditor, false, true, (*API).planModule, doc{sum: "What a document would change.", body: "hcl:string json:object", out: planView{}}},
		{put, "/modules/:name/document", manager, false, true, (*API).applyModule, doc{sum: "Bring a document into force.", body: "hcl:string json:object", out: planView{}}},
		{get, "/providers/:name/document", auditor, false, true, (*API).providerDocument, doc{sum: "What is in force for a provider instance, as HCL and as JSON.", out: documentView{}}},
		{post, "/providers/:name/document/plan", auditor, false, true, (*API).planProvider, doc{sum: "What a document would change.", body: "hcl:string json:object", out: planView{}}},
		{put, "/providers/:name/document", manager, false, true, (*API).applyProvider, doc{sum: "Bring a document into force.", body: "hcl:string json:object", out: planView{}}},
		{get, "/export", auditor, false, true, (*API).export, doc{sum: "Modules, provider instances, FreeSWITCH nodes and guards as they are in force, as HCL and as JSON; users=true: with the users, but not what they sign in with.", query: "users:boolean", out: documentView{}}},
		{post, "/import/plan", manager, false, true, (*API).planImport, doc{sum: "What a document would change.", body: "hcl:string json:object prune:boolean", out: planView{}}},
		{post, "/import", administrator, false, true, (*API).applyImport, doc{sum: "Bring a document into force as one change.", body: "hcl:string json:object prune:boolean", out: planView{}}},
		{get, "/changes", auditor, false, true, (*API).changes, doc{sum: "Administrative changes, and which of them can be taken back.", query: "from:string to:string user:string text:string cursor:string limit:integer order:string action:string", out: page[changeRow]{}}},
		{post, "/changes/:id/restore", manager, false, true, (*API).restore, doc{sum: "Take one change back.", body: "time:string!", out: restoredView{}}},
	}
}

// deskRoutes show what happens and try things out.
func deskRoutes() []route {
	return []route{
		{get, "/overview", auditor, false, true, (*API).overview, doc{sum: "The first page: figures, states, and what needs attention.", out: Overview{}}},
		{get, "/history", auditor, false, true, (*API).history, doc{sum: "Figures of the last hour (step=10s) or week (step=5m).", query: "step:string from:string to:string module:string", out: History{}}},
		{get, "/live", auditor, false, true, (*API).live, doc{sum: "Server-sent events: pulse every second, states when one changes.", out: stream{}}},
		{get, "/modules/:name/callers", auditor, false, true, (*API).callers, doc{sum: "Who called a module in the last seven days.", query: "action:string", out: Callers{}}},
		{post, "/providers/test", manager, false, true, (*API).testProvider, doc{sum: "Try a provider instance out before it is saved.", body: "plugin:string! name:string settings:object hosts:strings private:boolean", out: TestReport{}}},
		{post, "/providers/:name/send-test", manager, false, true, (*API).sendTest, doc{sum: "Send one real SMS; the guard of messages counts it, and may refuse it.", body: "phone:string! message:string! originator:string", out: TestReport{}}},
		{post, "/providers/send-test", manager, false, true, (*API).sendTestUnsaved, doc{sum: "Send one real SMS with settings that are not saved; the guard of messages counts it, and may refuse it.", body: "plugin:string! phone:string! message:string! originator:string name:string settings:object hosts:strings private:boolean", out: TestReport{}}},
		{post, "/nodes/test", manager, false, true, (*API).testNode, doc{sum: "Connect to a FreeSWITCH once.", body: "name:string address:string user:string password:string", out: TestReport{}}},
		{post, "/tools/curl", manager, false, false, (*API).importCurl, doc{sum: "Turn a curl command into settings of sms-http.", body: "text:string! phone:string message:string originator:string", out: curlView{}}},
		{get, "/traces", auditor, false, true, (*API).notable, doc{sum: "The last slow and failed requests.", out: tracesAnswer{}}},
		{get, "/traces/:id", auditor, false, true, (*API).trace, doc{sum: "What one of the last requests did.", out: trace.Trace{}}},
		{get, "/log", auditor, false, true, (*API).log, doc{sum: "The last entries of the log, of one instance or of the gateway itself.", query: "instance:string after:integer", out: logView{}}},
		{get, "/log/live", auditor, false, true, (*API).logLive, doc{sum: "Server-sent events: log with what is kept and what comes.", query: "instance:string after:integer", out: stream{}}},
	}
}

// journalRoutes read the journal.
func journalRoutes() []route {
	return []route{
		{get, "/journal/requests", auditor, false, false, (*API).journalRequests, doc{sum: "Requests of integrators.", query: "from:string to:string user:string text:string cursor:string limit:integer order:string module:string action:string bad:boolean", out: page[requestRow]{}}},
		{get, "/journal/sms", auditor, false, false, (*API).journalSMS, doc{sum: "SMS with their outcomes.", query: "from:string to:string user:string text:string cursor:string limit:integer order:string bad:boolean", out: page[smsRow]{}}},
		{get, "/journal/calls", auditor, false, false, (*API).journalCalls, doc{sum: "Calls with their outcomes.", query: "from:string to:string user:string text:string cursor:string limit:integer order:string bad:boolean", out: page[callRow]{}}},
		{post, "/exports", auditor, false, true, (*API).createExport, doc{sum: "Begin a file of journal records; it is made in the background.", body: "kind:string! format:string! from:string to:string tz:string user:string module:string action:string text:string bad:boolean", out: exportView{}}},
		{get, "/exports", auditor, false, true, (*API).listExports, doc{sum: "The own exports.", out: exportsAnswer{}}},
		{get, "/exports/:id", auditor, false, true, (*API).showExport, doc{sum: "How far an export is.", out: exportView{}}},
		{get, "/exports/:id/file", auditor, false, true, (*API).exportFile, doc{sum: "The file of an export that is done.", out: download(nil)}},
		{del, "/exports/:id", auditor, false, true, (*API).deleteExport, doc{sum: "Stop an export, or delete its file."}},
		{post, "/journal/:kind/:id/reveal", manager, false, false, (*API).reveal, doc{sum: "One record with its numbers as the journal keeps them; audited. kind is requests, sms or calls.", body: "time:string!", out: revealedView{}}},
		{post, "/journal/erase", administrator, false, false, (*API).erase, doc{sum: "Forget a telephone number: delete its SMS, calls and call records, and take it out of all other records; audited with the number shortened. dry_run only counts.", body: "phone:string! dry_run:boolean", out: Erasure{}}},
		{get, "/journal/audit", auditor, false, false, (*API).journalAudit, doc{sum: "Administrative changes.", query: "from:string to:string user:string text:string cursor:string limit:integer order:string action:string", out: page[auditRow]{}}},
	}
}
