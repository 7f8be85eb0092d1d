// Package authenticator plays the app on a person's telephone that shows one-time
// codes, for tests of the second factor.
package authenticator

import (
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// Code returns what the app shows at a time for a secret in base32.
func Code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatalf("one-time code: %v", err)
	}
	return code
}
