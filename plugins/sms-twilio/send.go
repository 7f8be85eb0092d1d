package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

func send(t *patchbay.Task, m sms.Message) (sms.Sent, error) {
	q := patchbay.Post(account("Messages")).Form("To", m.Phone).Form("Body", m.Text)
	if m.Originator == "" {
		m.Originator = sender
	}
	if m.Originator != "" {
		q.Form("From", m.Originator)
	}
	if messagingService != "" {
		q.Form("MessagingServiceSid", messagingService)
	}
	if m.ReceiptURL != "" {
		if webhookURL != "" { // what Twilio calls is what it signs
			m.ReceiptURL = webhookURL
		}
		q.Form("StatusCallback", m.ReceiptURL)
	}
	data, err := call(t, q)
	if err != nil {
		return sms.Sent{}, err
	}
	id := data.Get("sid").String()
	if id == "" {
		return sms.Sent{}, patchbay.Uncertain(system, "the answer names neither a sid nor an error")
	}
	return sms.Sent{MessageID: id}, nil
}

func balance(t *patchbay.Task) (sms.Balance, error) {
	data, err := call(t, patchbay.Get(account("Balance")))
	if err != nil {
		return sms.Balance{}, err
	}
	amount, ok := sms.Amount(data.Get("balance"))
	if !ok {
		return sms.Balance{}, patchbay.Unavailable(system, errors.New("the answer has no balance"))
	}
	return sms.Balance{Amount: amount, Currency: data.Get("currency").String()}, nil
}
