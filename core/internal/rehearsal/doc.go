// Package rehearsal plays a plugin's case files on the engine that serves
// production: the plugin is compiled, metered, limited and granted as in the
// gateway, and its HTTP requests go through the gateway's own client over a real
// connection, which ends in the canned answers of the case instead of the
// internet. A case is a file, so a test needs no host code and works for plugins
// in every language.
//
// [Load] reads case files, [Open] prepares a plugin, [Stage.Play] plays one case.
package rehearsal
