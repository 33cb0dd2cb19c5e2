/* Any text as the state.json of a checkpoint whose other files are sound. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/run/checkpoint.h"
#include "tests/fuzz/fuzz.h"

static const char text[] =
    "unitgraph: 1\n"
    "graph: {a: 'parameter([2, 3], init=ones)', b: 'parameter([4], init=ones)'}\n"
    "losses: {A: mean(a ** 2), B: mean(b)}\n"
    "train:\n"
    "  steps: 6\n"
    "  optimizers:\n"
    "    A: {minimize: A, parameters: [a], ema: 0.5, adam: {lr: 0.1}}\n"
    "    B: {minimize: B, parameters: [b], sgd: {lr: 0.1}}\n";

static struct {
    char folder[32], checkpoint[96], state[128];
    struct ug_program *program;
    struct ug_trainer *trainer;
    struct ug_diags *diags;
} run;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void end(void)
{
    nftw(run.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    ug_trainer_free(run.trainer);
    ug_program_free(run.program);
    ug_diags_free(run.diags);
}

/* A checkpoint of step 3, in a folder of its own. */
static void begin(void)
{
    const struct ug_load_options o = {.text = text, .length = sizeof text - 1};
    const struct ug_progress_made made = {
        .step = 3, .seed = 7, .seconds = 1.5, .experiment = "unitgraph: 1\n"};

    run.diags = ug_diags_new();
    run.program = ug_program_load("fuzz.yaml", &o, run.diags);
    run.trainer = run.program ? ug_trainer_new(run.program, NULL, run.diags) : NULL;
    strcpy(run.folder, "/tmp/ug-fuzz-XXXXXX");
    if (!run.trainer || !mkdtemp(run.folder) ||
        !ug_checkpoint_write(run.folder, run.trainer, &made, text, 0, run.diags)) {
        ug_diags_print(run.diags, stderr, 0);
        abort();
    }
    atexit(end);
    snprintf(run.checkpoint, sizeof run.checkpoint, "%s/checkpoints/step-00000003", run.folder);
    snprintf(run.state, sizeof run.state, "%s/state.json", run.checkpoint);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ug_diags *diags = ug_diags_new();
    struct ug_progress_made made = {0};
    struct ug_arena *a = ug_arena_new();

    if (!run.trainer)
        begin();
    unlink(run.state);
    if (symlink(fuzz_file("", bytes, n), run.state))
        abort();
    ug_checkpoint_fault(a, run.checkpoint);
    if (ug_checkpoint_origin(run.checkpoint, a, &made, diags) && made.step < 0)
        abort();
    ug_checkpoint_read(run.checkpoint, run.trainer, diags);
    ug_arena_free(a);
    ug_diags_free(diags);
    return 0;
}

void fuzz_seeds(void)
{
    size_t n;

    begin();
    char *state = ug_file_read(run.state, 1 << 20, &n, UG_NOWHERE, run.diags);
    if (!state)
        abort();
    fuzz_seed(state, n);
    free(state);
    fuzz_seed_text(
        "{\"version\": 1, \"step\": 3, \"seed\": -1, \"seconds\": 1e300, \"experiment\": "
        "\"zz\", \"init\": \"p\", \"updates\": {\"A\": 3, \"B\": 0}}");
}
