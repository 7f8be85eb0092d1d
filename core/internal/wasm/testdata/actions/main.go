// The guest of the engine's tests: each action behaves, or misbehaves, in one way.
package main

import (
	"crypto/rand"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func init() {
	patchbay.OnConfigure(func(settings patchbay.Value) error {
		switch settings.Get("start").String() {
		case "refuse":
			return errors.New("url: it must begin with https")
		case "panic":
			panic("no settings today")
		case "large":
			kept = make([]byte, 40<<20)
		}
		return nil
	})
	for name, h := range map[string]patchbay.Handler{
		"echo": echo, "fetch": fetch, "again": again, "record": record, "clean": clean, "attach": attach,
		"panic": panics, "refuse": refuse, "spin": spin, "exit": exit, "background": background, "grow": grow,
		"print": prints, "log": logs, "sleep": sleep, "random": random, "deep": deep, "kv": kv, "recurse": recurse,
	} {
		patchbay.HandleAction(name, h)
	}
}

func main() {}

var kept []byte

func number(t *patchbay.Task, param string) int {
	n, err := strconv.Atoi(t.Param(param))
	if err != nil {
		panic(err)
	}
	return n
}

func echo(t *patchbay.Task) (patchbay.Reply, error) { return patchbay.JSON(t.Params()), nil }

func fetch(t *patchbay.Task) (patchbay.Reply, error) {
	p, err := t.Fetch(patchbay.Request{URL: t.Param("url")})
	if err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.JSON(p.Data), nil
}

// again asks until the host says yes.
func again(t *patchbay.Task) (patchbay.Reply, error) {
	for {
		if _, err := t.Fetch(patchbay.Request{}); err == nil {
			return patchbay.Reply{}, nil
		}
	}
}

// record writes down what came of a request, also when its time is over.
func record(t *patchbay.Task) (patchbay.Reply, error) {
	_, failure := t.Fetch(patchbay.Request{})
	result := patchbay.ResultOK
	if failure != nil {
		result = patchbay.ResultUnknown
	}
	if err := t.EndSMS("1", result, nil); err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.Reply{}, failure
}

// clean asks for local operations without an end, until its task is cancelled;
// then its deferred functions must run.
var cleaned []byte

func clean(t *patchbay.Task) (patchbay.Reply, error) {
	if t.Param("ask") != "" {
		return patchbay.JSON(patchbay.Value(cleaned)), nil
	}
	defer func() { cleaned = patchbay.Value("\xa3yes") }()
	for {
		_, err := t.Get("key")
		var e *patchbay.Error
		if errors.As(err, &e) && strings.Contains(e.Detail, "went away") {
			return patchbay.Reply{}, err
		}
	}
}

func attach(t *patchbay.Task) (patchbay.Reply, error) {
	a, err := t.Recording("1")
	if err != nil {
		return patchbay.Reply{}, err
	}
	if _, err := t.Recording("2"); err != nil {
		return patchbay.Reply{}, err
	}
	switch t.Param("name") {
	case "unknown":
		a.ID = 99
	case "none":
		return patchbay.Reply{}, nil
	case "fail":
		return patchbay.Reply{}, errors.New("changed my mind")
	}
	return patchbay.Attach(a), nil
}

func panics(t *patchbay.Task) (patchbay.Reply, error) {
	var none map[string]int
	none["x"] = 1
	return patchbay.Reply{}, nil
}

func refuse(t *patchbay.Task) (patchbay.Reply, error) {
	return patchbay.Reply{}, patchbay.Unavailable("MTS", errors.New("connection refused"))
}

var sink int

func spin(t *patchbay.Task) (patchbay.Reply, error) {
	for {
		sink++
	}
}

func exit(t *patchbay.Task) (patchbay.Reply, error) {
	if t.Param("after") == "fetch" {
		if _, err := t.Fetch(patchbay.Request{}); err != nil {
			return patchbay.Reply{}, err
		}
	}
	os.Stderr.WriteString("my last words\n")
	os.Exit(7)
	return patchbay.Reply{}, nil
}

// background panics where no handler can catch it.
func background(t *patchbay.Task) (patchbay.Reply, error) {
	done := make(chan bool)
	go func() {
		defer close(done)
		panic("boom in the background")
	}()
	<-done
	return patchbay.Reply{}, nil
}

// grow allocates mb megabytes; it keeps them with keep.
func grow(t *patchbay.Task) (patchbay.Reply, error) {
	b := make([]byte, number(t, "mb")<<20)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	if t.Param("keep") != "" {
		kept = b
	}
	if t.Param("then") == "fetch" {
		return fetch(t)
	}
	return patchbay.Reply{}, nil
}

func prints(t *patchbay.Task) (patchbay.Reply, error) {
	os.Stdout.WriteString("one\ntwo\x1b[31m red")
	os.Stdout.WriteString(" three\n")
	for range 30_000 {
		os.Stderr.WriteString("flood\n")
	}
	return patchbay.Reply{}, nil
}

func logs(t *patchbay.Task) (patchbay.Reply, error) {
	t.Warn("first", "line", "two\nlines")
	t.Info(strings.Repeat("long ", 10_000))
	for range 10_000 {
		t.Info("flood")
	}
	return patchbay.Reply{}, nil
}

func sleep(t *patchbay.Task) (patchbay.Reply, error) {
	time.Sleep(time.Duration(number(t, "ms")) * time.Millisecond)
	return patchbay.Reply{}, nil
}

// random asks for what costs the host and hardly the guest.
func random(t *patchbay.Task) (patchbay.Reply, error) {
	b := make([]byte, 1<<20)
	for {
		if _, err := rand.Read(b); err != nil {
			return patchbay.Reply{}, err
		}
	}
}

func deep(t *patchbay.Task) (patchbay.Reply, error) {
	v, err := t.Call("test.point", "down", "self", nil)
	if err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.JSON(v), nil
}

func kv(t *patchbay.Task) (patchbay.Reply, error) {
	b, err := t.Get("key")
	return patchbay.JSON(patchbay.Value(b)), err
}

func recurse(t *patchbay.Task) (patchbay.Reply, error) {
	return patchbay.JSON(abi.IntValue(int64(levels(number(t, "n"))))), nil
}

// levels returns how deep it went. What it keeps on the stack is about that of a parser.
//
//go:noinline
func levels(n int) int {
	if n == 0 {
		return 0
	}
	var kept [8]int
	kept[n%8] = levels(n - 1)
	return 1 + kept[n%8]
}
