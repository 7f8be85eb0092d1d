package server

import (
	"strings"

	"github.com/valyala/fasthttp"
)

// Large decides how many bytes of body a request may have beyond the limit, when
// only its head is there: 0 means no more than others. authorization is the header
// of that name.
type Large func(method, path, authorization string) int64

// head is asked before a body is read. It keeps callers who may not upload from
// making the gateway hold megabytes for them.
func (s *Server) head(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	most := s.live.Load().BodyLimit
	if length := int64(h.ContentLength()); length > most && s.opt.Large != nil { // unknown lengths are below 0
		path, _, _ := strings.Cut(string(h.RequestURI()), "?")
		most = max(most, s.opt.Large(string(h.Method()), strings.TrimPrefix(path, s.opt.BasePath), string(h.Peek("Authorization"))))
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: int(most)}
}
