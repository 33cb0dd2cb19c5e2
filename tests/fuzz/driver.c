/* driver.c -- main of a fuzzing target without libFuzzer: the same changed seeds each time.
 *
 * Memory and time of one input are bounded by the system: an input that wants more than MOST_MEMORY
 * ends with a message or a crash, one that takes more than MOST_SECONDS with SIGALRM.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/base/arena.h"
#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/random.h"
#include "tests/fuzz/fuzz.h"

enum { MOST_SECONDS = 20, MOST_CHANGES = 6, MOST_LENGTH = 1 << 17, LARGEST_INPUT = 1 << 28 };
static const rlim_t MOST_MEMORY = (rlim_t)2 << 30;

struct seed {
    uint8_t *bytes;
    size_t n;
};

static struct {
    struct seed *items;
    int n, capacity;
    struct ug_arena *arena;
} seeds;

void fuzz_seed(const void *bytes, size_t n)
{
    const struct seed s = {(uint8_t *)ug_arena_copy(seeds.arena, bytes, n), n};

    UG_PUSH(seeds.arena, seeds.items, seeds.n, seeds.capacity, s);
}

/* ---- Changing an input ---- */

struct changing {
    struct ug_random random;
    uint64_t draws;
    uint8_t bytes[MOST_LENGTH];
    size_t n;
};

static size_t below(struct changing *c, size_t n)
{
    return n ? (size_t)ug_random_below(&c->random, c->draws++, n) : 0;
}

static void insert(struct changing *c, size_t at, const uint8_t *from, size_t n)
{
    if (n > MOST_LENGTH - c->n)
        n = MOST_LENGTH - c->n;
    memmove(c->bytes + at + n, c->bytes + at, c->n - at);
    memcpy(c->bytes + at, from, n);
    c->n += n;
}

static void change(struct changing *c)
{
    static const uint8_t edges[] = {0,   1,   0x7f, 0x80, 0xff, '0', '9',
                                    '-', '[', '{',  '"',  '\n', ' '};
    const size_t at = below(c, c->n), length = 1 + below(c, below(c, 2) ? 4 : 64);
    const size_t rest = c->n - at, n = length < rest ? length : rest;
    const struct seed *other = &seeds.items[below(c, (size_t)seeds.n)];
    const size_t from = below(c, other->n), there = other->n - from;
    uint8_t piece[64];

    switch (below(c, 6)) {
    case 0:
        if (n)
            c->bytes[at] ^= (uint8_t)(1u << below(c, 8));
        return;
    case 1:
        if (n)
            c->bytes[at] = edges[below(c, sizeof edges)];
        return;
    case 2:
        memmove(c->bytes + at, c->bytes + at + n, rest - n);
        c->n -= n;
        return;
    case 3:
        memcpy(piece, c->bytes + at, n);
        insert(c, below(c, c->n + 1), piece, n);
        return;
    case 4:
        insert(c, at, other->bytes + from, length < there ? length : there);
        return;
    default:
        c->n = below(c, 8) ? c->n : at;
    }
}

static void run_changed(struct changing *c, uint64_t run)
{
    const struct seed *s;

    c->random = (struct ug_random){.seed = 1, .stream = ug_random_stream("fuzz"), .step = run};
    c->draws = 0;
    s = &seeds.items[below(c, (size_t)seeds.n)];
    c->n = s->n < MOST_LENGTH ? s->n : MOST_LENGTH;
    memcpy(c->bytes, s->bytes, c->n);
    for (size_t i = 1 + below(c, MOST_CHANGES); i > 0; i--)
        change(c);
    alarm(MOST_SECONDS);
    LLVMFuzzerTestOneInput(c->bytes, c->n);
}

/* ---- The command ---- */

static int write_seeds(const char *folder)
{
    struct ug_diags *diags = ug_diags_new();

    for (int i = 0; i < seeds.n; i++)
        ug_file_write(ug_arena_format(seeds.arena, "%s/seed-%04d", folder, i), seeds.items[i].bytes,
                      seeds.items[i].n, diags);
    const int failed = ug_diags_errors(diags) > 0;
    ug_diags_print(diags, stderr, 1);
    ug_diags_free(diags);
    return failed;
}

static int run_file(const char *path)
{
    struct ug_diags *diags = ug_diags_new();
    size_t n;
    char *bytes = ug_file_read(path, LARGEST_INPUT, &n, UG_NOWHERE, diags);

    if (bytes)
        LLVMFuzzerTestOneInput((const uint8_t *)bytes, n);
    free(bytes);
    ug_diags_print(diags, stderr, 1);
    ug_diags_free(diags);
    return !bytes;
}

/* At least `runs` changed seeds, and as many more as fit into the seconds that the environment asks
 * for: of two runs, one does what the other does, and perhaps more. */
static void run_all(uint64_t runs)
{
    const char *seconds = getenv("UNITGRAPH_FUZZ_SECONDS");
    const double end = ug_now() + (seconds ? strtod(seconds, NULL) : 0);
    struct changing *c = ug_xcalloc(1, sizeof *c);
    uint64_t done = 0;

    for (int i = 0; i < seeds.n; i++) {
        alarm(MOST_SECONDS);
        LLVMFuzzerTestOneInput(seeds.items[i].bytes, seeds.items[i].n);
    }
    while (done < runs || ug_now() < end)
        run_changed(c, done++);
    printf("%d seeds and %llu changed ones\n", seeds.n, (unsigned long long)done);
    free(c);
}

/* Clang, which is here for its sanitizers alone, does not define __SANITIZE_ADDRESS__. */
static void bound_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__) /* these reserve terabytes */
    setrlimit(RLIMIT_AS, &(struct rlimit){MOST_MEMORY, MOST_MEMORY});
#endif
}

int main(int argc, char **argv)
{
    int status = 0;

    seeds.arena = ug_arena_new();
    if (argc == 3 && !strcmp(argv[1], "--seeds")) {
        fuzz_seeds();
        status = write_seeds(argv[2]);
    } else if (argc == 3 && !strcmp(argv[1], "--runs")) {
        bound_memory();
        fuzz_seeds();
        run_all(strtoull(argv[2], NULL, 10));
    } else if (argc > 1 && argv[1][0] != '-') {
        for (int i = 1; i < argc; i++)
            status |= run_file(argv[i]);
    } else {
        fprintf(stderr,
                "usage: %s --runs N | --seeds FOLDER | FILE ...\n"
                "UNITGRAPH_FUZZ_SECONDS=S: --runs goes on until S seconds have passed\n",
                argv[0]);
        status = 2;
    }
    ug_arena_free(seeds.arena);
    return status;
}
