/* Reading MessagePack of the restricted kind: nil, booleans, numbers, strings,
 * byte strings, arrays, and maps with string keys. Nothing here allocates or
 * recurses, and every access is checked against the end of the bytes. */
#include "internal.h"

#include <string.h>

static uint64_t big_endian(const uint8_t *p, size_t width)
{
    uint64_t v = 0;
    for (size_t i = 0; i < width; i++)
        v = v << 8 | p[i];
    return v;
}

static pb_fault read_wide(const uint8_t *p, size_t n, pbi_head *h)
{
    unsigned c = p[0];
    size_t width;
    switch (c) {
    case 0xc0: h->kind = PB_NIL; return PB_FINE;
    case 0xc2: case 0xc3: h->kind = PB_BOOL; h->raw = c & 1; return PB_FINE;
    case 0xc4: case 0xc5: case 0xc6: h->kind = PB_BYTES; width = (size_t)1 << (c - 0xc4); break;
    case 0xca: case 0xcb: h->kind = PB_FLOAT; width = (size_t)4 << (c - 0xca); break;
    case 0xcc: case 0xcd: case 0xce: case 0xcf: h->kind = PB_INT; width = (size_t)1 << (c - 0xcc); break;
    case 0xd0: case 0xd1: case 0xd2: case 0xd3: h->kind = PB_INT; width = (size_t)1 << (c - 0xd0); break;
    case 0xd9: case 0xda: case 0xdb: h->kind = PB_STRING; width = (size_t)1 << (c - 0xd9); break;
    case 0xdc: case 0xdd: h->kind = PB_ARRAY; width = (size_t)2 << (c - 0xdc); break;
    case 0xde: case 0xdf: h->kind = PB_MAP; width = (size_t)2 << (c - 0xde); break;
    default: return PB_TAG;
    }
    if (n - 1 < width)
        return PB_SHORT;
    uint64_t v = big_endian(p + 1, width);
    h->size = 1 + width;
    if (h->kind >= PB_STRING) {
        h->n = (size_t)v; /* at most 32 bits, as size_t has */
        return PB_FINE;
    }
    if (c == 0xca) {
        uint32_t bits = (uint32_t)v;
        float narrow;
        memcpy(&narrow, &bits, sizeof narrow);
        double wide = narrow;
        memcpy(&v, &wide, sizeof v);
    } else if (c >= 0xd0) {
        uint64_t sign = (uint64_t)1 << (8 * width - 1);
        v = (v ^ sign) - sign; /* extends the sign */
        h->negative = v >> 63;
    }
    h->raw = v;
    return PB_FINE;
}

pb_fault pbi_read_head(const uint8_t *p, size_t n, pbi_head *h)
{
    *h = (pbi_head){.size = 1};
    if (n == 0)
        return PB_SHORT;
    unsigned c = p[0];
    if (c <= 0x7f) {
        h->kind = PB_INT;
        h->raw = c;
    } else if (c <= 0x8f) {
        h->kind = PB_MAP;
        h->n = c & 0x0f;
    } else if (c <= 0x9f) {
        h->kind = PB_ARRAY;
        h->n = c & 0x0f;
    } else if (c <= 0xbf) {
        h->kind = PB_STRING;
        h->n = c & 0x1f;
    } else if (c >= 0xe0) {
        h->kind = PB_INT;
        h->raw = (uint64_t)(int64_t)(int8_t)c;
        h->negative = true;
    } else {
        return read_wide(p, n, h);
    }
    return PB_FINE;
}

size_t pbi_utf8(const char *s, size_t n)
{
    const uint8_t *p = (const uint8_t *)s;
    size_t i = 0;
    while (i < n) {
        uint64_t eight;
        if (n - i >= 8 && (memcpy(&eight, p + i, 8), (eight & 0x8080808080808080u) == 0)) {
            i += 8;
            continue;
        }
        unsigned c = p[i];
        size_t more;
        unsigned low = 0x80, high = 0xbf; /* of the byte after the first */
        if (c < 0x80) {
            i++;
            continue;
        } else if (c >= 0xc2 && c <= 0xdf) {
            more = 1;
        } else if (c >= 0xe0 && c <= 0xef) {
            more = 2;
            low = c == 0xe0 ? 0xa0 : 0x80;  /* not longer than needed */
            high = c == 0xed ? 0x9f : 0xbf; /* no surrogates */
        } else if (c >= 0xf0 && c <= 0xf4) {
            more = 3;
            low = c == 0xf0 ? 0x90 : 0x80;
            high = c == 0xf4 ? 0x8f : 0xbf; /* up to U+10FFFF */
        } else {
            return i;
        }
        if (n - i <= more || p[i + 1] < low || p[i + 1] > high)
            return i;
        for (size_t k = 2; k <= more; k++)
            if ((p[i + k] & 0xc0) != 0x80)
                return i;
        i += more + 1;
    }
    return n;
}

