/* Mutated messages, always the same ones: as bytes, as a request of the gateway and
 * as its answer. The sanitizers are the judges. */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

static uint64_t state = 0x9e3779b97f4a7c15;

static uint32_t roll(uint32_t sides)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)(state >> 33) % sides;
}

static bytes input;

static unsigned served; /* requests that reached a handler */

static pb_reply use(pb_task *t)
{
    served++;
    read_all(t, pb_params(t), 0);
    pb_phone_of(t, "phone");
    bytes old = gateway.answer;
    gateway.answer = input;
    pb_response r = pb_fetch(t, (pb_request){.url = pb_param(t, "url"), .json = pb_params(t)});
    read_all(t, r.data, 0);
    read_all(t, r.header, 0);
    pb_attachment a = pb_recording(t, r.body);
    pb_result k = pb_kv_get(t, a.next);
    read_all(t, k.body, 0);
    gateway.answer = old;
    return r.error != NULL ? pb_unavailable(t, "ACME", r.error) : pb_ok(r.data);
}

static void mutate(bytes *b, const bytes *seeds, size_t n)
{
    static const uint8_t tags[] = {0xc0, 0xc1, 0xc4, 0xc6, 0xcb, 0xcf, 0xd3, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0x81, 0x91, 0xa1, 0xff, 0x00, 0x7f, 0x80};
    for (uint32_t k = 1 + roll(4); k > 0 && b->n > 0; k--) {
        uint32_t at = roll((uint32_t)b->n);
        const bytes *other = &seeds[roll((uint32_t)n)];
        size_t m;
        switch (roll(6)) {
        case 0: b->p[at] ^= (uint8_t)(1 << roll(8)); break;
        case 1: b->p[at] = tags[roll(sizeof tags)]; break;
        case 2: b->n = at; break;
        case 3: b->p[at] = (uint8_t)roll(256); break;
        case 4: /* from another message */
            m = roll((uint32_t)other->n + 1);
            m = m < b->n - at ? m : b->n - at;
            memcpy(b->p + at, other->p, m);
            break;
        default: /* the beginning again, deeper */
            m = b->n - at < at ? b->n - at : at;
            memmove(b->p + at, b->p, m);
        }
    }
}

static size_t read_seeds(const char *file, bytes *seeds, size_t most)
{
    FILE *f = fopen(file, "r");
    char line[4096];
    size_t n = 0;
    while (f != NULL && n < most && fgets(line, sizeof line, f) != NULL) {
        char *start = strstr(line, "\"hex\":\""), *end = strstr(line, "\",\"value\"");
        if (start != NULL && end != NULL)
            seeds[n++] = from_hex(start + 7, (size_t)(end - start - 7));
    }
    if (f != NULL)
        fclose(f);
    CHECK(n > 20, "no seeds in %s", file);
    return n;
}

void fuzz(unsigned rounds, const char *vectors)
{
    bytes seeds[100];
    size_t n = read_seeds(vectors, seeds, 100);
    unsigned well_formed = 0;
    configure = use;
    body = use;
    for (unsigned i = 0; i < rounds && n > 0; i++) {
        const bytes *seed = &seeds[roll((uint32_t)n)];
        bytes grown = copy(seed->p, seed->n);
        mutate(&grown, seeds, n);
        input = copy(grown.p, grown.n);
        input.p = realloc(input.p, input.n > 0 ? input.n : 1); /* exactly: reading on is found */
        free(grown.p);
        pb_task t = {0};
        well_formed += pb_check((pb_value){input.p, input.n}) == PB_FINE;
        read_all(&t, (pb_value){input.p, input.n}, 0);
        pbi_release(&t.arena);
        deliver(input.p, input.n);
        bytes wrapped = request(PB_ACTION, "", "run", (pb_value){input.p, input.n});
        deliver(wrapped.p, wrapped.n);
        free(wrapped.p);
        free(input.p);
    }
    configure = NULL;
    for (size_t i = 0; i < n; i++)
        free(seeds[i].p);
    CHECK(well_formed > rounds / 20 && served > rounds / 10, "%u well-formed, %u served of %u: the mutations are too wild", well_formed, served, rounds);
}
