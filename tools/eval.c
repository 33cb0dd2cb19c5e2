/* eval.c -- unitgraph eval: runs a graph once. */
#include "tools/command.h"

#include <stdlib.h>
#include <string.h>

/* The names between commas; *copy holds their text. */
static const char **split_names(const char *text, char **copy, int *n)
{
    const size_t length = strlen(text);
    const char **names = calloc(length / 2 + 1, sizeof *names);

    *n = 0;
    *copy = strdup(text);
    if (!names || !*copy)
        abort();
    for (char *save, *name = strtok_r(*copy, ", ", &save); name; name = strtok_r(NULL, ", ", &save))
        names[(*n)++] = name;
    return names;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct texts sets = {NULL, 0};
    int64_t threads = 0;
    const char *fetch = NULL;
    struct ug_eval_options o = {.seed = -1};
    const struct option options[] = {
        {"in", 0, OPTION_TEXT, &o.in, 0, "FILE",
         "safetensors file with the inputs that are needed"},
        {"out", 'o', OPTION_TEXT, &o.out, 0, "FILE", "safetensors file to write (required)"},
        {"fetch", 0, OPTION_TEXT, &fetch, 0, "A,B", "values, losses or terms (default: all)"},
        {"params", 0, OPTION_TEXT, &o.params, 0, "FILE",
         "parameters (default: the initial values)"},
        {"grad", 0, OPTION_TEXT, &o.grad, 0, "LOSS",
         "also write grad.NAME of each input and parameter that LOSS reaches"},
        {"train", 0, OPTION_FLAG, &o.training, 0, NULL, "training mode: dropout, batch statistics"},
        {"seed", 0, OPTION_NUMBER, &o.seed, 0, "N", "seed of initial values and draws"},
        OPTION_SET(&sets),
        OPTION_THREADS(&threads),
        OPTION_END,
    };
    struct words words;
    int status = command_parse(self, options, 1, 1, argc, argv, &words);

    if (status == GO_ON && !o.out)
        status = command_wrong(self, "it needs --out FILE");
    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        char *copy = NULL;
        if (fetch)
            o.fetch = split_names(fetch, &copy, &o.n_fetch);
        o.overrides = overrides_of(&sets);
        command_threads(threads);
        status = command_end(diags, ug_eval(words.items[0], &o, diags));
        free((void *)o.fetch);
        free(copy);
    }
    texts_free(&sets);
    return status;
}

const struct command command_eval = {
    .name = "eval",
    .arguments = "FILE --in IN.safetensors --out OUT.safetensors [options]",
    .summary = "run the graph once on given tensors",
    .text =
        "Computes values of the graph and the losses from the inputs in a safetensors file, which\n"
        "holds what the fetched values need and no more. Data entries of the file are inputs "
        "here.\n"
        "Names: a value 'z1', a member 'v.a' or 'outs[0]', a loss 'G', one of its terms "
        "'G.rec_1'.\n",
    .examples =
        "  unitgraph eval unit.yaml --in x.safetensors --out y.safetensors\n"
        "  unitgraph eval unit.yaml --in x.safetensors --out y.safetensors --fetch fake_x2,G\n"
        "  unitgraph eval unit.yaml --in x.safetensors --out g.safetensors --grad G \\\n"
        "      --params runs/unit/latest/params.safetensors --train\n",
    .run = run,
};
