package config

import (
	"crypto/tls"
	"time"
)

// TLS says how the gateway speaks HTTPS itself. Certificate and Key are PEM files,
// which may change while the gateway runs.
type TLS struct {
	Certificate string // the chain, the gateway's own first
	Key         string
	MinVersion  uint16        // as in crypto/tls
	HSTS        time.Duration // browsers use nothing but HTTPS for so long; 0: the header is not sent
}

// Connections bounds what clients may hold open.
type Connections struct {
	Total      int // 0: three quarters of those that callers and upstreams share
	PerAddress int // of one address (IPv6: one /64); trusted proxies and the machine itself are not counted; 0: no limit
	HeadTime   time.Duration
	ReadTime   time.Duration // of a whole request with its body
}

// Drain says how the gateway stops: for Notice it serves but says that it is not
// ready, then it accepts nothing more and requests in flight have Time to end.
type Drain struct{ Time, Notice time.Duration }

var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// decodeEdge reads the part of the block "gateway" that is about connections.
func decodeEdge(s *scope, g *Gateway) {
	text(s, "drain", &g.Drain.Time, between(0, time.Hour))
	text(s, "drain_notice", &g.Drain.Notice, between(0, 10*time.Minute))
	if c := s.block("connections"); c != nil {
		c.integer("total", &g.Connections.Total, 0, 1_000_000)
		c.integer("per_address", &g.Connections.PerAddress, 0, 1_000_000)
		text(c, "head_time", &g.Connections.HeadTime, between(100*time.Millisecond, time.Minute))
		text(c, "read_time", &g.Connections.ReadTime, between(time.Second, 10*time.Minute))
		c.finish()
	}
	if t := s.block("tls"); t != nil {
		g.TLS = decodeTLS(t)
	}
}

func decodeTLS(t *scope) *TLS {
	out := &TLS{MinVersion: tls.VersionTLS12, HSTS: 365 * day}
	t.folder("certificate", &out.Certificate)
	t.folder("key", &out.Key)
	text(t, "min_version", &out.MinVersion, func(s string) (uint16, error) {
		if _, err := oneOf("1.2", "1.3")(s); err != nil {
			return 0, err
		}
		return tlsVersions[s], nil
	})
	text(t, "hsts", &out.HSTS, between(0, 3650*day))
	t.require("certificate", "name the PEM file of the certificate chain")
	t.require("key", "name the PEM file of the private key")
	t.finish()
	return out
}
