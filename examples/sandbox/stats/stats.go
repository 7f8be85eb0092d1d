// Package stats is a stand-in for the online statistics server of a contact centre.
package stats

import (
	"encoding/json"
	"net/http"
)

// Counters of one project. LoggedIn is the sum of the other three.
type Counters struct {
	LoggedIn int `json:"cntLoggedIn"`
	Ready    int `json:"cntReady"`
	NotReady int `json:"cntNotReady"`
	Talking  int `json:"cntTalking"`
}

// Options of a Server.
type Options struct {
	Key string // bearer key asked for; none if empty
}

// Server answers with the numbers that the user manual prints. The manual shows project
// 1111 with one set of numbers in `get` and another in `all`; so does this server.
type Server struct {
	options Options
	single  map[string]Counters
	all     []project
}

type project struct {
	id       string
	counters Counters
}

// New returns a server.
func New(o Options) *Server {
	all := []project{{"9876", Counters{57, 6, 49, 2}}, {"1111", Counters{111, 80, 29, 2}}, {"5566", Counters{49, 38, 8, 3}}}
	single := map[string]Counters{}
	for _, p := range all {
		single[p.id] = p.counters
	}
	single["1111"] = Counters{78, 56, 15, 7}
	return &Server{options: o, single: single, all: all}
}

// Register adds GET and POST /stats/get?project_id=, /stats/all and /stats (all without a
// project_id, one with it).
func (s *Server) Register(mux *http.ServeMux) {
	for pattern, handler := range map[string]http.HandlerFunc{"/stats/get": s.get, "/stats/all": s.list, "/stats": s.either} {
		for _, method := range []string{"GET ", "POST "} {
			mux.HandleFunc(method+pattern, s.guard(handler))
		}
	}
}

func (s *Server) guard(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.options.Key != "" && r.Header.Get("Authorization") != "Bearer "+s.options.Key {
			write(w, http.StatusUnauthorized, map[string]string{"error": "unauthorized"})
			return
		}
		next(w, r)
	}
}

func (s *Server) either(w http.ResponseWriter, r *http.Request) {
	if projectID(r) == "" {
		s.list(w, r)
		return
	}
	s.get(w, r)
}

func (s *Server) get(w http.ResponseWriter, r *http.Request) {
	counters, ok := s.single[projectID(r)]
	if !ok {
		write(w, http.StatusNotFound, map[string]string{"error": "unknown project"})
		return
	}
	write(w, http.StatusOK, counters)
}

// list writes the projects in the manual's order.
func (s *Server) list(w http.ResponseWriter, _ *http.Request) {
	body := []byte("{")
	for i, p := range s.all {
		if i > 0 {
			body = append(body, ',')
		}
		counters, err := json.Marshal(p.counters)
		if err != nil {
			http.Error(w, "cannot encode", http.StatusInternalServerError)
			return
		}
		body = append(append(body, `"`+p.id+`":`...), counters...)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, "}\n"...)) // a reader that left needs no answer
}

// projectID reads the parameter from the query, a form or a JSON body.
func projectID(r *http.Request) string {
	if id := r.URL.Query().Get("project_id"); id != "" {
		return id
	}
	if r.Method != http.MethodPost {
		return ""
	}
	if r.Header.Get("Content-Type") == "application/json" {
		var body struct {
			ProjectID string `json:"project_id"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 64<<10)).Decode(&body); err != nil {
			return ""
		}
		return body.ProjectID
	}
	return r.PostFormValue("project_id")
}

func write(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a reader that left needs no answer
}
