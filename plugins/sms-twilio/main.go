// Command sms-twilio sends SMS through Twilio.
package main

import (
	"errors"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

// system is the name that people read when something fails.
const system = "Twilio"

var (
	accountSID, authToken    string // settings, see plugin.json
	sender, messagingService string
	webhookURL               string
	timeoutMS                int
	authorization            [2]string // the header of account_sid and auth_token
)

func init() {
	patchbay.Bind("account_sid", &accountSID)
	patchbay.Bind("auth_token", &authToken)
	patchbay.Bind("sender", &sender)
	patchbay.Bind("messaging_service_sid", &messagingService)
	patchbay.Bind("webhook_url", &webhookURL)
	patchbay.Bind("timeout_ms", &timeoutMS)
	patchbay.OnConfigure(configure)
	sms.Serve(sms.Provider{Send: send, Status: status, Balance: balance, Receipt: receipt})
	patchbay.OnHealth(func(t *patchbay.Task) (patchbay.Reply, error) {
		_, err := balance(t)
		return patchbay.Reply{}, err
	})
}

func main() {}

func configure(patchbay.Value) (err error) {
	if sender == "" && messagingService == "" {
		return errors.New("sender: Twilio needs one, or messaging_service_sid")
	}
	if webhookURL != "" && !strings.HasPrefix(webhookURL, "https://") && !strings.HasPrefix(webhookURL, "http://") {
		return errors.New("webhook_url: must be the whole address, https://…/hooks/…")
	}
	o := new(patchbay.Object).Str("auth", template.AuthBasic).Str("login", accountSID).Str("password", authToken)
	authorization, err = template.Authorization(o.Value())
	return err
}
