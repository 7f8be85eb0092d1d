// Command guest is the plugin of this package's tests: it does what the
// parameters of its actions say.
package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func init() {
	patchbay.OnConfigure(func(v patchbay.Value) error {
		if reason := v.Get("refuse").String(); reason != "" {
			return &patchbay.Error{Code: abi.CodeInvalid, Message: reason, Source: abi.SourcePlugin}
		}
		return nil
	})
	patchbay.OnHealth(func(*patchbay.Task) (patchbay.Reply, error) { return patchbay.Reply{}, errors.New("not well") })
	patchbay.HandleAction("fetch", fetch)
	patchbay.HandleAction("store", store)
	patchbay.HandleAction("sms", sms)
	patchbay.HandleAction("record", record)
	patchbay.HandleAction("crash", crash)
}

func main() {}

// fetch asks for each url and replies with what came of it.
func fetch(t *patchbay.Task) (patchbay.Reply, error) {
	var out patchbay.List
	for q := range t.Params().Get("requests").Elements() {
		answer, err := t.Fetch(patchbay.Request{
			Method: q.Get("method").String(), URL: q.Get("url").String(), Header: q.Get("header"), Body: q.Get("body").Bytes(), Parse: abi.ParseAuto,
		})
		var e *patchbay.Error
		var o patchbay.Object
		switch {
		case errors.As(err, &e):
			o.Str("code", string(e.Code)).Bool("sent", e.Sent)
		case answer.Data.Exists():
			o.Int("status", int64(answer.Status)).Set("data", answer.Data)
		default:
			o.Int("status", int64(answer.Status)).Str("body", string(answer.Body))
		}
		out.Add(o.Value())
	}
	t.Info("fetched")
	return patchbay.JSON(new(patchbay.Object).Set("answers", out.Value()).Value()), nil
}

func store(t *patchbay.Task) (patchbay.Reply, error) {
	old, err := t.Get("k")
	var e *patchbay.Error
	if errors.As(err, &e) && e.Code == abi.CodeNotFound {
		err = nil
	}
	if err != nil {
		return patchbay.Reply{}, err
	}
	if err := t.Put("k", []byte("new"), 0); err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.JSON(new(patchbay.Object).Str("old", string(old)).Value()), nil
}

func sms(t *patchbay.Task) (patchbay.Reply, error) {
	id, err := t.BeginSMS(new(patchbay.Object).Str("phone", t.Phone("phone").E164).Value())
	if err != nil {
		return patchbay.Reply{}, err
	}
	answer, err := t.Call("sms.provider", "send", "main", new(patchbay.Object).Str("reference", id).Value())
	if err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.JSON(answer), nil
}

func record(t *patchbay.Task) (patchbay.Reply, error) {
	a, err := t.Recording("x")
	if err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.Attach(a), nil
}

func crash(t *patchbay.Task) (patchbay.Reply, error) {
	return patchbay.Reply{}, recursion(t.Params())
}

func recursion(v patchbay.Value) error {
	if err := recursion(v.Get("x")); err != nil {
		return err
	}
	return errors.New(v.String())
}
