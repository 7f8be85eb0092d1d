/* Writing MessagePack in its shortest forms, and making values. */
#include "internal.h"

#include <string.h>

/* ---- bytes ---- */

static uint8_t *room(pbi_buf *b, size_t n)
{
    if (b->cap_ - b->n_ < n) {
        size_t want = b->n_ + n > 2 * b->cap_ ? b->n_ + n : 2 * b->cap_;
        want = want < 64 ? 64 : want;
        b->p_ = pbi_grow(b->t_, b->p_, b->cap_, want);
        b->cap_ = want;
    }
    b->n_ += n;
    return b->p_ + b->n_ - n;
}

void pbi_put(pbi_buf *b, const void *p, size_t n)
{
    if (n > 0)
        memcpy(room(b, n), p, n);
}

void pbi_put_byte(pbi_buf *b, unsigned c) { *room(b, 1) = (uint8_t)c; }

/* A tag and its number in width bytes. */
static void put_wide(pbi_buf *b, unsigned tag, uint64_t v, unsigned width)
{
    uint8_t *p = room(b, 1 + width);
    *p++ = (uint8_t)tag;
    for (unsigned i = 0; i < width; i++)
        p[i] = (uint8_t)(v >> 8 * (width - 1 - i));
}

void pbi_put_nil(pbi_buf *b) { pbi_put_byte(b, 0xc0); }

void pbi_put_bool(pbi_buf *b, bool v) { pbi_put_byte(b, v ? 0xc3 : 0xc2); }

void pbi_put_uint(pbi_buf *b, uint64_t n)
{
    if (n <= 0x7f)
        pbi_put_byte(b, (unsigned)n);
    else if (n <= UINT8_MAX)
        put_wide(b, 0xcc, n, 1);
    else if (n <= UINT16_MAX)
        put_wide(b, 0xcd, n, 2);
    else if (n <= UINT32_MAX)
        put_wide(b, 0xce, n, 4);
    else
        put_wide(b, 0xcf, n, 8);
}

void pbi_put_int(pbi_buf *b, int64_t n)
{
    uint64_t v = (uint64_t)n;
    if (n >= 0)
        pbi_put_uint(b, v);
    else if (n >= -32)
        pbi_put_byte(b, (unsigned)(v & 0xff));
    else if (n >= INT8_MIN)
        put_wide(b, 0xd0, v, 1);
    else if (n >= INT16_MIN)
        put_wide(b, 0xd1, v, 2);
    else if (n >= INT32_MIN)
        put_wide(b, 0xd2, v, 4);
    else
        put_wide(b, 0xd3, v, 8);
}

void pbi_put_float(pbi_buf *b, double f)
{
    uint64_t bits;
    memcpy(&bits, &f, sizeof bits);
    put_wide(b, 0xcb, bits, 8);
}

static void put_str_head(pbi_buf *b, size_t n)
{
    if (n <= 31)
        pbi_put_byte(b, 0xa0 | (unsigned)n);
    else if (n <= UINT8_MAX)
        put_wide(b, 0xd9, n, 1);
    else if (n <= UINT16_MAX)
        put_wide(b, 0xda, n, 2);
    else
        put_wide(b, 0xdb, n, 4);
}

/* The length of s with three bytes of U+FFFD for each byte that is not UTF-8. */
static size_t repaired_length(pb_str s)
{
    size_t n = s.n;
    for (;;) {
        size_t valid = pbi_utf8(s.p, s.n);
        if (valid == s.n)
            return n;
        n += 2;
        s.p += valid + 1;
        s.n -= valid + 1;
    }
}

void pbi_put_str(pbi_buf *b, pb_str s)
{
    put_str_head(b, repaired_length(s));
    while (s.n > 0) {
        size_t valid = pbi_utf8(s.p, s.n);
        pbi_put(b, s.p, valid);
        if (valid == s.n)
            return;
        pbi_put(b, "\xef\xbf\xbd", 3);
        s.p += valid + 1;
        s.n -= valid + 1;
    }
}

void pbi_put_bytes(pbi_buf *b, const void *p, size_t n)
{
    if (n <= UINT8_MAX)
        put_wide(b, 0xc4, n, 1);
    else if (n <= UINT16_MAX)
        put_wide(b, 0xc5, n, 2);
    else
        put_wide(b, 0xc6, n, 4);
    pbi_put(b, p, n);
}

static void put_head(pbi_buf *b, size_t n, unsigned fixed, unsigned wide)
{
    if (n <= 15)
        pbi_put_byte(b, fixed | (unsigned)n);
    else if (n <= UINT16_MAX)
        put_wide(b, wide, n, 2);
    else
        put_wide(b, wide + 1, n, 4);
}

void pbi_put_array(pbi_buf *b, size_t n) { put_head(b, n, 0x90, 0xdc); }

void pbi_put_map(pbi_buf *b, size_t n) { put_head(b, n, 0x80, 0xde); }

void pbi_put_value(pbi_buf *b, pb_value v)
{
    if (v.n == 0)
        pbi_put_nil(b);
    else
        pbi_put(b, v.p, v.n);
}

/* ---- values ---- */

static pb_value done(const pbi_buf *b) { return (pb_value){b->p_, b->n_}; }

pb_value pb_nil(void)
{
    static const uint8_t nil[] = {0xc0};
    return (pb_value){nil, 1};
}

pb_value pb_from_bool(bool v)
{
    static const uint8_t both[] = {0xc2, 0xc3};
    return (pb_value){&both[v], 1};
}

pb_value pb_from_int(pb_task *t, int64_t n)
{
    pbi_buf b = pb_begin(t);
    pbi_put_int(&b, n);
    return done(&b);
}

pb_value pb_from_uint(pb_task *t, uint64_t n)
{
    pbi_buf b = pb_begin(t);
    pbi_put_uint(&b, n);
    return done(&b);
}

pb_value pb_from_float(pb_task *t, double f)
{
    pbi_buf b = pb_begin(t);
    pbi_put_float(&b, f);
    return done(&b);
}

pb_value pb_from_str(pb_task *t, pb_str s)
{
    pbi_buf b = pb_begin(t);
    pbi_put_str(&b, s);
    return done(&b);
}

pb_value pb_from_bytes(pb_task *t, const void *p, size_t n)
{
    pbi_buf b = pb_begin(t);
    pbi_put_bytes(&b, p, n);
    return done(&b);
}

pb_value pb_object_(pb_task *t, const pb_field *fields, size_t n)
{
    pbi_buf b = pb_begin(t);
    pbi_put_map(&b, n);
    for (size_t i = 0; i < n; i++) {
        pbi_put_str(&b, pb_s(fields[i].key));
        pbi_put_value(&b, fields[i].value);
    }
    return done(&b);
}

pb_builder pb_begin(pb_task *t) { return (pb_builder){.t_ = t}; }

void pb_add(pb_builder *b, pb_value v)
{
    pbi_put_value(b, v);
    b->count_++;
}

void pb_set(pb_builder *b, pb_str key, pb_value v)
{
    pbi_put_str(b, key);
    pbi_put_value(b, v);
    b->count_++;
}

pb_value pb_array(const pb_builder *items)
{
    pbi_buf b = pb_begin(items->t_);
    pbi_put_array(&b, items->count_);
    pbi_put(&b, items->p_, items->n_);
    return done(&b);
}

pb_value pb_map(const pb_builder *pairs)
{
    pbi_buf b = pb_begin(pairs->t_);
    pbi_put_map(&b, pairs->count_);
    pbi_put(&b, pairs->p_, pairs->n_);
    return done(&b);
}
