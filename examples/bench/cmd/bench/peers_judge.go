package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// judgePeers sets the figures of the peers against the goals.
func (b *bench) judgePeers(peers []*peer) {
	by := map[string]*peer{}
	for _, p := range peers {
		by[p.id] = p
	}
	type pair struct {
		what   string
		work   int
		own    *peer
		to     *peer
		figure func(*round) float64
		format string // of the peer's figure and of ours
		goal   float64
		least  bool
		noisy  bool
	}
	rate, each := (*round).perSecond, (*round).each
	perSecond, micros, millis := "%.0f/s, Patchbay %.0f/s", "%.1f µs, Patchbay %.1f µs", "%.2f ms, Patchbay %.2f ms"
	var pairs []pair
	for _, own := range []*peer{by[gateway], by[rustID]} {
		pairs = append(pairs,
			pair{"throughput of native Go", 0, own, by[native], rate, perSecond, goalNative, true, false},
			pair{"throughput of native Go", 1, own, by[native], rate, perSecond, goalNative, true, false},
			pair{"CPU of nginx + Lua", 0, own, by[nginxID], each, micros, goalNginx, false, false},
			pair{"p99 of native Go", 0, own, by[native], p99, millis, goalTail, false, true},
			pair{"p99 of native Go", 1, own, by[native], p99, millis, goalTail, false, true})
	}
	// Their plugins are in Go.
	pairs = append(pairs,
		pair{"throughput of Traefik", 0, by[gateway], by[traefik], rate, perSecond, goalOther, true, false},
		pair{"throughput of Traefik", 1, by[gateway], by[traefik], rate, perSecond, goalOther, true, false},
		pair{"throughput of Extism", 0, by[gateway], by[extismID], rate, perSecond, goalExtism, true, false},
		pair{"throughput of Extism", 1, by[gateway], by[extismID], rate, perSecond, goalExtism, true, false})
	for _, c := range pairs {
		name := "work " + works[c.work].letter + c.own.in() + " against the " + c.what
		if missing := cmp.Or(c.to.missing, c.own.missing); missing != "" {
			b.unmeasured(name, missing)
			continue
		}
		theirs, ours, ratio := c.to.of(c.work, c.figure), c.own.of(c.work, c.figure), c.own.against(c.to, c.work, c.figure)
		if c.least {
			b.atLeast(name, ratio, c.goal, "×", c.format, theirs, ours)
		} else {
			b.atMost(name, ratio, c.goal, "×", c.format, theirs, ours)
		}
		b.figures[len(b.figures)-1].noisy = c.noisy
	}
	// What no goal names, but a reader asks.
	for i, w := range works {
		for _, own := range []*peer{by[gateway], by[rustID]} {
			if to := by[native]; to.missing == "" && own.missing == "" {
				b.note("work "+w.letter+own.in()+", CPU against native Go", "%.2f× (%.1f µs, Patchbay %.1f µs)",
					own.against(to, i, each), to.of(i, each), own.of(i, each))
			}
		}
		for _, id := range []string{extismID + "-off", extismID + "-text"} {
			if to := by[id]; to != nil && to.missing == "" {
				b.note("work "+w.letter+" against "+to.title, "%.1f× of its throughput", by[gateway].against(to, i, rate))
			}
		}
	}
	for _, own := range []*peer{by[gateway], by[rustID]} {
		name := "failed requests of Patchbay" + own.in()
		if own.missing != "" {
			b.unmeasured(name, own.missing)
			continue
		}
		b.atMost(name, float64(own.failed()), 0, "", "of %d", own.answered())
	}
}

// in is what the name of a figure says of the plugin's language, nothing of Go.
func (p *peer) in() string {
	if p.id == rustID {
		return " in Rust"
	}
	return ""
}

var errDiffers = errors.New("they must do the same")

// sameAnswers sends what integrators send, mistakes included, and compares status
// and body with what another peer answered, byte for byte.
func sameAnswers(server *process, users string, want []answer) ([]answer, error) {
	tokens, err := readTokens(users)
	if err != nil {
		return want, err
	}
	var got []answer
	for _, e := range examples(tokens) {
		c, err := dial(server.address)
		if err != nil {
			return want, err
		}
		a, err := c.do(request("POST", server.address, e.path, e.token, e.body), true)
		_ = c.Close()
		if err != nil {
			return want, fmt.Errorf("%s with %.60s: %w", e.path, e.body, err)
		}
		got = append(got, a)
		if n := len(got) - 1; want != nil && (a.status != want[n].status || string(a.body) != string(want[n].body)) {
			return want, fmt.Errorf("%s with %.80q answers %d %s, and another peer %d %s; %w",
				e.path, e.body, a.status, a.body, want[n].status, want[n].body, errDiffers)
		}
	}
	if want == nil && (got[0].status != 200 || got[len(got)-1].status != 401) {
		return want, fmt.Errorf("the first peer answers %d %s and %d: nothing could be compared with that", got[0].status, got[0].body, got[len(got)-1].status)
	}
	return got, nil
}

