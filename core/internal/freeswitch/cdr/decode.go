package cdr

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/percent"
)

// Decode undoes the transport encoding of a record: with or without "cdr=", plain, percent-encoded or base64. The result does
// not alias body.
//
// # Errors
//
// ErrNotCDR and ErrTooLarge.
func Decode(body []byte) ([]byte, Format, error) {
	if len(body) > MaxBody {
		return nil, "", ErrTooLarge
	}
	data := trimStart(body)
	if rest, ok := bytes.CutPrefix(data, []byte("cdr=")); ok {
		data = trimStart(rest)
	}
	if f := sniff(data); f != "" {
		return bytes.Clone(data), f, nil
	}
	if bytes.HasPrefix(data, []byte("%")) {
		// FreeSWITCH writes a blank as %20 and a plus as %2B: a "+" in the text is a plus.
		plain := trimStart([]byte(percent.Decode(string(data))))
		if f := sniff(plain); f != "" {
			return plain, f, nil
		}
		return nil, "", ErrNotCDR
	}
	if plain, ok := fromBase64(data); ok {
		if f := sniff(plain); f != "" {
			return plain, f, nil
		}
	}
	return nil, "", ErrNotCDR
}

func sniff(data []byte) Format {
	switch {
	case bytes.HasPrefix(data, []byte("<?xml")), bytes.HasPrefix(data, []byte("<cdr")):
		return XML
	case bytes.HasPrefix(data, []byte("{")):
		return JSON
	}
	return ""
}

func trimStart(b []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
}

// fromBase64 tolerates line breaks, missing padding, and a proxy that has percent-encoded "+", "/" and "=".
func fromBase64(data []byte) ([]byte, bool) {
	text := percent.Decode(string(data))
	text = strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == ' ' || r == '\t' {
			return -1
		}
		return r
	}, text)
	plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	return trimStart(plain), err == nil
}
