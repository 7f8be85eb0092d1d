package ui

import (
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// What the build leaves in index.html for the handler to fill in.
const (
	markBase  = "__BASE__"
	markNonce = "__NONCE__"
)

//go:embed placeholder.html
var placeholder string

// Handler serves the panel below one path. It is safe for concurrent use.
type Handler struct {
	mount string
	files fs.FS
	index string
}

var _ http.Handler = (*Handler)(nil)

// NewHandler returns a handler for requests whose path is mount or below it;
// mount begins with a slash and does not end with one. files are as [Files]
// returns them.
//
// The page finds everything relative to its own address, so a proxy in front may
// add or strip any prefix.
//
// # Errors
//
// A page that was built without the marks that the handler fills in.
func NewHandler(mount string, files fs.FS) (*Handler, error) {
	h := &Handler{mount: mount, files: files, index: placeholder}
	text, err := fs.ReadFile(files, "index.html")
	switch {
	case err == nil:
		h.index = string(text)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("ui: read the page: %w", err)
	}
	for _, mark := range []string{markBase, markNonce} {
		if !strings.Contains(h.index, mark) {
			return nil, fmt.Errorf("ui: index.html has no %s; build it again with `make panel`", mark)
		}
	}
	return h, nil
}

// Built reports whether files hold the panel, or only a placeholder is served.
func (h *Handler) Built() bool { return h.index != placeholder }

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Method not allowed!", http.StatusMethodNotAllowed)
		return
	}
	guard(w.Header())
	// The browser counts the segments of the path as it was sent.
	rest, below := strings.CutPrefix(r.URL.EscapedPath(), h.mount)
	switch {
	case !below || rest != "" && rest[0] != '/':
		http.NotFound(w, r)
	case rest == "":
		h.redirect(w, r)
	case isFile(rest[1:]):
		h.file(w, r, rest[1:])
	default:
		h.page(w, r, rest[1:])
	}
}

// redirect adds the missing slash relative to the address that the browser sees.
func (h *Handler) redirect(w http.ResponseWriter, r *http.Request) {
	to := path.Base(h.mount) + "/"
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", to)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusFound)
}

// isFile tells the files of the build from the addresses of the panel's pages.
func isFile(name string) bool {
	return strings.HasPrefix(name, "assets/") || name == "favicon.svg" || name == "robots.txt"
}

var types = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2",
	".json": "application/json", ".txt": "text/plain; charset=utf-8", ".png": "image/png",
}

// file sends one file, compressed when the build left such a twin.
func (h *Handler) file(w http.ResponseWriter, r *http.Request, name string) {
	kind, known := types[path.Ext(name)]
	if !known || !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	var body []byte
	err := fs.ErrNotExist
	for _, twin := range []struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !accepts(r.Header.Get("Accept-Encoding"), twin.encoding) {
			continue
		}
		if body, err = fs.ReadFile(h.files, name+twin.suffix); err == nil {
			w.Header().Set("Content-Encoding", twin.encoding)
			break
		}
	}
	if err != nil {
		if body, err = fs.ReadFile(h.files, name); err != nil {
			http.NotFound(w, r)
			return
		}
	}
	w.Header().Set("Vary", "Accept-Encoding")
	w.Header().Set("Content-Type", kind)
	cache := "no-cache"
	if strings.HasPrefix(name, "assets/") { // their names hold their hashes
		cache = "public, max-age=31536000, immutable"
	}
	w.Header().Set("Cache-Control", cache)
	send(w, r, body)
}

// accepts reports whether a list such as "gzip, br;q=0" allows an encoding.
func accepts(list, encoding string) bool {
	for item := range strings.SplitSeq(list, ",") {
		name, parameters, _ := strings.Cut(strings.TrimSpace(item), ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		q, weighted := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
		if !weighted {
			return true
		}
		weight, err := strconv.ParseFloat(q, 64)
		return err == nil && weight > 0
	}
	return false
}

// page sends the one page of the panel. Its base is relative and depends on how
// deep below the mount the browser believes to be.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, rest string) {
	base := "./"
	if deep := strings.Count(rest, "/"); deep > 0 {
		base = strings.Repeat("../", deep)
	}
	nonce := rand.Text()
	text := strings.NewReplacer(markBase, base, markNonce, nonce).Replace(h.index)
	w.Header().Set("Content-Security-Policy", policy(nonce))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	send(w, r, []byte(text))
}

func send(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the caller went away: nobody is left to tell
	}
}

// policy allows the panel's own files and nothing else. Style elements that the
// component library makes while it runs carry the nonce.
func policy(nonce string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' data: blob:; font-src 'self'; " +
		"connect-src 'self'; media-src 'self' blob:; base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
}

// guard sets what holds for every answer.
func guard(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}
