package recording_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/recording"
)

const id = "87e64143-758c-4f9b-b990-e06613a3d7d2"

var call = recording.Call{ID: id}

func wav(tb testing.TB, name string) []byte {
	tb.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".wav")
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func files(t *testing.T, template string) *recording.Files {
	t.Helper()
	f, err := recording.NewFiles(template, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func content(t *testing.T, r *recording.Recording, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	got, err := io.ReadAll(r.Body)
	if err != nil || int64(len(got)) != r.Size {
		t.Fatalf("%d of %d bytes, %v", len(got), r.Size, err)
	}
	return got
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plain", "list-chunk"} { // the audio of the second starts behind a LIST chunk
		want := wav(t, name)
		write(t, filepath.Join(dir, id+".wav"), want)
		f := files(t, dir+"/{uuid}.wav")
		r, err := f.Open(t.Context(), recording.Call{ID: strings.ToUpper(id)})
		if got := content(t, r, err); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
		}
		if r.ContentType != "audio/wav" || r.ModTime.IsZero() {
			t.Errorf("%+v", r)
		}
	}
}

func TestFilesByDate(t *testing.T) {
	dir := t.TempDir()
	want := wav(t, "plain")
	write(t, filepath.Join(dir, "2026/11/21", "rec-"+id+".wav"), want)
	template := dir + "/{year}/{month}/{day}/rec-{uuid}.wav"
	// 22:30 UTC is the next day in Moscow; FreeSWITCH names files in its own zone.
	start := time.Date(2026, 11, 20, 22, 30, 0, 0, time.UTC)
	moscow, err := recording.NewFiles(template, time.FixedZone("MSK", 3*3600))
	if err != nil {
		t.Fatal(err)
	}
	r, err := moscow.Open(t.Context(), recording.Call{ID: id, Started: start})
	if got := content(t, r, err); !bytes.Equal(got, want) {
		t.Error("other content")
	}
	if _, err := files(t, template).Open(t.Context(), recording.Call{ID: id, Started: start}); !errors.Is(err, recording.ErrNotFound) {
		t.Errorf("other day: %v", err)
	}
	for _, at := range []time.Time{{}, time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(20260, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if _, err := moscow.Open(t.Context(), recording.Call{ID: id, Started: at}); !errors.Is(err, recording.ErrNoStart) {
			t.Errorf("%v: %v", at, err)
		}
	}
}

func TestBadIDs(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "x.wav"), wav(t, "plain"))
	f := files(t, dir+"/in/{uuid}.wav")
	for _, bad := range []string{"", "x", "../x", "../../../../etc/passwd", id + "/../x", id[:35] + "/", "{" + id + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""), id + "\x00", strings.Repeat("../", 12)} {
		if _, err := f.Open(t.Context(), recording.Call{ID: bad}); !errors.Is(err, recording.ErrBadID) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A symbolic link must not lead out of the root; one inside of it may.
func TestSymlinks(t *testing.T) {
	dir := t.TempDir()
	outside, root := filepath.Join(dir, "outside"), filepath.Join(dir, "root")
	write(t, filepath.Join(outside, id+".wav"), wav(t, "plain"))
	write(t, filepath.Join(root, "in", "real.wav"), wav(t, "plain"))
	link := func(target, name string) {
		t.Helper()
		_ = os.Remove(name)
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
	link(filepath.Join(outside, id+".wav"), filepath.Join(root, id+".wav"))
	f := files(t, root+"/{uuid}.wav")
	if r, err := f.Open(t.Context(), call); err == nil {
		_ = r.Body.Close()
		t.Error("absolute link out of the root was followed")
	}
	link("../outside/"+id+".wav", filepath.Join(root, id+".wav"))
	if r, err := f.Open(t.Context(), call); err == nil {
		_ = r.Body.Close()
		t.Error("relative link out of the root was followed")
	}
	link(outside, filepath.Join(root, "2026"))
	if r, err := files(t, root+"/{year}/{uuid}.wav").Open(t.Context(), recording.Call{ID: id, Started: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}); err == nil {
		_ = r.Body.Close()
		t.Error("linked directory out of the root was followed")
	}
	link("in/real.wav", filepath.Join(root, id+".wav"))
	r, err := f.Open(t.Context(), call)
	content(t, r, err)
}

func TestNotARegularFile(t *testing.T) {
	dir := t.TempDir()
	f := files(t, dir+"/{uuid}.wav")
	if _, err := f.Open(t.Context(), call); !errors.Is(err, recording.ErrNotFound) {
		t.Errorf("missing: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, id+".wav"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Open(t.Context(), call); !errors.Is(err, recording.ErrNotFound) {
		t.Errorf("directory: %v", err)
	}
	_ = os.Remove(filepath.Join(dir, id+".wav"))
	if err := syscall.Mkfifo(filepath.Join(dir, id+".wav"), 0o644); err != nil {
		t.Skip(err)
	}
	if _, err := f.Open(t.Context(), call); !errors.Is(err, recording.ErrNotFound) { // must not block
		t.Errorf("fifo: %v", err)
	}
	if _, err := files(t, dir+"/nosuch/{uuid}.wav").Open(t.Context(), call); err == nil || errors.Is(err, recording.ErrNotFound) {
		t.Errorf("missing directory is a fault of the set-up: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Open(ctx, call); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestUnfinished(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, id+".wav")
	f := files(t, dir+"/{uuid}.wav")
	whole := wav(t, "list-chunk")
	patched := func(at int, v uint32) []byte {
		b := bytes.Clone(whole)
		binary.LittleEndian.PutUint32(b[at:], v)
		return b
	}
	dataSize := bytes.Index(whole, []byte("data")) + 4
	for name, data := range map[string][]byte{
		"copied while recording": wav(t, "in-progress"),
		"empty":                  {},
		"half a header":          whole[:20],
		"cut in the audio":       whole[:len(whole)-1],
		"no data chunk yet":      append(patched(4, 36)[:36:36], make([]byte, 8)...),
		"riff size 0":            patched(4, 0),
		"data size 0":            patched(dataSize, 0),
		"data size unknown":      patched(dataSize, 0xffffffff),
		"riff size unknown":      patched(4, 0xffffffff),
	} {
		write(t, path, data)
		if _, err := f.Open(t.Context(), call); !errors.Is(err, recording.ErrUnfinished) {
			t.Errorf("%s: %v", name, err)
		}
	}
	write(t, path, whole)
	if _, err := f.Open(t.Context(), recording.Call{ID: id, Live: true}); !errors.Is(err, recording.ErrUnfinished) {
		t.Errorf("live: %v", err)
	}
	for name, data := range map[string][]byte{"text": []byte("this is not audio at all"), "other riff": bytes.Replace(whole, []byte("WAVE"), []byte("AVI "), 1)} {
		write(t, path, data)
		if _, err := f.Open(t.Context(), call); !errors.Is(err, recording.ErrNotAudio) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The files are the beginnings of recordings that FreeSWITCH 1.10.12 had open when it was killed.
func TestRecordingOfAKilledFreeSWITCH(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, id+".wav")
	f := files(t, dir+"/{uuid}.wav")
	long := time.Now().Add(-time.Hour)
	abandon := func(data []byte) {
		write(t, path, data)
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
	for name, audio := range map[string]int{"killed": 44, "killed-list-chunk": 80} {
		raw := wav(t, name)
		write(t, path, raw)
		if _, err := f.Open(t.Context(), call); !errors.Is(err, recording.ErrUnfinished) {
			t.Errorf("%s: just written: %v", name, err)
		}
		abandon(raw)
		if _, err := f.Open(t.Context(), recording.Call{ID: id, Live: true}); !errors.Is(err, recording.ErrUnfinished) {
			t.Errorf("%s: live: %v", name, err)
		}
		r, err := f.Open(t.Context(), call)
		got := content(t, r, err)
		want := bytes.Clone(raw)
		binary.LittleEndian.PutUint32(want[4:], uint32(len(raw)-8))
		binary.LittleEndian.PutUint32(want[audio-4:], uint32(len(raw)-audio))
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", name, got[:audio], want[:audio])
		}
		if onDisk, err := os.ReadFile(path); err != nil || !bytes.Equal(onDisk, raw) {
			t.Errorf("%s: the file was changed, %v", name, err)
		}
		r, err = f.Open(t.Context(), call) // as a request with a Range reads it
		if err != nil {
			t.Fatal(err)
		}
		part := make([]byte, 12)
		if _, err := r.Body.Seek(int64(audio-6), io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r.Body, part); err != nil || !bytes.Equal(part, want[audio-6:audio+6]) {
			t.Errorf("%s: part %x, %v", name, part, err)
		}
		if err := r.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	for name, data := range map[string][]byte{"header only": wav(t, "in-progress"), "empty": {}, "cut in the header": wav(t, "killed")[:30]} {
		abandon(data)
		if _, err := f.Open(t.Context(), call); !errors.Is(err, recording.ErrUnfinished) {
			t.Errorf("%s: %v", name, err)
		}
	}
	abandon([]byte("this is not audio at all"))
	if _, err := f.Open(t.Context(), call); !errors.Is(err, recording.ErrNotAudio) {
		t.Errorf("text: %v", err)
	}
}

func TestTemplates(t *testing.T) {
	for _, bad := range []string{"", "/rec/x.wav", "rec/{uuid}.wav", "/{uuid}.wav", "/rec/../{uuid}.wav", "/rec/{uuid}/{name}.wav", "/rec/{uuid", "/rec/{uuid}/../x.wav", "/rec//{uuid}.wav"} {
		if _, err := recording.NewFiles(bad, nil); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
	for _, bad := range []string{"", "/rec/{uuid}.wav", "http://{uuid}/x", "http://{uuid}.example/x", "ftp://h/{uuid}", "http:///{uuid}", "http://h/{id}", "http://h/x#{uuid}"} {
		if _, err := recording.NewRemote(bad, nil, http.DefaultClient, 0); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
	if _, err := recording.NewRemote("http://h/{uuid}", nil, nil, 0); err == nil {
		t.Error("no client accepted")
	}
}

func remote(t *testing.T, h http.HandlerFunc, maxBytes int64) *recording.Remote {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	r, err := recording.NewRemote(s.URL+"/rec/{uuid}.wav", time.UTC, s.Client(), maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRemote(t *testing.T) {
	want := wav(t, "list-chunk")
	modified := time.Date(2026, 11, 21, 21, 0, 0, 0, time.UTC)
	var ranges atomic.Int32
	withRanges := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/rec/"+id+".wav" {
			http.NotFound(w, r)
			return
		}
		if r.Header.Get("Range") != "" {
			ranges.Add(1)
		}
		http.ServeContent(w, r, "x.wav", modified, bytes.NewReader(want))
	}
	without := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(want)))
		_, _ = w.Write(want)
	}
	for name, h := range map[string]http.HandlerFunc{"ranges": withRanges, "no ranges": without} {
		src := remote(t, h, 0)
		r, err := src.Open(t.Context(), call)
		if got := content(t, r, err); !bytes.Equal(got, want) {
			t.Errorf("%s: other content", name)
		}
		if name == "ranges" && !r.ModTime.Equal(modified) || r.ContentType != "audio/wav" {
			t.Errorf("%s: %+v", name, r)
		}
		if r, err = src.Open(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r.Body, want); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_ = r.Body.Close()
		// The way it is served: a range of the client becomes a range of the source.
		if r, err = src.Open(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		rec := httptest.NewRecorder()
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header.Set("Range", "bytes=20000-20009")
		http.ServeContent(rec, req, "x.wav", r.ModTime, r.Body)
		_ = r.Body.Close()
		if rec.Code != http.StatusPartialContent || !bytes.Equal(rec.Body.Bytes(), want[20000:20010]) {
			t.Errorf("%s: range: %d, %d bytes", name, rec.Code, rec.Body.Len())
		}
		if _, err := r.Body.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: read after close", name)
		}
	}
	if ranges.Load() == 0 {
		t.Error("the source never got a range")
	}
}

func TestRemoteFailures(t *testing.T) {
	whole := wav(t, "plain")
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "x", code) }
	}
	body := func(b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(b)))
			_, _ = w.Write(b)
		}
	}
	for name, tc := range map[string]struct {
		h    http.HandlerFunc
		want error
	}{
		"404":         {status(404), recording.ErrNotFound},
		"410":         {status(410), recording.ErrNotFound},
		"409":         {status(409), recording.ErrUnfinished},
		"403":         {status(403), nil},
		"500":         {status(500), nil},
		"206 unasked": {status(206), nil},
		"in progress": {body(wav(t, "in-progress")), recording.ErrUnfinished},
		"empty":       {body(nil), recording.ErrUnfinished},
		"html":        {body([]byte("<html>sign in please</html>")), recording.ErrNotAudio},
		"too large":   {body(append(bytes.Clone(whole), make([]byte, 40_000)...)), recording.ErrTooLarge},
		"no length":   {func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush(); _, _ = w.Write(whole) }, nil},
		"cut head": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "30000")
			_, _ = w.Write(whole[:100])
		}, io.ErrUnexpectedEOF},
	} {
		r, err := remote(t, tc.h, 50_000).Open(t.Context(), call)
		if err == nil || r != nil || tc.want != nil && !errors.Is(err, tc.want) || tc.want == nil && (errors.Is(err, recording.ErrNotFound) || errors.Is(err, recording.ErrUnfinished)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Cut in the audio: an error while reading, never a short recording.
	src := remote(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
		_, _ = w.Write(whole[:20_000])
	}, 0)
	r, err := src.Open(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut: %v", err)
	}
	_ = r.Body.Close()
	// Another file under the same name between two ranges.
	var n atomic.Int32
	src = remote(t, func(w http.ResponseWriter, r *http.Request) {
		data := whole
		if n.Add(1) > 1 {
			data = append(bytes.Clone(whole), 0, 0)
		}
		w.Header().Set("ETag", strconv.Quote(strconv.Itoa(len(data))))
		http.ServeContent(w, r, "x.wav", time.Time{}, bytes.NewReader(data))
	}, 0)
	if r, err = src.Open(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Body.Seek(-100, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r.Body); err == nil {
		t.Error("a changed file was read as if it were the same")
	}
	_ = r.Body.Close()
}

func TestFirst(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "b", id+".wav"), wav(t, "plain"))
	if err := os.Mkdir(filepath.Join(dir, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	a, b, gone := files(t, dir+"/a/{uuid}.wav"), files(t, dir+"/b/{uuid}.wav"), files(t, dir+"/gone/{uuid}.wav")
	for _, src := range []recording.Source{recording.First(a, b), recording.First(gone, a, b)} {
		r, err := src.Open(t.Context(), call)
		content(t, r, err)
	}
	if _, err := recording.First(a).Open(t.Context(), call); !errors.Is(err, recording.ErrNotFound) {
		t.Error(err)
	}
	if _, err := recording.First(a, gone).Open(t.Context(), call); err == nil || errors.Is(err, recording.ErrNotFound) {
		t.Errorf("a failed source was taken for an empty one: %v", err)
	}
	write(t, filepath.Join(dir, "a", id+".wav"), wav(t, "in-progress"))
	if _, err := recording.First(a, recording.First()).Open(t.Context(), call); !errors.Is(err, recording.ErrUnfinished) {
		t.Error(err)
	}
}
