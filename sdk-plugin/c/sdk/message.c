/* The messages of the contract, which are arrays of fields. */
#include "internal.h"

pbi_reader pbi_message(const uint8_t *p, size_t n)
{
    pbi_reader r = {0};
    if (n > PBI_MAX_MESSAGE) {
        r.fault = PB_NO_MESSAGE;
        return r;
    }
    size_t size = pbi_walk(p, n, PBI_MESSAGE_DEPTH, true, &r.fault);
    if (r.fault == PB_FINE && size != n)
        r.fault = PB_TRAILING;
    return r.fault == PB_FINE ? pbi_inner((pb_value){p, n}) : r;
}

pbi_reader pbi_inner(pb_value message)
{
    pbi_reader r = {0};
    if (pb_kind_of(message) == PB_ARRAY)
        r.i = pb_each(message);
    else
        r.fault = PB_NO_MESSAGE;
    return r;
}

/* The next element, or nil behind the last: senders may know fewer fields. */
static pb_value next(pbi_reader *r)
{
    if (r->fault == PB_FINE && pb_next(&r->i))
        return r->i.value;
    return pb_nil();
}

/* Whether v is there; another type than the expected ones is a fault. */
static bool expect(pbi_reader *r, pb_value v, pb_kind a, pb_kind b)
{
    pb_kind k = pb_kind_of(v);
    if (k == a || k == b)
        return true;
    if (k != PB_NIL && r->fault == PB_FINE)
        r->fault = PB_NO_MESSAGE;
    return false;
}

pb_value pbi_read_value(pbi_reader *r)
{
    pb_value v = next(r);
    return pb_exists(v) ? v : (pb_value){0};
}

pb_str pbi_read_str(pbi_reader *r)
{
    pb_value v = next(r);
    return expect(r, v, PB_STRING, PB_STRING) ? pb_as_bytes(v) : (pb_str){0};
}

pb_str pbi_read_bytes(pbi_reader *r)
{
    pb_value v = next(r);
    return expect(r, v, PB_BYTES, PB_STRING) ? pb_as_bytes(v) : (pb_str){0};
}

int64_t pbi_read_int(pbi_reader *r, int64_t min, int64_t max)
{
    pb_value v = next(r);
    int64_t n = 0;
    if (!expect(r, v, PB_INT, PB_INT))
        return 0;
    if (!pb_as_int(v, &n) || n < min || n > max) {
        r->fault = PB_NO_MESSAGE;
        return 0;
    }
    return n;
}

bool pbi_read_bool(pbi_reader *r)
{
    pb_value v = next(r);
    return expect(r, v, PB_BOOL, PB_BOOL) && pb_as_bool(v);
}

void pbi_read_error(pb_value message, pb_error *e, pb_fault *fault)
{
    pbi_reader r = pbi_inner(message);
    e->code = pbi_read_str(&r);
    e->status = (int32_t)pbi_read_int(&r, INT32_MIN, INT32_MAX);
    e->message = pbi_read_str(&r);
    e->source = pbi_read_str(&r);
    e->detail = pbi_read_str(&r);
    e->sent = pbi_read_bool(&r);
    e->retry_ms = (int32_t)pbi_read_int(&r, INT32_MIN, INT32_MAX);
    *fault = r.fault;
}

void pbi_put_error(pbi_buf *b, const pb_error *e)
{
    pbi_put_array(b, 7);
    pbi_put_str(b, e->code);
    pbi_put_int(b, e->status);
    pbi_put_str(b, e->message);
    pbi_put_str(b, e->source);
    pbi_put_str(b, e->detail);
    pbi_put_bool(b, e->sent);
    pbi_put_int(b, e->retry_ms);
}

void pbi_put_reply(pbi_buf *b, const pb_reply *r)
{
    pbi_put_array(b, 9);
    pbi_put_int(b, r->status);
    pbi_put_uint(b, (uint64_t)r->form);
    pbi_put_value(b, r->body);
    pbi_put_str(b, r->content_type);
    pbi_put_uint(b, r->attachment);
    pbi_put_str(b, r->format);
    pbi_put_str(b, r->filename);
    pbi_put_bool(b, r->wrap);
    pbi_put_str(b, r->next);
}
