// Command guest is the code behind the plugins of the administration tests.
package main

import (
	"errors"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

func init() {
	patchbay.HandleAction("echo", func(t *patchbay.Task) (patchbay.Reply, error) { return patchbay.JSON(t.Params()), nil })
	patchbay.HandleAction("fetch", func(t *patchbay.Task) (patchbay.Reply, error) {
		p, err := t.Fetch(patchbay.Request{URL: t.Param("url")})
		if err != nil {
			return patchbay.Reply{}, err
		}
		return patchbay.JSON(patchbay.Value(p.Data)), nil
	})

	// An SMS aggregator that wants its password in the address.
	url, password := "", ""
	patchbay.OnConfigure(func(settings patchbay.Value) error {
		url, password = settings.Get("url").String(), settings.Get("password").String()
		return nil
	})
	patchbay.OnHealth(func(t *patchbay.Task) (patchbay.Reply, error) {
		if url == "" {
			return patchbay.Reply{}, nil
		}
		p, err := t.Fetch(patchbay.Request{URL: url + "/health?key=" + password})
		if err != nil {
			return patchbay.Reply{}, err
		}
		if p.Status != 200 {
			return patchbay.Reply{}, patchbay.Unavailable("the aggregator", errors.New("the key "+password+" is wrong"))
		}
		return patchbay.Reply{}, nil
	})
	patchbay.HandleOperation("sms.provider", "send", func(t *patchbay.Task) (patchbay.Reply, error) {
		p, err := t.Fetch(patchbay.Request{URL: url + "/send?key=" + password + "&to=" + t.Param("phone")})
		if err != nil {
			return patchbay.Reply{}, err
		}
		return patchbay.JSON(new(patchbay.Object).Str("message_id", string(p.Body)).Value()), nil
	})
}

func main() {}
