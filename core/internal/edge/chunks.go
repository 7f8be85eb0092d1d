package edge

// chunkByte takes one byte of a chunked body that is not data.
func (f *framing) chunkByte(b byte) {
	switch f.state {
	case inChunkSize:
		f.chunkSize(b)
	case inChunkExtension:
		switch {
		case b == '\r':
			f.state = atChunkLF
		case classes[b]&classValue == 0:
			f.fail(ReasonChunk)
		default:
			if f.extensions++; f.extensions > maxChunkExtensions {
				f.fail(ReasonChunk)
			}
		}
	case atChunkLF:
		switch {
		case b != '\n':
			f.fail(ReasonChunk)
		case f.rest == 0:
			f.state = atTrailer
		default:
			f.state = inChunk
		}
	case atChunkEnd:
		f.expect(b, '\r', atChunkEndLF, ReasonChunk)
	case atChunkEndLF:
		if f.expect(b, '\n', inChunkSize, ReasonChunk) {
			f.rest, f.digits = 0, 0
		}
	case atTrailer:
		// What would be done with fields that come when everything is decided?
		f.expect(b, '\r', atTrailerLF, ReasonTrailer)
	case atTrailerLF:
		if f.expect(b, '\n', atStart, ReasonTrailer) {
			f.end()
		}
	}
}

func (f *framing) chunkSize(b byte) {
	digit := int64(-1)
	switch {
	case b >= '0' && b <= '9':
		digit = int64(b - '0')
	case b|0x20 >= 'a' && b|0x20 <= 'f':
		digit = int64(b|0x20-'a') + 10
	}
	switch {
	case digit >= 0 && f.digits < maxChunkDigits:
		f.digits++
		f.rest = f.rest<<4 | digit
	case f.digits == 0 || digit >= 0:
		f.fail(ReasonChunk)
	case b == '\r':
		f.state = atChunkLF
	case b == ';':
		f.state = inChunkExtension
	default:
		f.fail(ReasonChunk)
	}
}