/* The length of values that their first byte tells all about, nearly everything
 * in a message; 0 for the others. */
static size_t short_length(unsigned c)
{
    if (c <= 0x7f || c >= 0xe0 || c == 0xc0 || c == 0xc2 || c == 0xc3)
        return 1;
    return c >= 0xa0 && c <= 0xbf ? 1 + (c & 0x1f) : 0;
}

size_t pbi_walk(const uint8_t *p, size_t n, unsigned depth, bool strict, pb_fault *fault)
{
    struct {
        size_t left; /* values; a map's keys included */
        bool map;
    } open[PBI_MESSAGE_DEPTH];
    unsigned level = 0;
    size_t at = 0;
    if (depth > PBI_MESSAGE_DEPTH)
        depth = PBI_MESSAGE_DEPTH;
    for (;;) {
        pbi_head h;
        *fault = pbi_read_head(p + at, n - at, &h);
        if (*fault != PB_FINE)
            return 0;
        if (level > 0 && open[level - 1].map && open[level - 1].left % 2 == 0 && h.kind != PB_STRING) {
            *fault = PB_NOT_A_KEY;
            return 0;
        }
        at += h.size;
        if (h.n > (h.kind == PB_MAP ? (n - at) / 2 : n - at)) { /* each takes a byte at least */
            *fault = PB_SHORT;
            return 0;
        }
        if (h.kind == PB_STRING || h.kind == PB_BYTES) {
            if (strict && h.kind == PB_STRING && pbi_utf8((const char *)p + at, h.n) != h.n) {
                *fault = PB_NOT_UTF8;
                return 0;
            }
            at += h.n;
        } else if (h.n > 0) {
            if (level == depth) {
                *fault = PB_TOO_DEEP;
                return 0;
            }
            open[level].map = h.kind == PB_MAP;
            open[level].left = h.kind == PB_MAP ? 2 * h.n : h.n;
            level++;
            continue;
        }
        while (level > 0 && --open[level - 1].left == 0)
            level--;
        if (level == 0)
            return at;
    }
}

/* The value at p, for bytes that were checked: missing otherwise. */
static pb_value value_at(const uint8_t *p, size_t n)
{
    pb_fault fault;
    size_t size = n > 0 ? short_length(p[0]) : 0;
    if (size == 0 || size > n)
        size = pbi_walk(p, n, PBI_MESSAGE_DEPTH, false, &fault);
    return size > 0 ? (pb_value){p, size} : (pb_value){0};
}

pb_fault pb_check(pb_value v)
{
    pb_fault fault;
    size_t size = pbi_walk(v.p, v.n, PBI_MAX_DEPTH, true, &fault);
    if (fault == PB_FINE && size != v.n)
        fault = PB_TRAILING;
    return fault;
}

/* The head of v; a missing one when the content does not fit into v. */
static pbi_head head_of(pb_value v)
{
    pbi_head h;
    if (pbi_read_head(v.p, v.n, &h) != PB_FINE || h.n > v.n - h.size)
        return (pbi_head){0};
    return h;
}

pb_kind pb_kind_of(pb_value v) { return head_of(v).kind; }

bool pb_exists(pb_value v)
{
    pb_kind k = pb_kind_of(v);
    return k != PB_MISSING && k != PB_NIL;
}

size_t pb_len(pb_value v) { return head_of(v).n; }

pb_iter pb_each(pb_value v)
{
    pbi_head h = head_of(v);
    if (h.kind != PB_ARRAY && h.kind != PB_MAP)
        return (pb_iter){0};
    return (pb_iter){.rest_ = v.p + h.size, .size_ = v.n - h.size, .left_ = h.n, .map_ = h.kind == PB_MAP};
}

static bool take(pb_iter *i, pb_value *v)
{
    *v = value_at(i->rest_, i->size_);
    i->rest_ += v->n;
    i->size_ -= v->n;
    return v->n > 0;
}

