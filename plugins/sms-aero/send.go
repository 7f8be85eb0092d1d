package main

import (
	"errors"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

func send(t *patchbay.Task, m sms.Message) (sms.Sent, error) {
	if m.Originator == "" {
		m.Originator = sender
	}
	fields := []string{"number", strings.TrimPrefix(m.Phone, "+"), "text", m.Text, "sign", m.Originator}
	if m.ReceiptURL != "" {
		fields = append(fields, "callbackUrl", m.ReceiptURL, "callbackFormat", "JSON")
	}
	data, err := call(t, "sms/send", fields...)
	if err != nil {
		return sms.Sent{}, err
	}
	if data.Kind() == patchbay.Array { // as for a request with several numbers
		data = data.Index(0)
	}
	id := data.Get("id").String()
	if id == "" {
		return sms.Sent{}, patchbay.Uncertain(system, "the answer names neither an id nor an error")
	}
	return sms.Sent{MessageID: id}, nil
}

func balance(t *patchbay.Task) (sms.Balance, error) {
	data, err := call(t, "balance")
	if err != nil {
		return sms.Balance{}, err
	}
	amount, ok := sms.Amount(data.Get("balance"))
	if !ok {
		return sms.Balance{}, patchbay.Unavailable(system, errors.New("the answer has no balance"))
	}
	return sms.Balance{Amount: amount, Currency: "RUB"}, nil
}
