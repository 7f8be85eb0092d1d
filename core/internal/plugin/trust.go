package plugin

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/minisig"
)

// Origin is how a plugin file came to the gateway.
type Origin string

// Origins.
const (
	OriginFolder  Origin = "folder"  // lies in a plugin folder
	OriginShipped Origin = "shipped" // lies beside the gateway's binary, see [Beside]
	OriginUpload  Origin = "upload"  // came through the administration API
)

// TrustState says what the signature of a file is worth.
type TrustState string

// Trust states.
const (
	Signed   TrustState = "signed"   // by a trusted key, and the signature fits
	Unsigned TrustState = "unsigned" // no signature, or one of a key that is not trusted
	Modified TrustState = "modified" // the signature of a trusted key does not fit
)

// Trust is the result of looking at a plugin file and its signature.
type Trust struct {
	State TrustState
	// KeyID and Comment are those of the signature: the comment only when it was
	// verified, the id also of a key that is not trusted.
	KeyID, Comment string
	// Reason says why it is not signed, "" when it is.
	Reason string
}

// Policy says whose plugins run.
type Policy struct {
	Keys []minisig.Key
	// Unsigned says which origins may do without a signature.
	Unsigned []Origin
}

// Judge looks at a file and its signature, nil when there is none.
func (p Policy) Judge(code, signature []byte) Trust {
	if signature == nil {
		return Trust{State: Unsigned, Reason: "there is no signature"}
	}
	s, err := minisig.Parse(signature)
	if err != nil {
		return Trust{State: Modified, Reason: err.Error()}
	}
	t := Trust{State: Unsigned, KeyID: s.KeyID(), Reason: fmt.Sprintf("key %s, which signed it, is not among the trusted keys", s.KeyID())}
	for _, k := range p.Keys {
		if k.ID() != s.KeyID() {
			continue
		}
		// Ids are not protected: another key may have the same.
		if err := s.Verify(k, code); err != nil {
			t.State, t.Reason = Modified, err.Error()
			continue
		}
		return Trust{State: Signed, KeyID: s.KeyID(), Comment: s.Comment()}
	}
	return t
}

// refusal returns why a file must not run, "" when it may.
func (p Policy) refusal(t Trust, o Origin) string {
	switch t.State {
	case Signed:
		return ""
	case Modified:
		return "modified: " + t.Reason
	}
	if slices.Contains(p.Unsigned, o) {
		return ""
	}
	return "unsigned: " + t.Reason + "; sign it with a trusted key, or allow it with trust { unsigned = … } in gateway.hcl"
}

// ReadSignature reads the signature that belongs to a plugin file; nil when there
// is none. One that is too large is returned cut, so that it is refused.
func ReadSignature(path string) ([]byte, error) {
	f, err := os.Open(path + minisig.Extension)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("signature: %w", err)
	}
	defer f.Close() // read only
	text, err := io.ReadAll(io.LimitReader(f, minisig.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	return text, nil
}
