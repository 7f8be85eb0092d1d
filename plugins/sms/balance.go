package main

import (
	"errors"
	"slices"
	"strconv"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// balance answers what is left at one provider, or at all that can tell.
func balance(t *patchbay.Task) (patchbay.Reply, error) {
	all, err := t.Providers(point)
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	name := t.Param("provider")
	if name != "" {
		i := slices.IndexFunc(all, func(p patchbay.Provider) bool { return p.Instance == name })
		if i < 0 {
			return patchbay.Reply{}, patchbay.NotFound("No such provider!")
		}
		all = all[i : i+1]
	}
	var rows patchbay.List
	for _, p := range all {
		row, err := amount(t, p)
		switch {
		case err == nil:
			rows.Add(row)
		case err == errNoBalance && name == "":
		case err == errNoBalance:
			return patchbay.Reply{}, patchbay.NotFound("The provider tells no balance!")
		case name != "":
			return patchbay.Reply{}, patchbay.Unavailable(system, err)
		default:
			t.Warn("provider does not tell its balance", "provider", p.Instance, "error", err.Error())
			rows.Add(new(patchbay.Object).Str("provider", p.Instance).Str("error", system+" is unavailable!").Value())
		}
	}
	var o patchbay.Object
	return patchbay.JSON(o.Str("result", "OK").Set("data", rows.Value()).Value()), nil
}

var errNoBalance = errors.New("tells no balance")

func amount(t *patchbay.Task, p patchbay.Provider) (patchbay.Value, error) {
	if !slices.Contains(p.Operations, "balance") {
		return nil, errNoBalance
	}
	answer, err := t.Call(point, "balance", p.Instance, new(patchbay.Object).Value())
	if e, ok := errors.AsType[*patchbay.Error](err); ok && e.Code == abi.CodeNotFound {
		return nil, errNoBalance
	}
	if err != nil {
		return nil, err
	}
	return new(patchbay.Object).Str("provider", p.Instance).Str("amount", answer.Get("amount").String()).
		Str("currency", answer.Get("currency").String()).Value(), nil
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
