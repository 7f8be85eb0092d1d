package main

import "math/bits"

const (
	digestSize = 20
	blockSize  = 64
)

// sha1sum is SHA-1 (FIPS 180-4). The packages of std bring time, reflect and more
// into a guest; the same goes for base64.
func sha1sum(message []byte) (sum [digestSize]byte) {
	length := uint64(len(message)) * 8
	b := append(append([]byte(nil), message...), 0x80)
	for len(b)%blockSize != blockSize-8 {
		b = append(b, 0)
	}
	b = append(b, byte(length>>56), byte(length>>48), byte(length>>40), byte(length>>32),
		byte(length>>24), byte(length>>16), byte(length>>8), byte(length))
	h := [5]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}
	for ; len(b) > 0; b = b[blockSize:] {
		block(&h, b[:blockSize])
	}
	for i := range sum {
		sum[i] = byte(h[i/4] >> (24 - i%4*8))
	}
	return sum
}

func block(h *[5]uint32, p []byte) {
	var w [80]uint32
	for i := range 16 {
		w[i] = uint32(p[4*i])<<24 | uint32(p[4*i+1])<<16 | uint32(p[4*i+2])<<8 | uint32(p[4*i+3])
	}
	for i := 16; i < len(w); i++ {
		w[i] = bits.RotateLeft32(w[i-3]^w[i-8]^w[i-14]^w[i-16], 1)
	}
	a, b, c, d, e := h[0], h[1], h[2], h[3], h[4]
	for i, word := range w {
		var f, k uint32
		switch {
		case i < 20:
			f, k = b&c|^b&d, 0x5a827999
		case i < 40:
			f, k = b^c^d, 0x6ed9eba1
		case i < 60:
			f, k = b&c|b&d|c&d, 0x8f1bbcdc
		default:
			f, k = b^c^d, 0xca62c1d6
		}
		a, b, c, d, e = bits.RotateLeft32(a, 5)+f+e+k+word, a, bits.RotateLeft32(b, 30), c, d
	}
	h[0], h[1], h[2], h[3], h[4] = h[0]+a, h[1]+b, h[2]+c, h[3]+d, h[4]+e
}

// hmacSHA1 is HMAC (RFC 2104) with SHA-1.
func hmacSHA1(key, message []byte) [digestSize]byte {
	if len(key) > blockSize {
		sum := sha1sum(key)
		key = sum[:]
	}
	var inner, outer [blockSize]byte
	copy(inner[:], key)
	copy(outer[:], key)
	for i := range blockSize {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	sum := sha1sum(append(inner[:], message...))
	return sha1sum(append(outer[:], sum[:]...))
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// base64 encodes a digest (RFC 4648): six groups of three bytes and one of two.
func base64(sum [digestSize]byte) string {
	var b []byte
	for i := 0; i < digestSize; i += 3 {
		group := uint32(sum[i])<<16 | uint32(sum[i+1])<<8
		if i+2 < digestSize {
			group |= uint32(sum[i+2])
		}
		b = append(b, base64Digits[group>>18], base64Digits[group>>12&63], base64Digits[group>>6&63], base64Digits[group&63])
	}
	b[len(b)-1] = '='
	return string(b)
}
