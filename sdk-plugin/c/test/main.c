/* usage: test vectors.json [rounds of fuzzing] */
#include "rig.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s vectors.json [rounds]\n", argv[0]);
        return 2;
    }
    test_malformed();
    test_values();
    test_numbers();
    test_texts();
    test_vectors(argv[1]);
    test_tasks();
    test_http();
    test_operations();
    fuzz(argc > 2 ? (unsigned)atoi(argv[2]) : 20000, argv[1]);
    if (failures > 0)
        fprintf(stderr, "%d failed\n", failures);
    return failures > 0;
}
