package httpcall

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/descriptors"
)

// PoolOptions configure a [Pool]. The zero value is usable; zero durations and
// sizes mean the defaults given with them.
type PoolOptions struct {
	// Resolver looks names up; nil is the system's.
	Resolver Resolver
	// Connect replaces the operating system's connect, for networks with their
	// own way out and for tests. It gets addresses that were judged already.
	Connect Connect
	// CAFile is a PEM file of authorities that are trusted beside the system's.
	CAFile string

	ConnectTimeout time.Duration // lookup and connect, 10 s
	TLSTimeout     time.Duration // handshake, 10 s
	HeaderTimeout  time.Duration // from the request's end to the answer's header, 60 s
	IdleTimeout    time.Duration // a connection is kept unused, 60 s

	IdlePerHost int // kept connections for each host and port, 64
	IdleTotal   int // kept connections altogether, 512

	// Descriptors are what connections are taken from; nil has no end. When all are in
	// use, unused connections are closed and exchanges wait.
	Descriptors *descriptors.Budget

	// Buffered bounds the bytes of answers that are in memory at once, over all
	// clients: 512 MiB, at least 1 MiB.
	Buffered int64
}

// Pool keeps the connections of all clients. It is safe for concurrent use; the
// package comment says why sharing is safe.
type Pool struct {
	public, private *carrier
	buffered        budget
	intakes         intakes
	buffers         sync.Pool // *[]byte
	inflaters       sync.Pool // *gzip.Reader
	closed          atomic.Bool
}

// NewPool returns an open pool.
//
// # Errors
//
// CAFile cannot be read or holds no certificate; a negative size or duration;
// Buffered below its least.
func NewPool(o PoolOptions) (*Pool, error) {
	if min(o.ConnectTimeout, o.TLSTimeout, o.HeaderTimeout, o.IdleTimeout) < 0 ||
		min(o.IdlePerHost, o.IdleTotal) < 0 || o.Buffered != 0 && o.Buffered < 1<<20 {
		return nil, errors.New("http pool: sizes and timeouts must not be negative, and Buffered not below 1 MiB")
	}
	roots, err := trusted(o.CAFile)
	if err != nil {
		return nil, err
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	p := &Pool{
		public:  newCarrier(o, false, roots),
		private: newCarrier(o, true, roots),
	}
	p.public.spare, p.private.spare = p.spare, p.spare
	p.buffered.max = cmp.Or(o.Buffered, 512<<20)
	return p, nil
}

func newCarrier(o PoolOptions, private bool, roots *x509.CertPool) *carrier {
	d := &dialer{
		private: private, resolver: o.Resolver, connect: o.Connect,
		timeout: cmp.Or(o.ConnectTimeout, 10*time.Second),
	}
	if d.connect == nil {
		d.connect = systemConnect(private)
	}
	return &carrier{
		dialer: d, roots: roots, gates: newGates(), files: o.Descriptors,
		tlsTimeout:    cmp.Or(o.TLSTimeout, 10*time.Second),
		headerTimeout: cmp.Or(o.HeaderTimeout, 60*time.Second),
		idle: shelf{
			files: o.Descriptors, perHost: cmp.Or(o.IdlePerHost, 64), total: cmp.Or(o.IdleTotal, 512), timeout: cmp.Or(o.IdleTimeout, 60*time.Second),
		},
	}
}

func trusted(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil // the system's
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("http pool: CA file: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		// A container without system authorities still trusts the operator's.
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("http pool: CA file %s holds no PEM certificate", file)
	}
	return roots, nil
}

// Close closes the idle connections and refuses new exchanges. Exchanges in
// flight go on; their connections close with them.
func (p *Pool) Close() {
	p.closed.Store(true)
	p.public.idle.empty(true)
	p.private.idle.empty(true)
}

// CloseIdle closes the connections that nobody uses now, for instance after DNS
// or certificates changed.
func (p *Pool) CloseIdle() {
	p.public.idle.empty(false)
	p.private.idle.empty(false)
}

// spare closes the connection that one side has kept longest, if there is one.
func (p *Pool) spare() {
	if !p.public.idle.drop() {
		p.private.idle.drop()
	}
}

func (p *Pool) carrier(private bool) *carrier {
	if private {
		return p.private
	}
	return p.public
}

// maxKept is the largest buffer that is kept for the next answer.
const maxKept = 256 << 10

func (p *Pool) buffer() *[]byte {
	if b, ok := p.buffers.Get().(*[]byte); ok {
		return b
	}
	return new([]byte)
}

func (p *Pool) recycle(b *[]byte) {
	if cap(*b) <= maxKept {
		*b = (*b)[:0]
		p.buffers.Put(b)
	}
}

// budget bounds a sum of bytes.
type budget struct {
	max  int64
	used atomic.Int64
}

func (b *budget) take(n int) bool {
	if b.used.Add(int64(n)) <= b.max {
		return true
	}
	b.used.Add(-int64(n))
	return false
}

func (b *budget) give(n int) { b.used.Add(-int64(n)) }
