// Command conformance is the guest that proves this SDK: it implements the
// operations of sdk-plugin/abi/conformance, whose cases it passes on the engine.
package main

import (
	"slices"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

const point = "conformance.kit"

func init() {
	patchbay.OnConfigure(configure)
	for name, handler := range map[string]patchbay.Handler{
		"echo": echo, "describe": describe, "settings": showSettings, "fetch": fetch, "fetch_twice": fetchTwice, "kv": steps,
		"fail": fail, "crash": crash, "log": writeLog, "spin": spin,
	} {
		patchbay.HandleOperation(point, name, handler)
	}
}

func main() {}

var settings patchbay.Value

func configure(v patchbay.Value) error {
	if reason := v.Get("refuse"); reason.Exists() {
		return &patchbay.Error{Code: abi.CodeInvalid, Source: abi.SourcePlugin, Message: reason.String()}
	}
	settings = slices.Clone(v)
	return nil
}

func echo(t *patchbay.Task) (patchbay.Reply, error) { return patchbay.JSON(t.Params()), nil }

func showSettings(*patchbay.Task) (patchbay.Reply, error) { return patchbay.JSON(settings), nil }

func describe(t *patchbay.Task) (patchbay.Reply, error) {
	o := new(patchbay.Object).Str("instance", t.Instance()).Str("user", t.User()).Bool("request_id_is_set", t.RequestID() != "").
		Str("name", "describe").Str("point", point)
	return patchbay.JSON(o.Value()), nil
}

func fail(t *patchbay.Task) (patchbay.Reply, error) {
	status, _ := t.Params().Get("status").Int()
	retry, _ := t.Params().Get("retry_ms").Int()
	return patchbay.Reply{}, &patchbay.Error{
		Code: abi.Code(t.Param("code")), Status: int(status), Message: t.Param("message"), Source: abi.Source(t.Param("source")),
		Detail: t.Param("detail"), Sent: t.Params().Get("sent").Bool(), RetryMS: int(retry),
	}
}

func crash(*patchbay.Task) (patchbay.Reply, error) { panic("the case asked for it") }

func writeLog(t *patchbay.Task) (patchbay.Reply, error) {
	write := map[string]func(string, ...string){"debug": t.Debug, "info": t.Info, "warn": t.Warn, "error": t.Error}[t.Param("level")]
	if write == nil {
		return patchbay.Reply{}, patchbay.Invalid("level", "")
	}
	write(t.Param("text"))
	return patchbay.JSON(abi.AppendNil(nil)), nil
}

func spin(*patchbay.Task) (patchbay.Reply, error) {
	for n := uint32(1); n != 0; n += 2 { // never 0
	}
	return patchbay.Reply{}, nil
}
