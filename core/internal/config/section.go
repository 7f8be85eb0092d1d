package config

import (
	"regexp"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/minisig"
)

const day = 24 * time.Hour

// decode overlays what the file sets on c, which holds the defaults.
func (d *decoder) decode(root *scope, c *Config) {
	if s := root.block("gateway"); s != nil {
		decodeGateway(s, &c.Gateway)
	}
	if s := root.block("auth"); s != nil {
		decodeAuth(s, &c.Auth)
	}
	if s := root.block("limits"); s != nil {
		text(s, "user", &c.Limits.User, parseRate)
		text(s, "action", &c.Limits.Action, parseRate)
		s.finish()
	}
	if s := root.block("journal"); s != nil {
		decodeJournal(s, &c.Journal)
	}
	if s := root.block("store"); s != nil {
		text(s, "cache", &c.Store.Cache, sized(1<<20, 64<<30))
		text(s, "reserve", &c.Store.Reserve, sized(16<<20, 1<<40))
		s.finish()
	}
	if s := root.block("trust"); s != nil {
		decodeTrust(s, &c.Trust)
	}
	if s := root.block("upgrade"); s != nil {
		text(s, "watch", &c.Upgrade.Watch, between(100*time.Millisecond, day))
		text(s, "trial", &c.Upgrade.Trial, between(0, day))
		s.integer("crashes", &c.Upgrade.Crashes, 1, 1000)
		s.integer("keep", &c.Upgrade.Keep, 1, 100)
		s.finish()
	}
	root.labelled("guard", func(label string, s *scope) { c.Guards = append(c.Guards, decodeGuard(s, label)) })
	root.labelled("freeswitch", func(label string, s *scope) {
		c.FreeSWITCH = append(c.FreeSWITCH, decodeFreeSWITCH(s, label))
	})
	root.labelled("module", func(label string, s *scope) {
		m := ModuleBlock{Plugin: decodePlugin(s, label)}
		s.labelled("action", func(label string, s *scope) {
			a := ActionBlock{Name: label, Enabled: true}
			s.boolean("enabled", &a.Enabled)
			text(s, "limit", &a.Limit, func(s string) (*Rate, error) {
				r, err := parseRate(s)
				return &r, err
			})
			s.finish()
			m.Actions = append(m.Actions, a)
		})
		s.finish()
		c.Modules = append(c.Modules, m)
	})
	root.labelled("provider", func(label string, s *scope) {
		c.Providers = append(c.Providers, ProviderBlock{decodePlugin(s, label)})
		s.finish()
	})
	root.finish()
}

func decodeGateway(s *scope, g *Gateway) {
	text(s, "listen", &g.Listen, parseAddress(true))
	s.folder("data", &g.Data)
	text(s, "time_zone", &g.TimeZone, parseZone)
	text(s, "region", &g.Region, parseRegion)
	text(s, "public_url", &g.PublicURL, parsePublicURL)
	list(s, "plugins", &g.Plugins, s.d.parsePath)
	text(s, "body_limit", &g.BodyLimit, sized(1<<10, 1<<30))
	text(s, "request_timeout", &g.RequestTimeout, between(100*time.Millisecond, time.Hour))
	list(s, "trusted_proxies", &g.TrustedProxies, parsePrefix)
	text(s, "base_path", &g.BasePath, parseBasePath)
	s.secret("secret_key", &g.SecretKey)
	decodeEdge(s, g)
	if c := s.block("cors"); c != nil {
		list(c, "origins", &g.CORS.Origins, parseOrigin)
		text(c, "max_age", &g.CORS.MaxAge, between(0, day))
		c.finish()
	}
	if l := s.block("log"); l != nil {
		text(l, "level", &g.Log.Level, oneOf("trace", "debug", "info", "warn", "error", "off"))
		text(l, "format", &g.Log.Format, oneOf("text", "json"))
		l.finish()
	}
	s.finish()
}

