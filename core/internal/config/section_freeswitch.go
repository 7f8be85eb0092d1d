package config

import (
	"net"
	"net/netip"
	"strings"
	"time"
)

// defaultPassword is what FreeSWITCH ships with; anybody who reaches the port can run commands with it.
const defaultPassword = "ClueCon"

// decodeFreeSWITCH reads one node. Its defaults are here, because default.hcl has no node.
func decodeFreeSWITCH(s *scope, label string) FreeSWITCH {
	f := FreeSWITCH{
		Name:             label,
		Address:          "127.0.0.1:8021",
		Password:         NewSecret(defaultPassword),
		Connections:      4,
		Weight:           1,
		CommandTimeout:   10 * time.Second,
		OriginateTimeout: 60 * time.Second,
		Dial:             "user/{account} {called} XML default",
	}
	text(s, "address", &f.Address, parseAddress(false))
	s.str("user", &f.User)
	s.secret("password", &f.Password)
	s.integer("connections", &f.Connections, 1, 64)
	s.integer("weight", &f.Weight, 0, 1000)
	text(s, "command_timeout", &f.CommandTimeout, between(100*time.Millisecond, 10*time.Minute))
	text(s, "originate_timeout", &f.OriginateTimeout, between(time.Second, 10*time.Minute))
	text(s, "dial", &f.Dial, placeholders([]string{"account"}, []string{"called", "caller", "domain"}, parseDial))
	decodeAccounts(s, &f)
	text(s, "domain", &f.Domain, parseDomain)
	if r := s.block("recordings"); r != nil {
		f.Recordings = decodeRecordings(r)
	}
	if c := s.block("cdr"); c != nil {
		f.CDR = decodeCDR(c)
	}
	if f.Password.Reveal() == defaultPassword && !isLoopback(f.Address) {
		s.d.warn(s.at("address"), `set another one in FreeSWITCH and write password = env("ESL_PASSWORD")`,
			"%s is reached over the network with FreeSWITCH's default password", s.what)
	}
	s.finish()
	return f
}

func decodeAccounts(s *scope, f *FreeSWITCH) {
	list(s, "accounts", &f.Accounts, parseAccount)
	text(s, "account_pattern", &f.AccountPattern, parsePattern)
	if s.has("accounts") && s.has("account_pattern") {
		s.d.error(s.at("account_pattern"), "remove one of them", "%s has both accounts and account_pattern", s.what)
	}
	if !s.has("accounts") && !s.has("account_pattern") {
		s.d.error(s.header, `for example account_pattern = "^[0-9]{3,6}$"; without it no account could be dialled`,
			"%s has neither accounts nor account_pattern", s.what)
	}
}

func decodeRecordings(s *scope) *Recordings {
	r := &Recordings{}
	text(s, "source", &r.Source, oneOf("file", "http"))
	text(s, "path", &r.Path, placeholders([]string{"uuid"}, nil, s.d.parsePath))
	text(s, "url", &r.URL, placeholders([]string{"uuid"}, nil, parseURL))
	s.require("source", `source = "file" or source = "http"`)
	needed := map[string]string{"file": "path", "http": "url"}
	for source, key := range needed {
		switch {
		case r.Source == source:
			s.require(key, "recordings with source = \""+source+"\" need it")
		case r.Source != "" && s.has(key):
			s.d.error(s.at(key), "remove it, or change source", "%s does not go with source = %q", s.name(key), r.Source)
		}
	}
	s.finish()
	return r
}

func decodeCDR(s *scope) *CDR {
	c := &CDR{}
	s.secret("token", &c.Token)
	text(s, "user", &c.User, notEmpty)
	s.secret("password", &c.Password)
	s.folder("error_dir", &c.ErrorDir)
	list(s, "allow", &c.Allow, parsePrefix)
	if s.has("user") != s.has("password") {
		s.d.error(s.header, "set both or none", "%s needs user and password together", s.what)
	}
	if !s.has("token") && !s.has("user") && !s.has("password") {
		s.d.error(s.header, `for example token = env("CDR_TOKEN")`, "%s has neither token nor user and password: anybody could post calls", s.what)
	}
	s.finish()
	return c
}

// parseDial refuses what would end the originate command or start another one.
func parseDial(s string) (string, error) {
	if strings.ContainsAny(s, "\r\n\x00") {
		return "", wrong("write it on one line", "the dial string has a line break or NUL character")
	}
	return s, nil
}

func parseDomain(s string) (string, error) {
	if s == "" {
		return s, nil
	}
	if _, err := netip.ParseAddr(s); err != nil && (strings.HasPrefix(s, "*") || !hostPattern.MatchString(strings.ToLower(s))) {
		return "", wrong(`for example "pbx.example" or "10.0.0.5"`, "%q is not a domain", s)
	}
	return s, nil
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == "localhost"
}
