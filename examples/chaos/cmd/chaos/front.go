package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// front is an HTTP proxy in front of an aggregator, the statistics server or the
// CRM that can be made to misbehave.
type front struct {
	address, target string
	client          *http.Client
	mode            atomic.Int32
	followed        atomic.Int64 // requests that came because of a redirect
	arrived         atomic.Int64 // requests
	delay           atomic.Int64 // of frontSlow, nanoseconds

	mu     sync.Mutex
	server *http.Server // nil while refusing
	served chan struct{}
}

type frontMode int32

const (
	frontPass     frontMode = iota
	frontRefuse             // nobody listens
	frontSilent             // the request is read, nothing happens, no answer
	frontSlow               // the answer comes late, but in time
	frontLate               // done, but the answer never comes
	frontCut                // done, then the connection is cut
	frontTrickle            // done, the answer comes a byte at a time and too late
	frontTruncate           // done, half of the answer comes
	frontGarbage            // done, the answer is noise
	frontEndless            // done, the answer does not end
	frontFail               // 500 and nothing done
	frontFailDone           // done, and 500 all the same
	frontRedirect           // 307 to another address of the same server
	frontDouble             // done, and one answer too many behind the right one
)

// moved is where frontRedirect sends callers; a request there is done.
const moved = "/moved"

func newFront(target string) (*front, error) {
	f := &front{target: target, client: newClient()}
	f.delay.Store(int64(500 * time.Millisecond))
	var err error
	if f.address, err = program.FreeAddress(); err != nil {
		return nil, err
	}
	return f, f.listen()
}

func (f *front) listen() error {
	listener, err := net.Listen("tcp", f.address)
	if err != nil {
		return err
	}
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: 10 * time.Second}
	f.served = make(chan struct{})
	go func(s *http.Server, served chan struct{}) {
		defer close(served)
		_ = s.Serve(listener) // ends with close
	}(f.server, f.served)
	return nil
}

// set changes how the front behaves from the next request on.
func (f *front) set(mode frontMode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mode.Store(int32(mode))
	if mode == frontRefuse && f.server != nil {
		err := f.server.Close()
		<-f.served
		f.server = nil
		return err
	}
	if mode != frontRefuse && f.server == nil {
		return f.listen()
	}
	return nil
}

func (f *front) close() error {
	defer f.client.CloseIdleConnections()
	return f.set(frontRefuse)
}

// patience is how long the front keeps a caller waiting at most.
const patience = 5 * time.Second

// ServeHTTP hands the request on and the answer back, as the mode says.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	f.arrived.Add(1)
	mode := frontMode(f.mode.Load())
	if len(r.URL.Path) > len(moved) && r.URL.Path[:len(moved)] == moved {
		f.followed.Add(1)
		r.URL.Path = r.URL.Path[len(moved):]
		mode = frontPass
	}
	switch mode {
	case frontSilent:
		wait(r, patience)
		cut(w)
		return
	case frontFail:
		http.Error(w, `{"error":"internal"}`, http.StatusInternalServerError)
		return
	case frontRedirect:
		http.Redirect(w, r, "http://"+f.address+moved+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		return
	case frontSlow:
		wait(r, time.Duration(f.delay.Load()))
	}
	status, header, answer, err := f.forward(r, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	switch mode {
	case frontLate:
		wait(r, patience)
		cut(w)
	case frontCut:
		cut(w)
	case frontFailDone:
		http.Error(w, `{"error":"internal"}`, http.StatusInternalServerError)
	case frontTruncate:
		raw(w, head(status, header, len(answer))+string(answer[:len(answer)/2]))
	case frontDouble:
		text := head(status, header, len(answer)) + string(answer)
		raw(w, text+text)
	case frontGarbage:
		noise := make([]byte, 512)
		_, _ = rand.Read(noise) // never fails
		raw(w, string(noise))
	case frontTrickle:
		raw(w, head(status, header, len(answer)), string(answer))
	case frontEndless:
		endless(w, r)
	default:
		w.Header().Set("Content-Type", header.Get("Content-Type"))
		w.WriteHeader(status)
		_, _ = w.Write(answer) // a reader that left needs no answer
	}
}

func (f *front) forward(r *http.Request, body []byte) (int, http.Header, []byte, error) {
	request, err := http.NewRequest(r.Method, "http://"+f.target+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	if r.URL.Path != r.URL.EscapedPath() {
		return 0, nil, nil, errors.New("unexpected path")
	}
	request.Header = r.Header.Clone()
	response, err := f.client.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, answer, err
}

func head(status int, header http.Header, length int) string {
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %s\r\n\r\n",
		status, http.StatusText(status), header.Get("Content-Type"), strconv.Itoa(length))
}

// raw takes the connection over, writes its first text at once, the others a byte at
// a time, and closes.
func raw(w http.ResponseWriter, at string, slowly ...string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, at); err != nil {
		return
	}
	if len(slowly) == 0 {
		time.Sleep(100 * time.Millisecond) // what comes too much has to arrive before the end
	}
	for _, text := range slowly {
		for i := range len(text) {
			time.Sleep(100 * time.Millisecond)
			if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
				return
			}
		}
	}
}

// endless sends a string that never ends until nobody reads any more.
func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"`)
	piece := bytes.Repeat([]byte("x"), 64<<10)
	for range 4096 { // 256 MiB
		if _, err := w.Write(piece); err != nil || r.Context().Err() != nil {
			return
		}
	}
	cut(w)
}

func wait(r *http.Request, d time.Duration) { program.Pause(r.Context(), d) }

// cut closes the connection without an answer.
func cut(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close() // nothing was promised to the peer
	}
}
