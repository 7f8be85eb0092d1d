package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

var parsers = map[string]abi.Parse{
	"": abi.ParseNone, "none": abi.ParseNone, "auto": abi.ParseAuto, "json": abi.ParseJSON, "xml": abi.ParseXML, "form": abi.ParseForm,
}

func fetch(t *patchbay.Task) (patchbay.Reply, error) {
	p := t.Params()
	parse, ok := parsers[p.Get("parse").String()]
	if !ok {
		return patchbay.Reply{}, patchbay.Invalid("parse", "")
	}
	timeout, _ := p.Get("timeout_ms").Int()
	answer, err := t.Fetch(patchbay.Request{
		Method: p.Get("method").String(), URL: p.Get("url").String(), Header: p.Get("header"), Body: p.Get("body").Bytes(),
		TimeoutMS: int(timeout), Parse: parse,
	})
	if err != nil {
		return patchbay.Reply{}, err
	}
	o := new(patchbay.Object).Int("status", int64(answer.Status)).Set("header", answer.Header).
		Str("body", string(answer.Body)).Set("data", answer.Data)
	return patchbay.JSON(o.Value()), nil
}

func fetchTwice(t *patchbay.Task) (patchbay.Reply, error) {
	var statuses patchbay.List
	for _, url := range []string{t.Param("first"), t.Param("second")} {
		answer, err := t.Fetch(patchbay.Request{URL: url})
		if err != nil {
			return patchbay.Reply{}, err
		}
		statuses.Add(abi.IntValue(int64(answer.Status)))
	}
	return patchbay.JSON(statuses.Value()), nil
}

// steps runs [["put", key, value, ttl], ["get", key], …] on the key-value store.
func steps(t *patchbay.Task) (patchbay.Reply, error) {
	var results patchbay.List
	for step := range t.Params().Get("steps").Elements() {
		result, err := run(t, step)
		if err != nil {
			return patchbay.Reply{}, err
		}
		results.Add(result)
	}
	return patchbay.JSON(results.Value()), nil
}

func run(t *patchbay.Task, step patchbay.Value) (patchbay.Value, error) {
	key := step.Index(1).String()
	switch step.Index(0).String() {
	case "put":
		ttl, _ := step.Index(3).Int()
		return abi.BoolValue(true), t.Put(key, step.Index(2).Bytes(), ttl)
	case "delete":
		return abi.BoolValue(true), t.Delete(key)
	case "get":
		value, err := t.Get(key)
		if missing, ok := errors.AsType[*patchbay.Error](err); ok && missing.Code == abi.CodeNotFound {
			return abi.AppendNil(nil), nil
		}
		return abi.StringValue(string(value)), err
	case "list":
		limit, _ := step.Index(2).Int()
		entries, err := t.Keys(key, int(limit))
		var list patchbay.List
		for e := range entries.Elements() {
			list.Add(new(patchbay.List).Add(abi.StringValue(e.Index(0).String())).Add(abi.StringValue(e.Index(1).String())).Value())
		}
		return list.Value(), err
	}
	return nil, patchbay.Invalid("steps", "unknown step")
}