bool pb_next(pb_iter *i)
{
    if (i->left_ == 0)
        return false;
    i->left_--;
    if (i->map_) {
        pb_value key;
        if (!take(i, &key) || pb_kind_of(key) != PB_STRING) {
            i->left_ = 0;
            return false;
        }
        i->key = pb_as_bytes(key);
    }
    if (!take(i, &i->value)) {
        i->left_ = 0;
        return false;
    }
    return true;
}

static pb_value get(pb_value map, const char *key, size_t n)
{
    if (pb_kind_of(map) == PB_MAP)
        for (pb_iter i = pb_each(map); pb_next(&i);)
            if (i.key.n == n && memcmp(i.key.p, key, n) == 0)
                return i.value;
    return (pb_value){0};
}

pb_value pb_get(pb_value map, const char *key) { return get(map, key, strlen(key)); }

pb_value pb_index(pb_value array, size_t index)
{
    if (pb_kind_of(array) == PB_ARRAY)
        for (pb_iter i = pb_each(array); pb_next(&i);)
            if (index-- == 0)
                return i.value;
    return (pb_value){0};
}

pb_value pb_path(pb_value v, const char *path)
{
    while (*path != 0 && v.n > 0) {
        size_t n = strcspn(path, ".");
        if (pb_kind_of(v) == PB_ARRAY) {
            int64_t index;
            if (!pbi_parse_int((pb_str){path, n}, &index) || index < 0 || index > UINT32_MAX)
                return (pb_value){0};
            v = pb_index(v, (size_t)index);
        } else {
            v = get(v, path, n);
        }
        path += n;
        if (*path == '.')
            path++;
    }
    return v;
}

pb_str pb_as_bytes(pb_value v)
{
    pbi_head h = head_of(v);
    if (h.kind != PB_STRING && h.kind != PB_BYTES)
        return (pb_str){0};
    return (pb_str){(const char *)v.p + h.size, h.n};
}

static double number(uint64_t bits)
{
    double f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

pb_str pbi_scalar(pb_value v, char text[PBI_NUMBER])
{
    pbi_head h = head_of(v);
    switch (h.kind) {
    case PB_STRING: case PB_BYTES: return pb_as_bytes(v);
    case PB_BOOL: return h.raw ? PB("true") : PB("false");
    case PB_INT:
        return (pb_str){text, h.negative ? pbi_format_int(text, (int64_t)h.raw) : pbi_format_uint(text, h.raw)};
    case PB_FLOAT: return (pb_str){text, pbi_format_float(text, number(h.raw))};
    default: return (pb_str){0};
    }
}

pb_str pb_as_str(pb_task *t, pb_value v)
{
    char text[PBI_NUMBER];
    pb_str s = pbi_scalar(v, text);
    return s.p == text ? (pb_str){memcpy(pbi_alloc(t, s.n), text, s.n), s.n} : s;
}

bool pb_as_int(pb_value v, int64_t *n)
{
    pbi_head h = head_of(v);
    if (h.kind == PB_STRING)
        return pbi_parse_int(pb_as_bytes(v), n);
    if (h.kind == PB_FLOAT) {
        double f = number(h.raw);
        if (!(f > -9007199254740992.0 && f < 9007199254740992.0) || (double)(int64_t)f != f)
            return false;
        *n = (int64_t)f;
        return true;
    }
    if (h.kind != PB_INT || (!h.negative && h.raw > INT64_MAX))
        return false;
    *n = (int64_t)h.raw;
    return true;
}

bool pb_as_uint(pb_value v, uint64_t *n)
{
    pbi_head h = head_of(v);
    int64_t i;
    if (h.kind == PB_INT && !h.negative) {
        *n = h.raw;
        return true;
    }
    if (!pb_as_int(v, &i) || i < 0)
        return false;
    *n = (uint64_t)i;
    return true;
}

bool pb_as_float(pb_value v, double *f)
{
    pbi_head h = head_of(v);
    switch (h.kind) {
    case PB_INT: *f = h.negative ? (double)(int64_t)h.raw : (double)h.raw; return true;
    case PB_FLOAT: *f = number(h.raw); return true;
    case PB_STRING: return pbi_parse_float(pb_as_bytes(v), f);
    default: return false;
    }
}

bool pb_as_bool(pb_value v)
{
    pbi_head h = head_of(v);
    return h.kind == PB_BOOL && h.raw == 1;
}
