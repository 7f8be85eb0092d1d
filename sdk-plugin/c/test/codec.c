/* The codec: bad input first, then values, numbers and texts. */
#include "rig.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static pb_value value_of(const bytes *b) { return (pb_value){b->p, b->n}; }

void test_malformed(void)
{
    static const struct {
        const char *hex;
        pb_fault fault;
    } cases[] = {
        {"", PB_SHORT}, {"c1", PB_TAG}, {"c7", PB_TAG}, {"c8", PB_TAG}, {"c9", PB_TAG}, {"d4", PB_TAG}, {"d8", PB_TAG},
        {"d40101", PB_TAG}, {"cc", PB_SHORT}, {"cd00", PB_SHORT}, {"ce000000", PB_SHORT}, {"cf00000000000000", PB_SHORT},
        {"ca000000", PB_SHORT}, {"cb00000000000000", PB_SHORT}, {"a161", PB_FINE}, {"a2 61", PB_SHORT}, {"d9", PB_SHORT},
        {"d90161", PB_FINE}, {"da000161", PB_FINE}, {"db0000000161", PB_FINE}, {"dbffffffff61", PB_SHORT}, {"c6ffffffff", PB_SHORT},
        {"91", PB_SHORT}, {"ddffffffff", PB_SHORT}, {"dfffffffff", PB_SHORT}, {"df7fffffffa0c0", PB_SHORT}, {"81a0", PB_SHORT},
        {"81a0c0", PB_FINE}, {"8101c0", PB_NOT_A_KEY}, {"81c400c0", PB_NOT_A_KEY}, {"81c0c0", PB_NOT_A_KEY}, {"8191a0c0c0", PB_NOT_A_KEY},
        {"c0c0", PB_TRAILING}, {"9000", PB_TRAILING}, {"82a0c0a0c0", PB_FINE} /* a key twice */,
        {"a1ff", PB_NOT_UTF8}, {"a180", PB_NOT_UTF8}, {"a2c080", PB_NOT_UTF8}, {"a2c3", PB_SHORT}, {"a1c3", PB_NOT_UTF8},
        {"a3eda080", PB_NOT_UTF8} /* a surrogate */, {"a3e08080", PB_NOT_UTF8}, {"a4f4908080", PB_NOT_UTF8}, {"a4f0808080", PB_NOT_UTF8},
        {"a4f48fbfbf", PB_FINE}, {"a3ee8080", PB_FINE}, {"a3efbfbf", PB_FINE}, {"81a1ffc0", PB_NOT_UTF8}, {"c401ff", PB_FINE},
        {"a9616161616161616180", PB_NOT_UTF8}, {"a96161616161616180 61", PB_NOT_UTF8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char digits[64];
        size_t n = 0;
        for (const char *c = cases[i].hex; *c != 0; c++)
            if (*c != ' ')
                digits[n++] = *c;
        bytes b = from_hex(digits, n);
        pb_fault got = pb_check(value_of(&b));
        CHECK(got == cases[i].fault, "%s: fault %d, want %d", cases[i].hex, got, cases[i].fault);
        pb_task t = {0};
        read_all(&t, value_of(&b), 0);
        pbi_release(&t.arena);
        free(b.p);
    }

    for (size_t depth = 63; depth <= 66; depth++) {
        bytes nested = copy(NULL, 0);
        nested.p = realloc(nested.p, depth + 1);
        memset(nested.p, 0x91, depth);
        nested.p[depth] = 0xc0;
        nested.n = depth + 1;
        CHECK(pb_check(value_of(&nested)) == (depth <= 64 ? PB_FINE : PB_TOO_DEEP), "depth %zu", depth);
        free(nested.p);
    }
    static uint8_t bomb[1 << 20];
    memset(bomb, 0x91, sizeof bomb);
    CHECK(pb_check((pb_value){bomb, sizeof bomb}) == PB_TOO_DEEP, "a million levels");
}

static pb_reply build_values(pb_task *t)
{
    static const struct {
        int64_t n;
        const char *hex;
    } ints[] = {{0, "00"}, {127, "7f"}, {128, "cc80"}, {-1, "ff"}, {-32, "e0"}, {-33, "d0df"}, {INT64_MIN, "d38000000000000000"},
                {INT64_MAX, "cf7fffffffffffffff"}};
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
        int64_t back = 1;
        pb_value v = pb_from_int(t, ints[i].n);
        CHECK(strcmp(hex(v.p, v.n), ints[i].hex) == 0, "%lld is %s", (long long)ints[i].n, hex(v.p, v.n));
        CHECK(pb_as_int(v, &back) && back == ints[i].n, "%s", ints[i].hex);
    }
    uint64_t most = 0;
    int64_t n = 5;
    pb_value v = pb_from_uint(t, UINT64_MAX);
    CHECK(pb_as_uint(v, &most) && most == UINT64_MAX && !pb_as_int(v, &n) && n == 5, "uint64");
    CHECK(!pb_as_uint(pb_from_int(t, -1), &most), "-1 is no unsigned number");

    /* forms that writers do not use, but readers accept */
    static const char *const ones[] = {"cc01", "cd0001", "ce00000001", "cf0000000000000001", "d001", "d10001", "d200000001",
                                       "d30000000000000001", "ca3f800000", "cb3ff0000000000000", "a131", "d90131"};
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
        bytes b = from_hex(ones[i], strlen(ones[i]));
        CHECK(pb_as_int((pb_value){b.p, b.n}, &n) && n == 1, "%s is not 1", ones[i]);
        free(b.p);
    }
    static const size_t sizes[] = {0, 31, 32, 255, 256, 65535, 65536};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = malloc(sizes[i] + 1);
        memset(text, 'x', sizes[i]);
        v = pb_from_str(t, (pb_str){text, sizes[i]});
        CHECK(pb_check(v) == PB_FINE && pb_len(v) == sizes[i], "text of %zu", sizes[i]);
        v = pb_from_bytes(t, text, sizes[i]);
        CHECK(pb_check(v) == PB_FINE && pb_len(v) == sizes[i] && pb_kind_of(v) == PB_BYTES, "bytes of %zu", sizes[i]);
        pb_builder list = pb_begin(t), map = pb_begin(t);
        for (size_t k = 0; k < sizes[i]; k++) {
            pb_add(&list, pb_nil());
            pb_set(&map, pb_number(t, (int64_t)k), pb_from_bool(true));
        }
        CHECK(pb_check(pb_array(&list)) == PB_FINE && pb_len(pb_array(&list)) == sizes[i], "array of %zu", sizes[i]);
        CHECK(pb_check(pb_map(&map)) == PB_FINE && pb_len(pb_map(&map)) == sizes[i], "map of %zu", sizes[i]);
        free(text);
    }

    /* what is not UTF-8 never leaves the plugin */
    v = pb_from_str(t, (pb_str){"a\xff\xc3z\xf0\x9f", 6});
    CHECK(pb_check(v) == PB_FINE && pb_eq(pb_as_bytes(v), "a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd"), "repaired: %s", hex(v.p, v.n));

    pb_value doc = pb_object(t, {"rows", pb_array(&(pb_builder){.t_ = t})}, {"a", pb_object(t, {"", pb_from_int(t, 3)}, {"b", pb_nil()})});
    CHECK(pb_path(doc, "").p == doc.p && pb_path(doc, "rows.0").n == 0 && pb_path(doc, "rows.x").n == 0
              && pb_path(doc, "rows.-1").n == 0 && pb_path(doc, "a.c.d").n == 0 && !pb_exists(pb_path(doc, "a.b"))
              && pb_path(doc, "rows.99999999999999999999").n == 0, "paths");
    CHECK(pb_kind_of(pb_path(doc, "a.b")) == PB_NIL && pb_kind_of((pb_value){0}) == PB_MISSING && pb_len((pb_value){0}) == 0, "kinds");
    bytes twice = from_hex("82a16101a16102", 14);
    CHECK(pb_as_int(pb_get((pb_value){twice.p, twice.n}, "a"), &n) && n == 1, "of equal keys the first");
    free(twice.p);
    return (pb_reply){0};
}

