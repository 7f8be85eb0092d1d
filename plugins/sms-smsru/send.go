package main

import (
	"errors"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

// send succeeds when both levels do: the request and the number in it.
func send(t *patchbay.Task, m sms.Message) (sms.Sent, error) {
	fields := []string{"to", strings.TrimPrefix(m.Phone, "+"), "msg", m.Text}
	if m.Originator == "" {
		m.Originator = sender
	}
	if m.Originator != "" {
		fields = append(fields, "from", m.Originator)
	}
	data, err := call(t, "sms/send", fields...)
	if err != nil {
		return sms.Sent{}, err
	}
	result := only(data)
	if result.Get("status").String() == "ERROR" {
		return sms.Sent{}, refusal(t, result)
	}
	id := result.Get("sms_id").String()
	if id == "" {
		return sms.Sent{}, patchbay.Uncertain(system, "the answer names neither an id nor an error for the number")
	}
	return sms.Sent{MessageID: id}, nil
}

func balance(t *patchbay.Task) (sms.Balance, error) {
	data, err := call(t, "my/balance")
	if err != nil {
		return sms.Balance{}, err
	}
	amount, ok := sms.Amount(data.Get("balance"))
	if !ok {
		return sms.Balance{}, patchbay.Unavailable(system, errors.New("the answer has no balance"))
	}
	return sms.Balance{Amount: amount, Currency: "RUB"}, nil
}
