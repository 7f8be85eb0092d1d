/* Numbers as text and back, without the weight of printf. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

size_t pbi_format_uint(char *to, uint64_t n)
{
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    memcpy(to, digits + i, sizeof digits - i);
    return sizeof digits - i;
}

size_t pbi_format_int(char *to, int64_t n)
{
    if (n >= 0)
        return pbi_format_uint(to, (uint64_t)n);
    to[0] = '-';
    return 1 + pbi_format_uint(to + 1, 0 - (uint64_t)n);
}

bool pbi_parse_int(pb_str s, int64_t *n)
{
    size_t i = 0;
    bool negative = s.n > 0 && s.p[0] == '-';
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
        i++;
    if (i == s.n)
        return false;
    uint64_t limit = (uint64_t)INT64_MAX + negative, v = 0;
    for (; i < s.n; i++) {
        unsigned d = (unsigned)s.p[i] - '0';
        if (d > 9 || v > (limit - d) / 10)
            return false;
        v = 10 * v + d;
    }
    *n = (int64_t)(negative ? 0 - v : v);
    return true;
}

static size_t digits_at(pb_str s, size_t i)
{
    size_t n = 0;
    while (i + n < s.n && s.p[i + n] >= '0' && s.p[i + n] <= '9')
        n++;
    return n;
}

bool pbi_parse_float(pb_str s, double *f)
{
    char text[64];
    size_t i = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+');
    size_t whole = digits_at(s, i);
    i += whole;
    if (i < s.n && s.p[i] == '.') {
        size_t fraction = digits_at(s, ++i);
        i += fraction;
        whole += fraction;
    }
    if (whole == 0)
        return false;
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
            i++;
        size_t exponent = digits_at(s, i);
        if (exponent == 0)
            return false;
        i += exponent;
    }
    if (i != s.n || s.n >= sizeof text)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    double v = strtod(text, NULL);
    if (v - v != 0) /* an infinity */
        return false;
    *f = v;
    return true;
}

/* Steele and White's algorithm in the form of Burger and Dybvig, "Printing
 * Floating-Point Numbers Quickly and Accurately" (1996), on whole numbers of at
 * most 1,280 bits. */
#define WORDS 40

typedef struct big {
    uint32_t w[WORDS]; /* least significant first */
    size_t n;          /* words in use */
} big;

static void multiply(big *a, uint32_t by)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < a->n; i++) {
        carry += (uint64_t)a->w[i] * by;
        a->w[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry > 0)
        a->w[a->n++] = (uint32_t)carry;
}

static void multiply_power(big *a, unsigned tens)
{
    for (; tens >= 9; tens -= 9)
        multiply(a, 1000000000);
    for (; tens > 0; tens--)
        multiply(a, 10);
}

/* v shifted left. */
static void set(big *a, uint64_t v, unsigned shift)
{
    memset(a, 0, sizeof *a);
    size_t at = shift / 32;
    shift %= 32;
    a->w[at] = (uint32_t)(v << shift);
    a->w[at + 1] = (uint32_t)(v << shift >> 32);
    a->w[at + 2] = shift > 0 ? (uint32_t)(v >> (64 - shift)) : 0;
    for (a->n = at + 3; a->n > 0 && a->w[a->n - 1] == 0;)
        a->n--;
}

static int compare(const big *a, const big *b)
{
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (size_t i = a->n; i-- > 0;)
        if (a->w[i] != b->w[i])
            return a->w[i] < b->w[i] ? -1 : 1;
    return 0;
}

static big sum(const big *a, const big *b)
{
    big s = {0};
    uint64_t carry = 0;
    for (size_t i = 0; i < a->n || i < b->n || carry > 0; i++) {
        carry += (uint64_t)a->w[i] + b->w[i];
        s.w[s.n++] = (uint32_t)carry;
        carry >>= 32;
    }
    return s;
}