void test_values(void) { in_task(build_values); }

static void check_float(double f, const char *want)
{
    char text[PBI_NUMBER + 1];
    size_t n = pbi_format_float(text, f);
    text[n] = 0;
    CHECK(n <= PBI_NUMBER, "%s is too long", text);
    if (want != NULL)
        CHECK(strcmp(text, want) == 0, "%.17g is %s, want %s", f, text, want);
    if (f - f == 0)
        CHECK(strtod(text, NULL) == f, "%.17g became %s", f, text);
}

void test_numbers(void)
{
    static const struct {
        double f;
        const char *text;
    } floats[] = {
        {0, "0"}, {-0.0, "0"}, {1, "1"}, {-1.5, "-1.5"}, {0.1, "0.1"}, {100.01, "100.01"}, {1e21, "1e+21"}, {1e20, "100000000000000000000"},
        {123456789012345680000.0, "123456789012345680000"}, {1e-6, "0.000001"}, {1e-7, "1e-7"}, {1.5e-9, "1.5e-9"}, {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"}, {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {9007199254740993.0, "9007199254740992"}, {2251799813685249.5, "2251799813685249.5"}, {0.3, "0.3"}, {0.1 + 0.2, "0.30000000000000004"},
        {9.5, "9.5"}, {99.99, "99.99"}, {1e23, "1e+23"}, {8.41e21, "8.41e+21"}, {-1.7976931348623157e308, "-1.7976931348623157e+308"},
        {INFINITY, "null"}, {NAN, "null"},
    };
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        check_float(floats[i].f, floats[i].text);
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 20000; i++) { /* also shortest: one digit less does not read back */
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        double f;
        memcpy(&f, &x, sizeof f);
        check_float(f, NULL);
        char shorter[40], text[PBI_NUMBER + 1];
        if (f - f != 0)
            continue;
        text[pbi_format_float(text, f)] = 0;
        int digits = 0;
        for (const char *c = text; *c != 0 && *c != 'e'; c++)
            digits += *c >= '0' && *c <= '9';
        if (digits > 1 && strchr(text, 'e') != NULL) {
            snprintf(shorter, sizeof shorter, "%.*e", digits - 2, f);
            CHECK(strtod(shorter, NULL) != f, "%s is not the shortest, %s is", text, shorter);
        }
    }

    int64_t n = 0;
    double f = 0;
    CHECK(pbi_parse_int(PB("-9223372036854775808"), &n) && n == INT64_MIN, "least");
    CHECK(pbi_parse_int(PB("9223372036854775807"), &n) && n == INT64_MAX, "most");
    CHECK(pbi_parse_int(PB("+7"), &n) && n == 7, "plus");
    static const char *const no_ints[] = {"", "-", "+", "1 ", " 1", "0x1", "1.0", "9223372036854775808", "-9223372036854775809", "99999999999999999999", "1-"};
    for (size_t i = 0; i < sizeof no_ints / sizeof *no_ints; i++)
        CHECK(!pbi_parse_int(pb_s(no_ints[i]), &n), "'%s' is a number", no_ints[i]);
    CHECK(pbi_parse_float(PB("-1.25e2"), &f) && f == -125 && pbi_parse_float(PB(".5"), &f) && f == 0.5, "floats");
    static const char *const no_floats[] = {"", ".", "-", "1e", "1e+", "nan", "inf", "0x1p3", "1,5", "1 ", "1e999", "e5"};
    for (size_t i = 0; i < sizeof no_floats / sizeof *no_floats; i++)
        CHECK(!pbi_parse_float(pb_s(no_floats[i]), &f), "'%s' is a number", no_floats[i]);
}

