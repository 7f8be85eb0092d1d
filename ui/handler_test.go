package ui_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/patchbay-gw/patchbay/ui"
)

var files = fstest.MapFS{
	"index.html":         {Data: []byte(`<base href="__BASE__"><meta content="__NONCE__"><script src="./assets/a-1.js"></script>`)},
	"assets/a-1.js":      {Data: []byte("plain")},
	"assets/a-1.js.gz":   {Data: []byte("gzipped")},
	"assets/a-1.js.br":   {Data: []byte("brotli")},
	"assets/f-2.woff2":   {Data: []byte("font")},
	"assets/secret.html": {Data: []byte("no kind that is served")},
	"favicon.svg":        {Data: []byte("<svg/>")},
}

func get(t *testing.T, h http.Handler, method, path string, headers ...string) *http.Response {
	t.Helper()
	q := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, q)
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func handler(t *testing.T, mount string) *ui.Handler {
	t.Helper()
	h, err := ui.NewHandler(mount, files)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestPageFindsItsBaseFromAnyDepth(t *testing.T) {
	h := handler(t, "/gateway/admin")
	for path, base := range map[string]string{
		"/gateway/admin/":                     "./",
		"/gateway/admin/modules":              "./",
		"/gateway/admin/modules/sms":          "../",
		"/gateway/admin/modules/sms?tab=raw":  "../",
		"/gateway/admin/users/a%2Fb":          "../",
		"/gateway/admin/no/such/page/at/all/": "../../../../../",
	} {
		r := get(t, h, http.MethodGet, path)
		if body := text(t, r); r.StatusCode != http.StatusOK || !strings.Contains(body, `<base href="`+base+`">`) {
			t.Errorf("%s: %d %s, want base %s", path, r.StatusCode, body, base)
		}
		if r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: the page may be cached", path)
		}
	}
}

func TestMountWithoutSlashRedirectsRelatively(t *testing.T) {
	r := get(t, handler(t, "/gateway/admin"), http.MethodGet, "/gateway/admin?x=1")
	if r.StatusCode != http.StatusFound || r.Header.Get("Location") != "admin/?x=1" {
		t.Fatalf("%d %q", r.StatusCode, r.Header.Get("Location"))
	}
}

func TestPolicyAllowsOnlyOwnFilesAndTheNonceOfThisAnswer(t *testing.T) {
	h := handler(t, "/admin")
	seen := map[string]bool{}
	for range 3 {
		r := get(t, h, http.MethodGet, "/admin/")
		policy := r.Header.Get("Content-Security-Policy")
		m := regexp.MustCompile(`style-src 'self' 'nonce-([A-Z2-7]{26})'`).FindStringSubmatch(policy)
		if m == nil || !strings.Contains(text(t, r), `content="`+m[1]+`"`) {
			t.Fatalf("the nonce of the policy is not that of the page: %s", policy)
		}
		if seen[m[1]] {
			t.Fatal("the nonce is used twice")
		}
		seen[m[1]] = true
		for _, bad := range []string{"unsafe", "*", "http"} {
			if strings.Contains(policy, bad) {
				t.Errorf("the policy holds %q: %s", bad, policy)
			}
		}
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'self'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("the policy lacks %q: %s", want, policy)
			}
		}
	}
}

func TestFilesAreServedCompressedAndForever(t *testing.T) {
	h := handler(t, "/admin")
	for accept, want := range map[string][2]string{
		"":                     {"plain", ""},
		"gzip":                 {"gzipped", "gzip"},
		"gzip, deflate, br":    {"brotli", "br"},
		"br;q=0, gzip;q=0.5":   {"gzipped", "gzip"},
		"gzip;q=0, br;q=0.000": {"plain", ""},
		"nobr, xgzip":          {"plain", ""},
	} {
		r := get(t, h, http.MethodGet, "/admin/assets/a-1.js", "Accept-Encoding", accept)
		if got := [2]string{text(t, r), r.Header.Get("Content-Encoding")}; got != want {
			t.Errorf("%q: %q, want %q", accept, got, want)
		}
		if r.Header.Get("Vary") != "Accept-Encoding" || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") ||
			!strings.HasPrefix(r.Header.Get("Content-Type"), "text/javascript") {
			t.Errorf("%q: headers %v", accept, r.Header)
		}
	}
	r := get(t, h, http.MethodHead, "/admin/favicon.svg")
	if r.Header.Get("Content-Length") != "6" || text(t, r) != "" || r.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("HEAD of the icon: %v", r.Header)
	}
}

func TestNothingElseIsServed(t *testing.T) {
	h := handler(t, "/admin")
	for path, status := range map[string]int{
		"/admin/assets/none.js":         404,
		"/admin/assets/secret.html":     404,
		"/admin/assets/a-1.js.br":       404,
		"/admin/assets/../index.html":   404,
		"/admin/assets/%2e%2e/index.js": 404,
		"/admin/assets//a-1.js":         404,
		"/administrator":                404,
		"/elsewhere":                    404,
	} {
		r := get(t, h, http.MethodGet, path)
		if r.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, r.StatusCode, status)
		}
		if r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: not guarded", path)
		}
	}
	if r := get(t, h, http.MethodPost, "/admin/"); r.StatusCode != 405 || r.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d", r.StatusCode)
	}
}

func TestWithoutABuildAPageSaysHowToMakeIt(t *testing.T) {
	h, err := ui.NewHandler("/admin", fstest.MapFS{".gitkeep": {}})
	if err != nil {
		t.Fatal(err)
	}
	if h.Built() || !strings.Contains(text(t, get(t, h, http.MethodGet, "/admin/")), "make build") {
		t.Fatal("the placeholder does not say what to do")
	}
}

func TestAPageWithoutMarksIsRefused(t *testing.T) {
	_, err := ui.NewHandler("/admin", fstest.MapFS{"index.html": {Data: []byte("<p>")}})
	if err == nil || !strings.Contains(err.Error(), "__BASE__") {
		t.Fatalf("%v", err)
	}
}

func TestTheEmbeddedFilesCanBeServed(t *testing.T) {
	embedded, err := ui.Files()
	if err != nil {
		t.Fatal(err)
	}
	h, err := ui.NewHandler("/admin", embedded)
	if err != nil {
		t.Fatal(err)
	}
	page := text(t, get(t, h, http.MethodGet, "/admin/"))
	for _, m := range regexp.MustCompile(`(?:src|href)="\./(assets/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		if r := get(t, h, http.MethodGet, "/admin/"+m[1]); r.StatusCode != http.StatusOK {
			t.Errorf("the page wants %s: %d", m[1], r.StatusCode)
		}
	}
	if strings.Contains(page, "<script>") || regexp.MustCompile(`\sstyle=|\son[a-z]+=`).MatchString(page) {
		t.Error("the page has inline code, which its policy forbids")
	}
}