func decodeAuth(s *scope, a *Auth) {
	text(s, "token_idle", &a.TokenIdle, between(time.Minute, 10*365*day))
	text(s, "token_lifetime", &a.TokenLifetime, between(time.Minute, 10*365*day))
	s.integer("tokens_per_user", &a.TokensPerUser, 1, 10_000)
	if a.TokenIdle > a.TokenLifetime {
		s.d.error(s.at("token_idle"), "shorten token_idle or lengthen token_lifetime",
			"auth.token_idle %s is longer than token_lifetime %s", DurationText(a.TokenIdle), DurationText(a.TokenLifetime))
	}
	if l := s.block("login"); l != nil {
		l.integer("attempts", &a.Login.Attempts, 1, 1000)
		text(l, "window", &a.Login.Window, between(time.Second, 7*day))
		l.finish()
	}
	if p := s.block("argon2"); p != nil {
		// Below 7 MiB and one pass the hash is weaker than OWASP's weakest advice; above, one login stalls the machine.
		text(p, "memory", &a.Argon2.Memory, sized(7<<20, 1<<30))
		p.integer("time", &a.Argon2.Time, 1, 16)
		p.integer("parallelism", &a.Argon2.Parallelism, 1, 16)
		p.finish()
	}
	s.finish()
}

func decodeTrust(s *scope, t *Trust) {
	list(s, "keys", &t.Keys, parseTrustedKey)
	text(s, "unsigned", &t.Unsigned, oneOf(UnsignedAllow, UnsignedShipped, UnsignedRefuse))
	s.finish()
}

func decodeJournal(s *scope, j *Journal) {
	text(s, "durability", &j.Durability, oneOf("process", "power"))
	text(s, "body", &j.Body, oneOf("masked", "full", "none"))
	text(s, "phones", &j.Phones, oneOf("masked", "full"))
	text(s, "messages", &j.Messages, oneOf("full", "hidden"))
	if r := s.block("retention"); r != nil {
		text(r, "requests", &j.Retention.Requests, parseRetention)
		text(r, "bad_requests", &j.Retention.BadRequests, parseRetention)
		text(r, "sms", &j.Retention.SMS, parseRetention)
		text(r, "calls", &j.Retention.Calls, parseRetention)
		text(r, "cdr", &j.Retention.CDR, parseRetention)
		text(r, "audit", &j.Retention.Audit, parseRetention)
		r.finish()
	}
	s.finish()
}

// decodePlugin reads what modules and providers have in common. The caller finishes the scope.
func decodePlugin(s *scope, label string) Plugin {
	p := Plugin{Name: label, Plugin: label, Enabled: true}
	text(s, "plugin", &p.Plugin, parseName)
	text(s, "sha256", &p.SHA256, parseSHA256)
	s.boolean("enabled", &p.Enabled)
	s.object("settings", &p.Settings)
	s.secrets("secrets", &p.Secrets)
	for name := range p.Secrets {
		if _, twice := p.Settings[name]; twice {
			path := s.child("secrets", name)
			s.d.error(s.d.set[JoinPath(path...)], "keep it in secrets only", "%s is in settings and in secrets", s.name(name))
		}
	}
	if g := s.block("grant"); g != nil {
		p.Grant = decodeGrant(g)
	}
	return p
}

func decodeGrant(s *scope) *Grant {
	g := &Grant{}
	list(s, "capabilities", &g.Capabilities, parseCapability)
	if h := s.block("http"); h != nil {
		g.HTTP = &HTTPGrant{}
		list(h, "hosts", &g.HTTP.Hosts, parseGrantHost)
		h.boolean("private", &g.HTTP.Private)
		h.require("hosts", `list the allowed hosts, for example hosts = ["api.example.com"]`)
		h.finish()
	}
	if f := s.block("freeswitch"); f != nil {
		g.FreeSWITCH = &FreeSWITCHGrant{}
		list(f, "operations", &g.FreeSWITCH.Operations, parseCapability)
		f.require("operations", "list the allowed operations")
		f.finish()
	}
	s.finish()
	return g
}

// parseTrustedKey accepts a public key of minisign.
func parseTrustedKey(s string) (minisig.Key, error) {
	key, err := minisig.ParseKey(s)
	if err != nil {
		return key, wrong("`patchbay plugin keygen` and `minisign -G` print one; file(\"vendor.pub\") reads one", "%s", err.Error())
	}
	return key, nil
}

var sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

func parseSHA256(s string) (string, error) {
	if !sha256Pattern.MatchString(s) {
		return "", wrong("`patchbay plugin inspect` and the panel show it", "want the 64 hexadecimal digits of a plugin file's SHA-256")
	}
	return s, nil
}

// What parsePattern puts around an expression.
const (
	patternBegin = `^(?:`
	patternEnd   = `)$`
)

// parsePattern compiles an expression that has to match the whole text.
func parsePattern(s string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(patternBegin + s + patternEnd)
	if err != nil {
		return nil, wrong("for example \"^[0-9]{3,6}$\"", "%q is not a regular expression", s)
	}
	return re, nil
}
