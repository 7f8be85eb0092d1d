/* Texts, and values as JSON and as forms. */
#include "internal.h"

#include <string.h>

pb_str pb_s(const char *s) { return s == NULL ? (pb_str){0} : (pb_str){s, strlen(s)}; }

const char *pb_cstr(pb_task *t, pb_str s)
{
    char *c = pbi_alloc(t, s.n + 1);
    if (s.n > 0)
        memcpy(c, s.p, s.n);
    c[s.n] = 0;
    return c;
}

bool pb_eq(pb_str s, const char *literal)
{
    return s.n == strlen(literal) && (s.n == 0 || memcmp(s.p, literal, s.n) == 0);
}

static pb_str done(const pbi_buf *b) { return (pb_str){(const char *)b->p_, b->n_}; }

pb_str pb_join_(pb_task *t, const pb_str *parts, size_t n)
{
    pbi_buf b = pb_begin(t);
    for (size_t i = 0; i < n; i++)
        pbi_put(&b, parts[i].p, parts[i].n);
    return done(&b);
}

pb_str pb_cut(pb_str s, size_t n)
{
    if (s.n <= n)
        return s;
    while (n > 0 && ((uint8_t)s.p[n] & 0xc0) == 0x80)
        n--;
    return (pb_str){s.p, n};
}

pb_str pb_number(pb_task *t, int64_t n)
{
    char *text = pbi_alloc(t, PBI_NUMBER);
    return (pb_str){text, pbi_format_int(text, n)};
}

/* ---- JSON ---- */

static void put_hex(pbi_buf *b, unsigned v, unsigned digits)
{
    while (digits-- > 0)
        pbi_put_byte(b, (unsigned)"0123456789abcdef"[v >> 4 * digits & 15]);
}

static void put_quoted(pbi_buf *b, pb_str s)
{
    pbi_put_byte(b, '"');
    size_t start = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned c = (uint8_t)s.p[i];
        if (c >= ' ' && c != '"' && c != '\\')
            continue;
        pbi_put(b, s.p + start, i - start);
        start = i + 1;
        pbi_put_byte(b, '\\');
        switch (c) {
        case '"': case '\\': pbi_put_byte(b, c); break;
        case '\n': pbi_put_byte(b, 'n'); break;
        case '\r': pbi_put_byte(b, 'r'); break;
        case '\t': pbi_put_byte(b, 't'); break;
        default: pbi_put_byte(b, 'u'), put_hex(b, c, 4);
        }
    }
    pbi_put(b, s.p + start, s.n - start);
    pbi_put_byte(b, '"');
}

void pbi_put_base64(pbi_buf *b, pb_str s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < s.n; i += 3) {
        uint32_t v = 0;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (i + k < s.n ? (uint8_t)s.p[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            pbi_put_byte(b, i + k <= s.n ? (unsigned)digits[v >> (18 - 6 * k) & 63] : '=');
    }
}

/* Recurses at most once for each level of a value, of which there are few. */
static void put_json(pbi_buf *b, pb_value v, unsigned depth)
{
    pb_kind kind = pb_kind_of(v);
    bool first = true;
    switch (depth > PBI_MESSAGE_DEPTH ? PB_NIL : kind) {
    case PB_ARRAY:
    case PB_MAP:
        pbi_put_byte(b, kind == PB_MAP ? '{' : '[');
        for (pb_iter i = pb_each(v); pb_next(&i); first = false) {
            if (!first)
                pbi_put_byte(b, ',');
            if (kind == PB_MAP) {
                put_quoted(b, i.key);
                pbi_put_byte(b, ':');
            }
            put_json(b, i.value, depth + 1);
        }
        pbi_put_byte(b, kind == PB_MAP ? '}' : ']');
        return;
    case PB_STRING:
        put_quoted(b, pb_as_bytes(v));
        return;
    case PB_BYTES:
        pbi_put_byte(b, '"');
        pbi_put_base64(b, pb_as_bytes(v));
        pbi_put_byte(b, '"');
        return;
    case PB_BOOL: case PB_INT: case PB_FLOAT: {
        char text[PBI_NUMBER];
        pb_str s = pbi_scalar(v, text);
        pbi_put(b, s.p, s.n);
        return;
    }
    default:
        pbi_put(b, "null", 4);
    }
}

pb_str pb_json(pb_task *t, pb_value v)
{
    pbi_buf b = pb_begin(t);
    put_json(&b, v, 0);
    return done(&b);
}

/* ---- forms ---- */

static bool unreserved(unsigned c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
        || c == '-' || c == '.' || c == '_' || c == '~';
}

static void put_escaped(pbi_buf *b, pb_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned c = (uint8_t)s.p[i];
        if (unreserved(c)) {
            pbi_put_byte(b, c);
        } else {
            pbi_put_byte(b, '%');
            pbi_put_byte(b, (unsigned)"0123456789ABCDEF"[c >> 4]);
            pbi_put_byte(b, (unsigned)"0123456789ABCDEF"[c & 15]);
        }
    }
}

pb_str pb_escape(pb_task *t, pb_str s)
{
    pbi_buf b = pb_begin(t);
    put_escaped(&b, s);
    return done(&b);
}

static void put_pair(pbi_buf *b, pb_str name, pb_value v)
{
    if (!pb_exists(v))
        return;
    if (b->n_ > 0)
        pbi_put_byte(b, '&');
    put_escaped(b, name);
    pbi_put_byte(b, '=');
    char text[PBI_NUMBER];
    put_escaped(b, pbi_scalar(v, text));
}

pb_str pb_form(pb_task *t, pb_value map)
{
    pbi_buf b = pb_begin(t);
    for (pb_iter i = pb_each(map); pb_next(&i);) {
        if (pb_kind_of(i.value) == PB_ARRAY)
            for (pb_iter k = pb_each(i.value); pb_next(&k);)
                put_pair(&b, i.key, k.value);
        else
            put_pair(&b, i.key, i.value);
    }
    return done(&b);
}
