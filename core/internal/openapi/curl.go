package openapi

import "github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"

// Curl returns a ready command for each method of an action at an address, with the
// parameters of its first good example. The token is $TOKEN.
func Curl(address string, a *manifest.Action) []string { return curls(address, a) }
