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

struct eval {
    struct ug_eval_options o;
    const char *fetch; /* names between commas */
};

static const struct eval defaults = {.o.seed = -1};

static const struct option options[] = {
    {"in", 0, OPTION_TEXT, offsetof(struct eval, o.in), 0, "FILE",
     "safetensors file with the inputs that are needed"},
    {"out", 'o', OPTION_TEXT, offsetof(struct eval, o.out), 0, "FILE",
     "safetensors file to write (required)"},
    {"fetch", 0, OPTION_TEXT, offsetof(struct eval, fetch), 0, "A,B",
     "values, losses or terms (default: all)"},
    {"params", 0, OPTION_TEXT, offsetof(struct eval, o.params), 0, "FILE",
     "parameters (default: the initial values)"},
    {"grad", 0, OPTION_TEXT, offsetof(struct eval, o.grad), 0, "LOSS",
     "also write grad.NAME of each input and parameter that LOSS reaches"},
    {"train", 0, OPTION_FLAG, offsetof(struct eval, o.training), 0, NULL,
     "training mode: dropout, batch statistics"},
    {"seed", 0, OPTION_NUMBER, offsetof(struct eval, o.seed), 0, "N",
     "seed of initial values and draws"},
    THE_SETS(offsetof(struct eval, o.overrides)),
    THE_THREADS,
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    struct eval *s = call->settings;
    char *copy = NULL;

    if (!s->o.out)
        return command_wrong(call, "it needs --out FILE");
    if (s->fetch)
        s->o.fetch = split_names(s->fetch, &copy, &s->o.n_fetch);
    const enum ug_status status = ug_eval(call->words[0], &s->o, call->diags);
    free((void *)s->o.fetch);
    free(copy);
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
    .options = options,
    .settings = &defaults,
    .size = sizeof defaults,
    .words = {1, 1},
    .run = run,
};
