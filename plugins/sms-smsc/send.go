package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

func send(t *patchbay.Task, m sms.Message) (sms.Sent, error) {
	fields := []string{"phones", m.Phone, "mes", m.Text} // with its plus sign a number is not corrected
	if m.Originator == "" {
		m.Originator = sender
	}
	if m.Originator != "" {
		fields = append(fields, "sender", m.Originator)
	}
	data, err := call(t, "send.php", fields...)
	if err != nil {
		return sms.Sent{}, err
	}
	id := data.Get("id").String()
	if id == "" {
		return sms.Sent{}, patchbay.Uncertain(system, "the answer names neither an id nor an error")
	}
	return sms.Sent{MessageID: id}, nil
}

func balance(t *patchbay.Task) (sms.Balance, error) {
	data, err := call(t, "balance.php", "cur", "1")
	if err != nil {
		return sms.Balance{}, err
	}
	amount, ok := sms.Amount(data.Get("balance"))
	if !ok {
		return sms.Balance{}, patchbay.Unavailable(system, errors.New("the answer has no balance"))
	}
	currency := data.Get("currency").String()
	if currency == "" || currency == "RUR" {
		currency = "RUB"
	}
	return sms.Balance{Amount: amount, Currency: currency}, nil
}
