package trace

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Hidden stands for a secret.
const Hidden = "•••"

// maxText bounds one side of a watched exchange, in bytes.
const maxText = 8 << 10

// Watch is a request that somebody looks at closely.
type Watch struct {
	r       *Recorder
	id      string
	secrets *strings.Replacer
}

// minSecret is the length of the shortest secret that is looked for: shorter ones
// would hide half of everything. Headers that hold secrets are hidden as a whole.
const minSecret = 4

// Watch begins to watch a request that has not begun. secrets are hidden in whatever
// is kept of it. The caller ends it with [Watch.End].
func (r *Recorder) Watch(requestID string, secrets []string) *Watch {
	w := &Watch{r: r, id: requestID, secrets: replacer(secrets)}
	s := r.shard(requestID)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(requestID, &building{began: r.now(), watch: w})
	return w
}

// End returns what happened.
func (w *Watch) End() []Step {
	s := w.r.shard(w.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.steps[w.id]
	s.remove(w.id)
	if b == nil || b.steps == nil {
		return []Step{}
	}
	return b.steps
}

// replacer hides secrets in all the spellings that a request may give them.
func replacer(secrets []string) *strings.Replacer {
	var all []string
	add := func(spelling string) {
		if len(spelling) >= minSecret && !slices.Contains(all, spelling) {
			all = append(all, spelling)
		}
	}
	for _, s := range secrets {
		if len(s) < minSecret {
			continue
		}
		add(s)
		add(url.QueryEscape(s))
		add(url.PathEscape(s))
		add(strings.ReplaceAll(url.QueryEscape(s), "+", "%20"))
		add(strings.Trim(strconv.Quote(s), `"`))
		add(base64.StdEncoding.EncodeToString([]byte(s)))
		add(base64.URLEncoding.EncodeToString([]byte(s)))
	}
	// The longest first: a secret may be the beginning of another one.
	slices.SortFunc(all, func(x, y string) int { return len(y) - len(x) })
	pairs := make([]string, 0, 2*len(all))
	for _, s := range all {
		pairs = append(pairs, s, Hidden)
	}
	return strings.NewReplacer(pairs...)
}

// hide takes secrets out of a text and bounds it. Cutting comes last: half a secret
// would not be recognised.
func (w *Watch) hide(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "�")
	}
	s = w.secrets.Replace(s)
	if len(s) > maxText {
		cut := maxText
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + fmt.Sprintf("… (%d bytes)", len(s))
	}
	return s
}

// ID is the id of the watched request.
func (w *Watch) ID() string { return w.id }

// Hide takes the secrets of the watched request out of a text.
func (w *Watch) Hide(s string) string { return w.hide(s) }

func (w *Watch) request(message []byte) string {
	var q abi.Request
	if q.Decode(message) != nil || q.Kind == abi.Configure {
		return ""
	}
	return w.value(q.Params)
}

func (w *Watch) reply(e wasm.Event) string {
	var p abi.Reply
	if e.Err != nil || p.Decode(e.Message) != nil {
		return ""
	}
	return w.value(p.Body)
}

// value writes a value as JSON.
func (w *Watch) value(v []byte) string {
	if len(v) == 0 {
		return ""
	}
	text, err := transcode.AppendJSON(nil, v)
	if err != nil {
		return ""
	}
	return w.hide(string(text))
}

// confidential are the headers whose values are never kept.
var confidential = []string{"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "x-auth-token", "x-signature"}

func (w *Watch) httpRequest(method string, q *abi.HTTPRequest) string {
	var b strings.Builder
	b.WriteString(method + " " + q.URL + "\n")
	w.headers(&b, q.Header)
	b.WriteString("\n")
	b.Write(q.Body)
	return w.hide(b.String())
}

func (w *Watch) httpResponse(p *abi.HTTPResponse) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", p.Status)
	w.headers(&b, p.Header)
	b.WriteString("\n")
	if len(p.Body) == 0 && p.Data.Exists() {
		b.WriteString(w.value(p.Data))
	}
	b.Write(p.Body)
	return w.hide(b.String())
}

func (w *Watch) headers(b *strings.Builder, header abi.Value) {
	for name, value := range header.Entries() {
		text := value.String()
		if slices.Contains(confidential, strings.ToLower(name)) {
			text = Hidden
		}
		b.WriteString(name + ": " + text + "\n")
	}
}
