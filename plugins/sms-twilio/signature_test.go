package main

import (
	"crypto/hmac"
	"crypto/sha1"
	stdbase64 "encoding/base64"
	"testing"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

// FuzzHMAC compares with the package of std, which tests may use.
func FuzzHMAC(f *testing.F) {
	f.Add([]byte(""), []byte(""))
	for n := range 140 { // around the ends of blocks
		f.Add(make([]byte, n), make([]byte, 139-n))
	}
	f.Fuzz(func(t *testing.T, key, message []byte) {
		std := hmac.New(sha1.New, key)
		std.Write(message)
		want := std.Sum(nil)
		got := hmacSHA1(key, message)
		if string(got[:]) != string(want) || base64(got) != stdbase64.StdEncoding.EncodeToString(want) {
			t.Errorf("HMAC(%x, %x) = %x, want %x", key, message, got, want)
		}
	})
}

// webhook makes a request from pairs of names and values.
func webhook(signature string, fields ...string) sms.Webhook {
	var form, header patchbay.Object
	for i := 0; i < len(fields); i += 2 {
		form.Str(fields[i], fields[i+1])
	}
	return sms.Webhook{Header: header.Str("x-twilio-signature", signature).Value(), Data: form.Value()}
}

// TestSigned uses the examples of Twilio's documentation on security, in its
// versions of 2023 and 2021.
func TestSigned(t *testing.T) {
	authToken = "12345"
	for _, c := range []struct {
		name, url string
		w         sms.Webhook
		want      bool
	}{
		{"documentation", "https://mycompany.com/myapp.php?foo=1&bar=2", webhook("RSOYDt4T1cUTdK1PDd93/VVr8B8=", "To", "+18005551212",
			"CallSid", "CA1234567890ABCDE", "Caller", "+14158675309", "Digits", "1234", "From", "+14158675309"), true},
		{"documentation, other numbers", "https://mycompany.com/myapp.php?foo=1&bar=2", webhook("0/KCTR6DLpKmkAf8muzZqo1nDgQ=", "To", "+18005551212",
			"CallSid", "CA1234567890ABCDE", "Caller", "+12349013030", "Digits", "1234", "From", "+12349013030"), true},
		{"a changed field", "https://mycompany.com/myapp.php?foo=1&bar=2", webhook("RSOYDt4T1cUTdK1PDd93/VVr8B8=", "To", "+18005551213",
			"CallSid", "CA1234567890ABCDE", "Caller", "+14158675309", "Digits", "1234", "From", "+14158675309"), false},
		{"another address", "https://mycompany.com/myapp.php", webhook("RSOYDt4T1cUTdK1PDd93/VVr8B8=", "To", "+18005551212",
			"CallSid", "CA1234567890ABCDE", "Caller", "+14158675309", "Digits", "1234", "From", "+14158675309"), false},
		{"no signature", "https://mycompany.com/", webhook(""), false},
		{"not base64", "https://mycompany.com/", webhook("!!!!!!!!!!!!!!!!!!!!!!!!!!!!"), false},
	} {
		webhookURL = c.url
		if got := signed(c.w); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	webhookURL = "https://gw.example/hooks/twilio/s"
	port := base64(hmacSHA1([]byte("12345"), []byte("https://gw.example:443/hooks/twilio/sa1")))
	if !signed(webhook(port, "a", "1")) {
		t.Error("the address with its port is not accepted")
	}
}

func TestWithPort(t *testing.T) {
	for url, want := range map[string]string{
		"https://gw.example/hooks/a/b": "https://gw.example:443/hooks/a/b",
		"http://gw.example":            "http://gw.example:80",
		"https://gw.example:8443/x":    "https://gw.example:8443/x",
		"https://[2001:db8::1]/x":      "https://[2001:db8::1]:443/x",
		"https://[2001:db8::1]:1/x":    "https://[2001:db8::1]:1/x",
	} {
		if got := withPort(url); got != want {
			t.Errorf("withPort(%s) = %s, want %s", url, got, want)
		}
	}
}

// TestFormText: a repeated field has each of its values once.
func TestFormText(t *testing.T) {
	var values patchbay.List
	for _, v := range []string{"b", "a", "b"} {
		values.Add(new(patchbay.Object).Str("v", v).Value().Get("v"))
	}
	form := new(patchbay.Object).Set("z", values.Value()).Str("A", "1").Value()
	if got := formText(form); got != "A1zazb" {
		t.Error(got)
	}
}

func TestRFC3339(t *testing.T) {
	for text, want := range map[string]string{
		"Thu, 24 Aug 2023 05:01:45 +0000": "2023-08-24T05:01:45Z",
		"Wed, 31 Dec 2025 23:59:59 +0000": "2025-12-31T23:59:59Z",
		"Thu, 24 Aug 2023 05:01:45 +0300": "",
		"Thu, 24 nJa 2023 05:01:45 +0000": "",
		"Thu, 24 anF 2023 05:01:45 +0000": "",
		"2023-08-24":                      "",
		"":                                "",
	} {
		if got := rfc3339(text); got != want {
			t.Errorf("rfc3339(%q) = %q, want %q", text, got, want)
		}
	}
}
