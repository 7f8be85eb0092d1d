package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/guard"
	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
)

// TestWebhookIsNotTold: the address of a webhook often is its key, so no error, which
// the log gets, holds it.
func TestWebhookIsNotTold(t *testing.T) {
	const secret = "s3cret-path"
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/"+secret {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(broken.Close)
	pool, err := httpcall.NewPool(httpcall.PoolOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	a := &App{log: hclog.NewNullLogger(), http: pool}
	for name, hook := range map[string]guard.Webhook{
		"status":          {URL: broken.URL + "/" + secret, Private: true},
		"aborted":         {URL: broken.URL + "/x/" + secret + "?token=" + secret, Private: true},
		"private address": {URL: broken.URL + "/" + secret},
		"nobody listens":  {URL: "http://127.0.0.1:1/" + secret, Private: true},
		"no such host":    {URL: "http://no-such-host.invalid/" + secret, Private: true},
		"no address":      {URL: "http://127.0.0.1:x/" + secret, Private: true},
		"with a password": {URL: "http://user:" + secret + "@127.0.0.1:1/", Private: true},
	} {
		err := a.postAlarm(t.Context(), hook, []byte("{}"))
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
