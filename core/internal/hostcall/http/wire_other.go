//go:build !unix

package httpcall

// silent says no: without a look at the socket a connection is not used again.
func (w *wire) silent() bool { return false }

func (c *conn) await(buffers *intakes) (*intake, error) { return c.awaitByte(buffers) }
