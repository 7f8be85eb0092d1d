package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	goalInstall       = 5.0 // s, the largest plugin with nothing in the cache
	goalInstallCached = 0.5 // s
	installs          = 3
)

const adminAPI = "/admin/api/v1"

// operator is one who administers a running gateway.
type operator struct {
	side
	conn   *conn
	up     string // address of the upstream
	plugin string // what provide made an instance of
}

func newOperator(s side, upstream string) (*operator, error) {
	c, err := dial(s.address)
	if err != nil {
		return nil, err
	}
	return &operator{side: s, conn: c, up: upstream}, nil
}

func (o *operator) close() { _ = o.conn.Close() }

// ask sends a request to the administration API; to, unless nil, is what the answer
// is read into.
func (o *operator) ask(method, path, contentType string, body []byte, to any) error {
	a, err := o.conn.do(requestOf(contentType, method, o.address, adminAPI+path, o.token, body), true)
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", method, path, err, o.words)
	}
	if a.status/100 != 2 {
		return fmt.Errorf("%s %s: %d %s", method, path, a.status, a.body)
	}
	if to == nil {
		return nil
	}
	return json.Unmarshal(a.body, to)
}

func (o *operator) json(method, path string, body, to any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return o.ask(method, path, "application/json", raw, to)
}

// upload hands a plugin file over and returns its identity.
func (o *operator) upload(code []byte) (sha256 string, err error) {
	var up struct {
		File struct {
			SHA256 string `json:"sha256"`
		} `json:"file"`
	}
	err = o.ask("POST", "/plugins", "application/wasm", code, &up)
	return up.File.SHA256, err
}

// provide makes an instance of an uploaded SMS provider, granted what it needs.
func (o *operator) provide(plugin string) error {
	o.plugin = plugin
	return o.json("POST", "/providers", map[string]any{
		"name": instance, "plugin": plugin, "granted": []string{"http"}, "hosts": []string{o.up}, "private": true,
		"settings": map[string]any{"url": "http://" + o.up + "/sms", "token": "bench", "sender": "INFO"},
	}, nil)
}

// instance is the name of the provider that the benchmark installs.
const instance = "acme"

// send sends one SMS through the gateway.
func (o *operator) send() error { return sendSMS(o.conn, o.request(pathSMS)) }

const pathSMS = "/sms/send"

func sendSMS(c *conn, raw []byte) error {
	a, err := c.do(raw, true)
	switch {
	case err != nil:
		return err
	case a.status != 200 || !strings.Contains(string(a.body), `"OK"`):
		return fmt.Errorf("%s: %d %s", pathSMS, a.status, a.body)
	}
	return nil
}

// install measures the time from the upload of a plugin file that the gateway has
// never seen until the first SMS goes through it, by language, with and without
// its machine code in the cache.
func (b *bench) install(ctx context.Context) error {
	there, _, err := b.built()
	if err != nil {
		return err
	}
	up, err := b.upstream(ctx, 0)
	if err != nil {
		return err
	}
	defer func() { _ = up.stop() }()
	base, err := b.fill(ctx, "install", 0)
	if err != nil {
		return err
	}
	p, err := b.gateway(ctx, "install.hcl", base, up.address) // compiles the module sms
	if err != nil {
		return err
	}
	if err := p.stop(); err != nil {
		return err
	}
	took := [2]map[string][]float64{{}, {}} // cold and cached, by language
	for i := range installs {
		from := base
		for kind := range took {
			at, err := b.fill(ctx, fmt.Sprintf("install-%d-%d", i, kind), 0)
			if err != nil {
				return err
			}
			if err := at.share(from); err != nil {
				return err
			}
			if err := b.installAll(ctx, at, up.address, there, took[kind]); err != nil {
				return err
			}
			from = at
		}
	}
	for kind, goal := range []float64{goalInstall, goalInstallCached} {
		name := []string{"install until the first SMS, cold", "install until the first SMS, cached"}[kind]
		var parts []string
		slowest := 0.0
		for _, l := range there {
			m := median(took[kind][l.id])
			slowest = max(slowest, m)
			parts = append(parts, fmt.Sprintf("%s %.0f ms", l.title, m*1000))
		}
		b.atMost(name, slowest, goal, "s", "%s; medians of %d", strings.Join(parts, ", "), installs)
	}
	return nil
}

// installAll installs the provider of each language in a new gateway, one after
// the other.
func (b *bench) installAll(ctx context.Context, at place, upstream string, there []language, took map[string][]float64) (err error) {
	p, err := b.gateway(ctx, "install.hcl", at, upstream)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	o, err := newOperator(side{p, at.token}, upstream)
	if err != nil {
		return err
	}
	defer o.close()
	if err := o.send(); err == nil {
		return errors.New("an SMS is sent before there is a provider")
	}
	for _, l := range there {
		code, err := os.ReadFile(b.program(l.provider()))
		if err != nil {
			return err
		}
		began := time.Now()
		if _, err := o.upload(code); err != nil {
			return err
		}
		if err := o.provide("sms-" + l.id); err != nil {
			return err
		}
		if err := o.send(); err != nil {
			return fmt.Errorf("%s: %w", l.title, err)
		}
		took[l.id] = append(took[l.id], time.Since(began).Seconds())
		if err := o.ask("DELETE", "/providers/"+instance, "application/json", nil, nil); err != nil {
			return err
		}
	}
	return nil
}