/* a -= b, where b is not larger. */
static void subtract(big *a, const big *b)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < a->n; i++) {
        uint64_t d = (uint64_t)a->w[i] - b->w[i] - borrow;
        a->w[i] = (uint32_t)d;
        borrow = d >> 63;
    }
    while (a->n > 0 && a->w[a->n - 1] == 0)
        a->n--;
}

/* The shortest digits of f = 0.d1d2… × 10^*point; f is finite and above zero. */
static size_t shortest(double f, char *digits, int *point)
{
    uint64_t bits;
    memcpy(&bits, &f, sizeof bits);
    int e = (int)(bits >> 52 & 0x7ff);
    uint64_t m = bits & 0xfffffffffffffu;
    bool narrow = m == 0 && e > 1; /* the neighbour below is nearer */
    if (e > 0)
        m |= (uint64_t)1 << 52;
    else
        e = 1;
    e -= 1075;
    bool even = m % 2 == 0; /* both borders read back as f */

    big r, s, above, below; /* f = r/s, the borders at (r+above)/s and (r-below)/s */
    unsigned up = e > 0 ? (unsigned)e : 0, down = e < 0 ? (unsigned)-e : 0;
    set(&r, m, up + 1 + narrow);
    set(&s, 1, down + 1 + narrow);
    set(&above, 1, up + narrow);
    set(&below, 1, up);

    int length = 0;
    while (m >> length != 0 && length < 63)
        length++;
    double log = (e + length - 1) * 0.30102999566398120 - 1e-10;
    int k = (int)log + (log > (int)log); /* the point, or one less */
    if (k >= 0) {
        multiply_power(&s, (unsigned)k);
    } else {
        multiply_power(&r, (unsigned)-k);
        multiply_power(&above, (unsigned)-k);
        multiply_power(&below, (unsigned)-k);
    }
    big high = sum(&r, &above);
    if (compare(&high, &s) >= (even ? 0 : 1))
        k++;
    else
        multiply(&r, 10), multiply(&above, 10), multiply(&below, 10);
    *point = k;

    for (size_t n = 0;;) {
        int d = 0;
        for (; compare(&r, &s) >= 0; d++)
            subtract(&r, &s);
        high = sum(&r, &above);
        bool low_ok = compare(&r, &below) < (even ? 1 : 0);
        bool high_ok = compare(&high, &s) >= (even ? 0 : 1);
        if (low_ok || high_ok) {
            big twice = sum(&r, &r);
            if (!low_ok || (high_ok && compare(&twice, &s) >= 0))
                d++;
            digits[n++] = (char)('0' + d);
            return n;
        }
        digits[n++] = (char)('0' + d);
        multiply(&r, 10), multiply(&above, 10), multiply(&below, 10);
    }
}

static size_t fill(char *to, size_t n)
{
    memset(to, '0', n);
    return n;
}

size_t pbi_format_float(char *to, double f)
{
    char digits[20];
    int point;
    size_t at = 0;
    if (f - f != 0) { /* not a number, or an infinity */
        memcpy(to, "null", 4);
        return 4;
    }
    if (f == 0) {
        to[0] = '0';
        return 1;
    }
    if (f < 0) {
        to[at++] = '-';
        f = -f;
    }
    size_t n = shortest(f, digits, &point);
    size_t whole = point > 0 ? (size_t)point : 0;
    if (point > 21 || point <= -6) {
        to[at++] = digits[0];
        if (n > 1)
            to[at++] = '.';
        memcpy(to + at, digits + 1, n - 1);
        at += n - 1;
        to[at++] = 'e';
        to[at++] = point > 0 ? '+' : '-';
        return at + pbi_format_uint(to + at, (uint64_t)(point > 0 ? point - 1 : 1 - point));
    }
    if (whole >= n) {
        memcpy(to + at, digits, n);
        at += n;
        return at + fill(to + at, whole - n);
    }
    if (whole == 0)
        to[at++] = '0';
    memcpy(to + at, digits, whole);
    at += whole;
    to[at++] = '.';
    if (point < 0)
        at += fill(to + at, (size_t)-point);
    memcpy(to + at, digits + whole, n - whole);
    return at + n - whole;
}
