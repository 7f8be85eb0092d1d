package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// balance asks for the money that is left.
func balance(t *patchbay.Task) (patchbay.Reply, error) {
	a := configured
	if a.balance == nil {
		return patchbay.Reply{}, patchbay.NotFound("Balance is not configured!")
	}
	amount, err := a.askBalance(t)
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	var o patchbay.Object
	return patchbay.JSON(o.Str("amount", amount).Str("currency", a.currency).Value()), nil
}

func (a *aggregator) askBalance(t *patchbay.Task) (string, error) {
	request, err := a.balance.Build(nil, a.authorization)
	if err != nil {
		return "", err
	}
	status, body, err := a.fetch(t, request)
	if err != nil {
		return "", err
	}
	v := body.Path(a.balancePath)
	if k := v.Kind(); !a.rules.isAccepted(status) || k != abi.String && k != abi.Int && k != abi.Float {
		return "", errors.New(a.detail(status, body, nil) + "; there is no amount at balance_path")
	}
	return clip(v.String()), nil
}

// health asks for the balance when the aggregator has one: that also proves that
// login and key are right. Without one, nothing can be asked that does not send.
func health(t *patchbay.Task) (patchbay.Reply, error) {
	if configured.balance == nil {
		return patchbay.Reply{}, nil
	}
	return balance(t)
}