static pb_reply build_texts(pb_task *t)
{
    pb_builder list = pb_begin(t);
    pb_add(&list, pb_from_int(t, -3));
    pb_add(&list, pb_from_float(t, 0.5));
    pb_add(&list, (pb_value){0});
    pb_value v = pb_object(t, {"text", pb_from_str(t, PB("a\"\\\n\r\t\x01 Привет/<>"))}, {"list", pb_array(&list)},
                           {"bin", pb_from_bytes(t, "\x00\xff\x10\x20", 4)}, {"yes", pb_from_bool(true)}, {"", pb_map(&(pb_builder){.t_ = t})});
    pb_str json = pb_json(t, v);
    CHECK(pb_eq(json, "{\"text\":\"a\\\"\\\\\\n\\r\\t\\u0001 Привет/<>\",\"list\":[-3,0.5,null],\"bin\":\"AP8QIA==\",\"yes\":true,\"\":{}}"),
          "JSON is %s", pb_cstr(t, json));
    static const char *const base64[] = {"", "YQ==", "YWI=", "YWJj", "YWJjZA=="};
    for (size_t n = 0; n < 5; n++) {
        json = pb_json(t, pb_from_bytes(t, "abcd", n));
        CHECK(pb_eq(json, pb_cstr(t, pb_join(t, PB("\""), pb_s(base64[n]), PB("\"")))), "%s", pb_cstr(t, json));
    }
    pb_value form = pb_object(t, {"to", pb_from_str(t, PB("+7 919"))}, {"text", pb_from_str(t, PB("a&b=ц"))}, {"n", pb_array(&list)}, {"no", pb_nil()});
    CHECK(pb_eq(pb_form(t, form), "to=%2B7%20919&text=a%26b%3D%D1%86&n=-3&n=0.5"), "form is %s", pb_cstr(t, pb_form(t, form)));
    CHECK(pb_eq(pb_escape(t, PB("../a b~")), "..%2Fa%20b~"), "escape");
    CHECK(pb_eq(pb_cut(PB("ццц"), 3), "ц") && pb_eq(pb_cut(PB("ab"), 5), "ab") && pb_eq(pb_cut(PB("ц"), 1), ""), "cut");
    CHECK(pb_eq(pb_join(t, PB("a"), (pb_str){0}, pb_s(NULL), pb_number(t, -7)), "a-7"), "join");
    return (pb_reply){0};
}

void test_texts(void) { in_task(build_texts); }
