package recording

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// DefaultMaxBytes limits a recording fetched over HTTP: ten hours of stereo telephone audio.
const DefaultMaxBytes = 2 << 30

// Remote are recordings behind an HTTP server, such as a file agent on the FreeSWITCH node.
type Remote struct {
	template
	client *http.Client
	max    int64
}

var _ Source = (*Remote)(nil)

// NewRemote takes a URL such as https://node1/recordings/{uuid}.wav. The client decides on TLS, redirects and authentication;
// maxBytes 0 means DefaultMaxBytes.
//
// # Errors
//
// A template that is not an http URL, or has placeholders elsewhere than in path or query.
func NewRemote(address string, zone *time.Location, client *http.Client, maxBytes int64) (*Remote, error) {
	t, err := parseTemplate(address, zone)
	if err != nil {
		return nil, err
	}
	sample := address
	for _, p := range placeholders {
		sample = strings.ReplaceAll(sample, p, "0")
	}
	u, err := url.Parse(sample)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Fragment != "" {
		return nil, fmt.Errorf("recording template %q: want an http or https URL", address)
	}
	if _, afterScheme, _ := strings.Cut(address, "://"); strings.Contains(strings.SplitN(afterScheme, "/", 2)[0], "{") {
		return nil, fmt.Errorf("recording template %q: no placeholder may stand in the host", address)
	}
	if client == nil {
		return nil, errors.New("recording: an HTTP client is needed")
	}
	if maxBytes <= 0 {
		maxBytes = DefaultMaxBytes
	}
	return &Remote{t, client, maxBytes}, nil
}

// Open asks for the recording of a call and checks its head; the audio is fetched while Body is read. Seeking costs a further
// request, with Range if the server understands it. See Source.
func (r *Remote) Open(ctx context.Context, c Call) (*Recording, error) {
	address, err := r.fill(c)
	if err != nil {
		return nil, err
	}
	b := &remoteBody{ctx: ctx, client: r.client, url: address}
	res, err := b.get(0)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Recording, error) {
		_ = res.Body.Close()
		return nil, err
	}
	switch {
	case res.ContentLength < 0:
		return fail(errors.New("recording server does not tell the length"))
	case res.ContentLength > r.max:
		return fail(fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, res.ContentLength, r.max))
	}
	b.size, b.body = res.ContentLength, res.Body
	b.validator = res.Header.Get("ETag")
	modified, err := http.ParseTime(res.Header.Get("Last-Modified"))
	if err != nil {
		modified = time.Time{}
	} else if b.validator == "" || strings.HasPrefix(b.validator, "W/") {
		b.validator = res.Header.Get("Last-Modified")
	}
	path := res.Request.URL.Path
	if isWAV(path) {
		if err := b.check(); err != nil {
			_ = b.Close()
			return nil, err
		}
	}
	return &Recording{Size: b.size, ModTime: modified, ContentType: contentType(path), Body: b}, nil
}

// remoteBody reads one URL as if it were a file. It is used by one goroutine.
type remoteBody struct {
	ctx       context.Context // of Open: the body must not outlive the request that it serves
	client    *http.Client
	url       string
	validator string
	size      int64

	at   int64         // where the caller is
	body io.ReadCloser // nil, or positioned at bodyAt
	// bodyAt and at differ after a seek, until the next read.
	bodyAt int64
	head   []byte // the first bytes, kept from the check
	closed bool
}

// get asks for everything from offset on. The answer has status 200, or 206 when offset is not 0.
func (b *remoteBody) get(offset int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(b.ctx, http.MethodGet, b.url, nil)
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	req.Header.Set("Accept-Encoding", "identity") // the length must be that of the file
	if offset > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(offset, 10)+"-")
		if b.validator != "" {
			req.Header.Set("If-Range", b.validator)
		}
	}
	res, err := b.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("recording server: %w", err)
	}
	switch res.StatusCode {
	case http.StatusOK:
		return res, nil
	case http.StatusPartialContent:
		want := fmt.Sprintf("bytes %d-%d/%d", offset, b.size-1, b.size)
		if offset > 0 && res.Header.Get("Content-Range") == want {
			return res, nil
		}
		err = fmt.Errorf("recording server: Content-Range %.60q, want %q", res.Header.Get("Content-Range"), want)
	case http.StatusNotFound, http.StatusGone:
		err = ErrNotFound
	case http.StatusConflict, http.StatusTooEarly:
		err = ErrUnfinished
	default:
		err = fmt.Errorf("recording server: HTTP status %d", res.StatusCode)
	}
	_ = res.Body.Close()
	return nil, err
}

// check reads the head of the file, enough for the chunks that FreeSWITCH writes before the audio.
func (b *remoteBody) check() error {
	b.head = make([]byte, min(b.size, 8<<10))
	n, err := io.ReadFull(b.body, b.head)
	b.bodyAt = int64(n)
	if err != nil {
		return fmt.Errorf("recording server: %w", err)
	}
	return checkWAV(headReader(b.head), b.size)
}

// headReader is the known beginning of a longer file.
type headReader []byte

func (h headReader) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 || at >= int64(len(h)) {
		return 0, fmt.Errorf("%w: the audio starts beyond byte %d", ErrNotAudio, len(h))
	}
	n := copy(p, h[at:])
	if n < len(p) {
		return n, fmt.Errorf("%w: the audio starts beyond byte %d", ErrNotAudio, len(h))
	}
	return n, nil
}

// Read implements io.Reader. A body that ends early is io.ErrUnexpectedEOF, never a short file.
func (b *remoteBody) Read(p []byte) (int, error) {
	switch {
	case b.closed:
		return 0, errors.New("recording: read after close")
	case b.at >= b.size:
		return 0, io.EOF
	case b.at < int64(len(b.head)):
		n := copy(p, b.head[b.at:])
		b.at += int64(n)
		return n, nil
	}
	if err := b.position(); err != nil {
		return 0, err
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.size-b.at)])
	b.at += int64(n)
	b.bodyAt = b.at
	if err == io.EOF && b.at < b.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// position makes the body continue at b.at.
func (b *remoteBody) position() error {
	if b.body != nil && b.bodyAt == b.at {
		return nil
	}
	if b.body != nil {
		_ = b.body.Close()
		b.body = nil
	}
	res, err := b.get(b.at)
	if err != nil {
		return err
	}
	if res.StatusCode == http.StatusOK { // the server knows no ranges, or the file is another one now
		if res.ContentLength != b.size {
			_ = res.Body.Close()
			return errors.New("recording changed while it was read")
		}
		if _, err := io.CopyN(io.Discard, res.Body, b.at); err != nil {
			_ = res.Body.Close()
			return fmt.Errorf("recording server: %w", err)
		}
	}
	b.body, b.bodyAt = res.Body, b.at
	return nil
}

// Seek implements io.Seeker. It costs nothing until the next Read.
func (b *remoteBody) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += b.at
	case io.SeekEnd:
		offset += b.size
	default:
		return 0, errors.New("recording: bad whence")
	}
	if offset < 0 {
		return 0, errors.New("recording: seek before the start")
	}
	b.at = offset
	return offset, nil
}

// Close implements io.Closer.
func (b *remoteBody) Close() error {
	b.closed = true
	if b.body == nil {
		return nil
	}
	err := b.body.Close()
	b.body = nil
	return err
}
