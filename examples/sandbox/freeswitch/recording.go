package freeswitch

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// recording is a WAV file that is being written: only its header is on disk until it
// stops, as with FreeSWITCH.
type recording struct {
	path, title string
	started     time.Time
	keep        bool // the manual's file stays as it is
}

const sampleRate = 8000

// wave returns an 8 kHz mono PCM16 file with a 440 Hz tone. A title adds the LIST/INFO
// chunk before the data.
func wave(duration time.Duration, title string) []byte {
	samples := int(duration * sampleRate / time.Second)
	head := waveHeader(title, uint32(samples*2))
	for i := range samples {
		v := int16(8000 * math.Sin(2*math.Pi*440*float64(i)/sampleRate))
		head = binary.LittleEndian.AppendUint16(head, uint16(v))
	}
	return head
}

func waveHeader(title string, dataSize uint32) []byte {
	var info []byte
	if title != "" {
		text := append([]byte(title), 0)
		if len(text)%2 == 1 {
			text = append(text, 0)
		}
		info = append([]byte("LIST"), binary.LittleEndian.AppendUint32(nil, uint32(12+len(text)))...)
		info = append(info, "INFOINAM"...)
		info = binary.LittleEndian.AppendUint32(info, uint32(len(text)))
		info = append(info, text...)
	}
	riff := uint32(36+len(info)) + dataSize
	if dataSize == 0 {
		riff = 8 // what an unfinished file says
	}
	b := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, riff)...)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	for _, v := range []uint16{1, 1} { // PCM, mono
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = binary.LittleEndian.AppendUint32(b, sampleRate)
	b = binary.LittleEndian.AppendUint32(b, sampleRate*2)
	for _, v := range []uint16{2, 16} { // bytes per frame, bits
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = append(b, info...)
	b = append(b, "data"...)
	return binary.LittleEndian.AppendUint32(b, dataSize)
}

// startRecording begins a file in the recordings directory. Paths outside of it are not written.
func (ch *channel) startRecording(path string) {
	dir := ch.sw.options.RecordingsDir
	clean := filepath.Clean(path)
	if !strings.HasPrefix(clean, dir+string(filepath.Separator)) || filepath.Ext(clean) != ".wav" {
		return
	}
	r := &recording{path: clean, title: ch.variable("RECORD_TITLE"), started: time.Now(), keep: ch.uuid == ManualCallUUID}
	if !r.keep {
		if err := os.MkdirAll(filepath.Dir(clean), 0o755); err != nil {
			return
		}
		if err := os.WriteFile(clean, waveHeader("", 0), 0o644); err != nil {
			return
		}
	}
	ch.change(func() { ch.recording = r })
	ch.emit("RECORD_START", origin{"switch_ivr_async.c", "record_callback", 1481}, "Record-File-Path", clean)
}

// stopRecording writes the samples and reports the file.
func (ch *channel) stopRecording() {
	var r *recording
	ch.change(func() { r, ch.recording = ch.recording, nil })
	if r == nil {
		return
	}
	lasted := time.Duration(float64(time.Since(r.started)) * ch.sw.options.Speed).Truncate(20 * time.Millisecond)
	file := wave(max(lasted, 20*time.Millisecond), r.title)
	if !r.keep {
		// Written beside and renamed, so that a reader sees the header or the whole file.
		temporary := r.path + ".part"
		if err := os.WriteFile(temporary, file, 0o644); err != nil || os.Rename(temporary, r.path) != nil {
			_ = os.Remove(temporary)
			return
		}
	}
	samples := int(lasted * sampleRate / time.Second)
	ch.change(func() {
		for _, v := range [][2]string{
			{"record_file_size", strconv.Itoa(len(file))}, {"record_samples", strconv.Itoa(samples)},
			{"record_seconds", strconv.Itoa(int(lasted / time.Second))}, {"record_ms", strconv.Itoa(int(lasted / time.Millisecond))},
			{"record_completion_cause", "success-silence"},
		} {
			ch.set(v[0], v[1])
		}
	})
	ch.emit("RECORD_STOP", origin{"switch_ivr_async.c", "send_record_stop_event", 1286}, "Record-File-Path", r.path, "Record-Completion-Cause", "success-silence")
}

// writeManualRecording puts the recording of the manual's call into the recordings directory.
func (s *Switch) writeManualRecording() error {
	path := filepath.Join(s.options.RecordingsDir, ManualCallUUID+".wav")
	if err := os.WriteFile(path, wave(4*time.Second, ""), 0o644); err != nil {
		return fmt.Errorf("freeswitch: write the manual's recording: %w", err)
	}
	return nil
}
