package cdr

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/event"
)

// Encoding is the encode parameter of mod_xml_cdr, or JSON for mod_json_cdr.
type Encoding string

// The encodings. EncodeTrue and EncodeFalse are form-like, Base64 is not padded for forms
// (raw + / =), TextXML is the bare document.
const (
	EncodeTrue  Encoding = "true"
	EncodeFalse Encoding = "false"
	Base64      Encoding = "base64"
	TextXML     Encoding = "textxml"
	JSON        Encoding = "json"
)

// ParseEncoding reads an encoding name.
func ParseEncoding(name string) (Encoding, error) {
	switch e := Encoding(strings.ToLower(name)); e {
	case EncodeTrue, EncodeFalse, Base64, TextXML, JSON:
		return e, nil
	}
	return "", fmt.Errorf("cdr: unknown encoding %q, want true, false, base64, textxml or json", name)
}

// Encode returns the body and the content type of a POST, and the text that goes to the
// error directory when the POST fails.
func (e Encoding) Encode(r *Record) (body []byte, contentType string, onDisk []byte) {
	if e == JSON {
		document := r.JSON()
		return document, "application/json", document
	}
	document := r.XML()
	switch e {
	case TextXML:
		return document, "text/xml", document
	case EncodeFalse:
		return append([]byte("cdr="), document...), "application/x-www-form-plaintext", document
	case Base64:
		text := base64.StdEncoding.EncodeToString(document)
		return []byte("cdr=" + text), "application/x-www-form-base64-encoded", []byte(text)
	}
	// Variables are percent-encoded in the document already, so they are encoded twice.
	text := event.Encode(string(document), true)
	return []byte("cdr=" + text), "application/x-www-form-urlencoded", []byte(text)
}

// Options of a Poster. URL empty means that nothing is posted.
type Options struct {
	URL            string
	Encoding       Encoding // EncodeTrue if empty
	User, Password string   // basic authentication if User is set
	Retries        int      // further attempts after the first
	Delay          time.Duration
	ErrorDir       string // where records go that could not be posted; none if empty
	Timeout        time.Duration
}

// Attempt is one POST and its outcome.
type Attempt struct {
	UUID, URL string
	Status    int // 0 without an answer
	Err       string
	At        time.Time
}

// Poster posts records. Safe for concurrent use.
type Poster struct {
	options  Options
	client   *http.Client
	mu       sync.Mutex
	attempts []Attempt
}

// NewPoster checks the options.
func NewPoster(o Options) (*Poster, error) {
	if o.Encoding == "" {
		o.Encoding = EncodeTrue
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.URL != "" {
		u, err := url.Parse(o.URL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("cdr: %q is not an http(s) URL", o.URL)
		}
	}
	transport := &http.Transport{DisableCompression: true, Proxy: nil}
	return &Poster{options: o, client: &http.Client{Timeout: o.Timeout, Transport: transport}}, nil
}

// Enabled tells whether records are posted at all.
func (p *Poster) Enabled() bool { return p.options.URL != "" }

// Attempts returns every POST so far.
func (p *Poster) Attempts() []Attempt {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Attempt(nil), p.attempts...)
}

// Close drops idle connections.
func (p *Poster) Close() { p.client.CloseIdleConnections() }

// Post sends a record and returns when it was accepted or given up: any status outside
// 2xx counts as a failure. After the last attempt the record is written to the error directory.
func (p *Poster) Post(ctx context.Context, r *Record) error {
	if !p.Enabled() {
		return nil
	}
	var err error
	for attempt := 0; attempt <= p.options.Retries; attempt++ {
		if attempt > 0 && !sleep(ctx, p.options.Delay) {
			break
		}
		if err = p.Try(ctx, r); err == nil {
			return nil
		}
	}
	if saveErr := p.save(r); saveErr != nil {
		return fmt.Errorf("cdr: %s was refused (%w) and not saved: %w", r.UUID, err, saveErr)
	}
	return fmt.Errorf("cdr: %s was refused: %w", r.UUID, err)
}

// Try makes one POST.
func (p *Poster) Try(ctx context.Context, r *Record) error {
	body, contentType, _ := p.options.Encoding.Encode(r)
	target := p.target(r)
	attempt := Attempt{UUID: r.UUID, URL: target, At: time.Now()}
	status, err := p.send(ctx, target, contentType, body)
	attempt.Status = status
	if err != nil {
		attempt.Err = err.Error()
	}
	p.mu.Lock()
	p.attempts = append(p.attempts, attempt)
	p.mu.Unlock()
	return err
}

// target is the URL of a record. mod_json_cdr writes a second "?" when the URL has a query already.
func (p *Poster) target(r *Record) string {
	separator := "?"
	if strings.Contains(p.options.URL, "?") && p.options.Encoding != JSON {
		separator = "&"
	}
	return p.options.URL + separator + "uuid=" + p.name(r)
}

// name is the record's name in URLs and files: mod_xml_cdr marks A legs, mod_json_cdr does not.
func (p *Poster) name(r *Record) string {
	if r.ALeg && p.options.Encoding != JSON {
		return "a_" + url.QueryEscape(r.UUID)
	}
	return url.QueryEscape(r.UUID)
}

func (p *Poster) send(ctx context.Context, target, contentType string, body []byte) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("build the request: %w", err)
	}
	request.Header.Set("User-Agent", "freeswitch-xml/1.0")
	if p.options.Encoding == JSON {
		request.Header.Set("User-Agent", "freeswitch-json/1.0")
	}
	request.Header.Set("Accept", "*/*")
	request.Header.Set("Content-Type", contentType)
	if p.options.User != "" {
		request.SetBasicAuth(p.options.User, p.options.Password)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	// The answer's text means nothing to FreeSWITCH; reading it keeps the connection usable.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return response.StatusCode, fmt.Errorf("%s answered %s", target, response.Status)
	}
	return response.StatusCode, nil
}

func (p *Poster) save(r *Record) error {
	if p.options.ErrorDir == "" {
		return nil
	}
	_, _, text := p.options.Encoding.Encode(r)
	kind := ".cdr.xml"
	if p.options.Encoding == JSON {
		kind = ".cdr.json"
	}
	if err := os.MkdirAll(p.options.ErrorDir, 0o755); err != nil {
		return fmt.Errorf("make the error directory: %w", err)
	}
	return os.WriteFile(filepath.Join(p.options.ErrorDir, p.name(r)+kind), text, 0o644)
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
