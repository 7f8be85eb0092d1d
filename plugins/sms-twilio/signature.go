package main

import (
	"slices"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

// signed reports whether a request carries Twilio's signature: HMAC-SHA1 with the
// auth token over the address and the fields of the form, sorted by name
// (https://www.twilio.com/docs/usage/security). Twilio may spell the address with
// the port that its scheme implies.
func signed(w sms.Webhook) bool {
	got := w.Header.Get("x-twilio-signature").String()
	fields := formText(w.Data)
	fits := false
	for _, url := range [...]string{webhookURL, withPort(webhookURL)} {
		want := base64(hmacSHA1([]byte(authToken), []byte(url+fields)))
		fits = equal(want, got) || fits
	}
	return fits
}

// equal takes the same time wherever the texts differ.
func equal(want, got string) bool {
	if len(want) != len(got) {
		return false
	}
	var differs byte
	for i := range len(want) {
		differs |= want[i] ^ got[i]
	}
	return differs == 0
}

// formText joins names and values, sorted by name; a repeated field has each of
// its values once, sorted.
func formText(form patchbay.Value) string {
	var pairs [][2]string
	for name, v := range form.Entries() {
		if v.Kind() != patchbay.Array {
			v = new(patchbay.List).Add(v).Value()
		}
		for e := range v.Elements() {
			pairs = append(pairs, [2]string{name, e.String()})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	var b strings.Builder
	for _, p := range slices.Compact(pairs) {
		b.WriteString(p[0] + p[1])
	}
	return b.String()
}

// withPort adds the port that the scheme implies, unless there is one.
func withPort(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, path, slash := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(host, ':'); at > strings.LastIndexByte(host, ']') {
		return url
	}
	if host += ":443"; scheme == "http" {
		host = strings.TrimSuffix(host, "443") + "80"
	}
	if slash {
		host += "/"
	}
	return scheme + "://" + host + path
}