type example struct{ path, token, body string }

// callerTokens are those of a user who may, of one without the right and of one who
// is blocked.
type callerTokens struct{ may, other, blocked string }

// readTokens reads the file that `twin fill --users` writes; its last two users may
// not do what is measured.
func readTokens(path string) (t callerTokens, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return t, err
	}
	var tokens []string
	for line := range strings.Lines(string(text)) {
		token, _, _ := strings.Cut(line, "\t")
		tokens = append(tokens, token)
	}
	if len(tokens) < 3 {
		return t, fmt.Errorf("%s has %d users", path, len(tokens))
	}
	n := len(tokens)
	return callerTokens{may: tokens[n-3], other: tokens[n-2], blocked: tokens[n-1]}, nil
}

// randomExamples of each work, beside those that were thought of.
const randomExamples = 100

func examples(t callerTokens) (out []example) {
	bodies := append(fixedBodies(), randomBodies(randomExamples)...)
	for _, w := range works {
		for _, body := range bodies {
			out = append(out, example{w.path, t.may, body})
		}
		out = append(out, example{w.path, t.other, message}, example{w.path, t.blocked, message}, example{w.path, "", message})
	}
	return out
}

func fixedBodies() []string {
	return []string{
		message,
		`{"phone":"+7 (919) 000-00.00","message":"` + strings.Repeat("Frontline ", 40) + `"}`,
		`{"phone":"00447700900123","message":"price {50} €, \"quoted\"\n` + strings.Repeat("x", 140) + `"}`,
		`{"message":"` + strings.Repeat("я", 66) + "😀" + strings.Repeat("я", 66) + `","phone":"+375291234567"}`,
		`{"phone":"9190000000","message":"Gr\u00fc\u00dfe \ud83d\ude00"}`,
		`{"phone":"84957777777","message":"a landline"}`,
		`{"phone":"+8390000000","message":"no such country"}`,
		`{"phone":"call me","message":"text"}`,
		`{"phone":"89190000000"}`,
		`{"phone":"89190000000","message":""}`,
		`{"message":"text"}`,
		`{"phone":"89190000000","message":"` + strings.Repeat("x", 1601) + `"}`,
		`{"phone":`,
		`[]`,
	}
}

// randomBodies are the same in every run.
func randomBodies(n int) (out []string) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(from []rune, length int) string {
		text := make([]rune, length)
		for i := range text {
			text[i] = from[r.IntN(len(from))]
		}
		return string(text)
	}
	beginnings := []string{"", "+", "+7", "8", "7", "9", "00", "89", "+79", "(8) 9", "++", "-+"}
	texts := [][]rune{[]rune("abc xyz"), []rune("abc^{}[]~|\\€"), []rune("éßΩ¿@`\n"), []rune("при вет"), []rune("я😀z"), []rune("😀🏽a")}
	for range n {
		phone := beginnings[r.IntN(len(beginnings))] + pick([]rune("0123456789"), r.IntN(13)) + pick([]rune("0123 -.()"), r.IntN(4))
		sms := pick(texts[r.IntN(len(texts))], r.IntN(330))
		out = append(out, `{"phone":`+quote(phone)+`,"message":`+quote(sms)+`}`)
	}
	return out
}

// quote writes text as JSON.
func quote(text string) string {
	out, err := json.Marshal(text)
	if err != nil { // no string makes it fail
		return `""`
	}
	return string(out)
}

// recorded proves that no peer saved itself the record: each has one for every
// request that was answered.
func (b *bench) recorded(ctx context.Context, peers []*peer, places []peerPlace) error {
	for i, p := range peers {
		if p.missing != "" {
			continue
		}
		answered := p.answered()
		n, err := b.records(ctx, p, places[i])
		if err != nil {
			return fmt.Errorf("%s: records: %w", p.id, err)
		}
		if n < answered {
			return fmt.Errorf("%s answered %d requests and recorded %d", p.id, answered, n)
		}
	}
	return nil
}

func (b *bench) records(ctx context.Context, p *peer, at peerPlace) (int, error) {
	if mark := map[string]string{nginxID: "\n", traefik: "request_X-Bench-Record"}[p.id]; mark != "" { // in each record
		text, err := os.ReadFile(filepath.Join(at.dir, "journal"))
		return strings.Count(string(text), mark), err
	}
	out, err := exec.CommandContext(ctx, b.program("bench/twin"), "count", "--data", at.dir).Output()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}
