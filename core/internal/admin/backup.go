package admin

import (
	"bufio"
	"context"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// backupPause bounds how long whoever takes a backup may take nothing of it.
const backupPause = 30 * time.Second

// mountBackup adds the route that answers with the gateway's data. Who may open the
// control socket can read the data folder anyway.
func (a *API) mountBackup(r fiber.Router) {
	if a.opt.Local.Backup == nil {
		return
	}
	one := new(sync.Mutex)
	r.Post("/backup", func(f *fiber.Ctx) error {
		ctx, stop := context.WithTimeout(withNote(context.Background()), requestTimeout)
		defer stop()
		c := &call{ctx: ctx, fiber: f, local: true, requestID: f.GetRespHeader(fiber.HeaderXRequestID)}
		c.who = &auth.Principal{Login: LocalLogin, Role: auth.RoleAdministrator}
		var key bool
		if err := c.decode(fields{"with_key": boolean(&key)}); err != nil {
			return a.answer(f, refusal(err))
		}
		if !one.TryLock() {
			return a.answer(f, problem.TooMany(10*time.Second).WithReason("another backup is being made"))
		}
		if err := a.audit(c, "gateway.backup", "data", nil, map[string]bool{"with_key": key}); err != nil {
			one.Unlock()
			return a.answer(f, refusal(err))
		}
		f.Set(fiber.HeaderContentType, fiber.MIMEOctetStream)
		conn := f.Context().Conn()
		f.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
			defer one.Unlock()
			a.sendBackup(patient{w, conn}, key)
		})
		return nil
	})
}

// sendBackup writes until the gateway begins to stop. The answer has begun, so a
// fault can only end it; without its end the file is not taken for a backup.
func (a *API) sendBackup(w io.Writer, key bool) {
	ctx, stop := context.WithCancel(context.Background())
	var watch sync.WaitGroup
	defer watch.Wait()
	defer stop()
	watch.Go(func() {
		select {
		case <-a.opt.Closing:
			stop()
		case <-ctx.Done():
		}
	})
	if err := a.opt.Local.Backup(ctx, w, key); err != nil {
		a.opt.Log.Error("backup", "error", err)
	}
}

// patient gives every part of a long answer its own deadline.
type patient struct {
	w    *bufio.Writer
	conn net.Conn
}

func (p patient) Write(b []byte) (int, error) {
	_ = p.conn.SetWriteDeadline(time.Now().Add(backupPause)) // a pipe inside the process has none
	n, err := p.w.Write(b)
	if err == nil {
		err = p.w.Flush()
	}
	return n, err
}
