package httpcall

import (
	"fmt"
	"net/netip"
)

// reach says what a grant needs before an address may be dialed.
type reach uint8

const (
	reachPublic   reach = iota
	reachPrivate        // Grant.Private
	reachMetadata       // Grant.Private and the address itself as the URL's host
	reachNever
)

type block struct {
	prefix netip.Prefix
	reach  reach
	what   string
}

// blocks are the special-purpose blocks of the IANA registries (RFC 6890 and
// its successors), the narrowest first where they overlap. IPv6 outside
// 2000::/3 is never public.
var blocks = []block{
	// Metadata servers hand out the machine's credentials to whoever asks.
	{netip.MustParsePrefix("169.254.169.254/32"), reachMetadata, "a cloud metadata server"},
	{netip.MustParsePrefix("169.254.170.2/32"), reachMetadata, "a cloud metadata server"},
	{netip.MustParsePrefix("169.254.170.23/32"), reachMetadata, "a cloud metadata server"},
	{netip.MustParsePrefix("168.63.129.16/32"), reachMetadata, "a cloud metadata server"},
	{netip.MustParsePrefix("100.100.100.200/32"), reachMetadata, "a cloud metadata server"},
	{netip.MustParsePrefix("192.0.0.192/32"), reachMetadata, "a cloud metadata server"},
	{netip.MustParsePrefix("fd00:ec2::254/128"), reachMetadata, "a cloud metadata server"},
	{netip.MustParsePrefix("fd00:ec2::23/128"), reachMetadata, "a cloud metadata server"},
	{netip.MustParsePrefix("fd20:ce::254/128"), reachMetadata, "a cloud metadata server"},

	{netip.MustParsePrefix("0.0.0.0/8"), reachNever, "an unspecified address"},
	{netip.MustParsePrefix("10.0.0.0/8"), reachPrivate, "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), reachPrivate, "shared by a carrier (CGNAT)"},
	{netip.MustParsePrefix("127.0.0.0/8"), reachPrivate, "this machine (loopback)"},
	{netip.MustParsePrefix("169.254.0.0/16"), reachPrivate, "link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), reachPrivate, "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), reachPrivate, "reserved for protocols"},
	{netip.MustParsePrefix("192.0.2.0/24"), reachPrivate, "for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), reachPrivate, "a 6to4 relay"},
	{netip.MustParsePrefix("192.168.0.0/16"), reachPrivate, "private"},
	{netip.MustParsePrefix("198.18.0.0/15"), reachPrivate, "for benchmarks"},
	{netip.MustParsePrefix("198.51.100.0/24"), reachPrivate, "for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), reachPrivate, "for documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), reachNever, "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), reachNever, "reserved or broadcast"},

	{netip.MustParsePrefix("::/128"), reachNever, "an unspecified address"},
	{netip.MustParsePrefix("::1/128"), reachPrivate, "this machine (loopback)"},
	{netip.MustParsePrefix("::/96"), reachPrivate, "an IPv4-compatible address"},
	{netip.MustParsePrefix("64:ff9b::/96"), reachPrivate, "translated to IPv4 (NAT64)"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), reachPrivate, "translated to IPv4 (NAT64)"},
	{netip.MustParsePrefix("2001:db8::/32"), reachPrivate, "for documentation"},
	{netip.MustParsePrefix("2001::/23"), reachPrivate, "reserved for protocols (Teredo and others)"},
	{netip.MustParsePrefix("2002::/16"), reachPrivate, "tunnelled over IPv4 (6to4)"},
	{netip.MustParsePrefix("3fff::/20"), reachPrivate, "for documentation"},
	{netip.MustParsePrefix("2000::/3"), reachPublic, ""},
	{netip.MustParsePrefix("fc00::/7"), reachPrivate, "private (unique local)"},
	{netip.MustParsePrefix("fe80::/10"), reachPrivate, "link-local"},
	{netip.MustParsePrefix("ff00::/8"), reachNever, "multicast"},
	{netip.MustParsePrefix("::/0"), reachPrivate, "reserved"},
}

// judge classifies an address; what is for people, empty for public addresses.
func judge(addr netip.Addr) (r reach, what string) {
	if !addr.IsValid() || addr.Zone() != "" {
		return reachNever, "not usable (it has a zone)"
	}
	addr = addr.Unmap()
	for _, b := range blocks {
		if b.prefix.Contains(addr) {
			r, what = b.reach, b.what
			break
		}
	}
	if inner := embedded(addr); inner.IsValid() {
		// The packet may come out at the IPv4 address inside.
		if ir, iw := judge(inner); ir > r {
			return ir, iw + " behind a translated address"
		}
	}
	return r, what
}

// embedded returns the IPv4 address that a translated address leads to.
func embedded(addr netip.Addr) netip.Addr {
	if !addr.Is6() {
		return netip.Addr{}
	}
	b := addr.As16()
	switch {
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6]))
	case [12]byte(b[:12]) == [12]byte{0: 0x00, 1: 0x64, 2: 0xff, 3: 0x9b}:
		return netip.AddrFrom4([4]byte(b[12:]))
	case [12]byte(b[:12]) == [12]byte{} && !addr.IsLoopback() && !addr.IsUnspecified():
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return netip.Addr{}
}

// permit returns nil when addr may be dialed for host under the policy.
func permit(private bool, host string, addr netip.Addr) error {
	r, what := judge(addr)
	switch {
	case r == reachPublic, r == reachPrivate && private:
		return nil
	case r == reachMetadata && private && host == addr.String():
		return nil
	}
	subject := fmt.Sprintf("host %q has the address %s, which is %s", host, addr, what)
	if host == addr.String() {
		subject = fmt.Sprintf("the address %s is %s", addr, what)
	}
	switch r {
	case reachNever:
		return &refusal{subject + "; it cannot be granted"}
	case reachMetadata:
		return &refusal{subject + "; to allow it, write the address itself into hosts and set private = true in the grant"}
	}
	return &refusal{subject + "; to allow it, set private = true in the grant"}
}
