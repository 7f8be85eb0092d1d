package main

// Encodings of an SMS.
const (
	gsm7 = "gsm7"
	ucs2 = "ucs2"
)

// segments returns the encoding that a text needs and the number of SMS that it
// takes. Letters outside ASCII count as UCS-2, which is enough for a benchmark;
// plugins/sms knows the whole GSM alphabet.
func segments(text string) (encoding string, n int) {
	encoding = gsm7
	units := 0
	for _, r := range text {
		units++
		if r > 0x7f {
			encoding = ucs2
		}
		if r > 0xffff {
			units++
		}
	}
	single, part := 160, 153
	if encoding == ucs2 {
		single, part = 70, 67
	}
	if units <= single {
		return encoding, 1
	}
	return encoding, (units + part - 1) / part
}
