package auth

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"
)

// FuzzSession: a stored token is taken only when key and value belong together.
func FuzzSession(f *testing.F) {
	hash := tokenHash(bytes.Repeat([]byte{7}, len(tokenHash{})))
	key := hex.EncodeToString(hash[:])
	good, err := json.Marshal(sessionRecord{ID: tokenID(hash), Login: "a", Expires: time.Unix(1_700_000_000, 0).UTC()})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := decodeSession(key, good); err != nil {
		f.Fatalf("a sound one: %v", err)
	}
	f.Add(key, good)
	f.Add(key[2:], good)
	f.Add(key+"00", good)
	f.Add("07"+key[2:len(key)-2]+"08", good)
	f.Add(key, []byte("{}"))
	f.Add("", []byte(nil))
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		s, err := decodeSession(key, value)
		if (s == nil) == (err == nil) {
			t.Fatalf("%q %q: %v, %v", key, value, s, err)
		}
		if err != nil {
			return
		}
		if raw, err := hex.DecodeString(key); err != nil || !bytes.Equal(raw, s.hash[:]) || s.rec.ID != tokenID(s.hash) || s.rec.Login == "" {
			t.Fatalf("%q %q became %+v", key, value, s.rec)
		}
	})
}
