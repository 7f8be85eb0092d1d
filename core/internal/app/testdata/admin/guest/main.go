// Command guest is the code behind the plugins of the administration tests.
package main

import "github.com/patchbay-gw/patchbay/sdk-plugin/go"

func init() {
	patchbay.HandleAction("echo", func(t *patchbay.Task) (patchbay.Reply, error) { return patchbay.JSON(t.Params()), nil })
	patchbay.HandleAction("fetch", func(t *patchbay.Task) (patchbay.Reply, error) {
		p, err := t.Fetch(patchbay.Request{URL: t.Param("url")})
		if err != nil {
			return patchbay.Reply{}, err
		}
		return patchbay.JSON(patchbay.Value(p.Data)), nil
	})
}

func main() {}
