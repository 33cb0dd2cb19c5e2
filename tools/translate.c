/* translate.c -- unitgraph translate: pictures through a trained network. */
#include <errno.h>
#include <stdlib.h>

#include "tools/command.h"

/* "256" is a square, "256x192" height and width. */
static bool read_size(const char *text, struct ug_translate_options *o)
{
    char *end;

    errno = 0;
    o->height = o->width = strtoll(text, &end, 10);
    if (*end == 'x')
        o->width = strtoll(end + 1, &end, 10);
    return !*end && !errno && o->height > 0 && o->width > 0 && o->height <= 65536 &&
           o->width <= 65536;
}

struct translate {
    struct ug_translate_options o;
    const char *size; /* "256", "192x256" */
    bool quiet;
};

static const struct translate defaults = {.o = {.step = -1, .seed = -1}};

static const struct option options[] = {
    {"size", 0, OPTION_TEXT, offsetof(struct translate, size), 0, "SIZE",
     "bring pictures to 256 or 192x256 (height x width) first; so do results come out"},
    {"step", 0, OPTION_NUMBER, offsetof(struct translate, o.step), 0, "N",
     "use the checkpoint of step N (default: the newest)"},
    {"checkpoint", 0, OPTION_TEXT, offsetof(struct translate, o.checkpoint), 0, "WHICH",
     "the same: latest, best or a step"},
    {"count", 0, OPTION_NUMBER, offsetof(struct translate, o.count), 1, "N",
     "pictures to draw, for an entry without 'from'"},
    {"seed", 0, OPTION_NUMBER, offsetof(struct translate, o.seed), 0, "N",
     "seed of the random draws"},
    THE_THREADS,
    THE_QUIET(offsetof(struct translate, quiet)),
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    struct translate *s = call->settings;
    struct ug_translate_options *o = &s->o;

    if (s->size && !read_size(s->size, o)) {
        fprintf(stderr, "unitgraph translate: --size is a number or HEIGHTxWIDTH, not '%s'\n",
                s->size);
        return UG_WRONG;
    }
    o->run = call->words[0];
    o->name = call->words[1];
    o->in = call->n_words == 4 ? call->words[2] : NULL;
    o->out = call->words[call->n_words - 1];
    o->progress = s->quiet ? NULL : stderr;
    o->stop = command_catch_signals();
    return ug_translate(o, call->diags);
}

const struct command command_translate = {
    .name = "translate",
    .arguments = "RUN NAME [IN] OUT [options]",
    .summary = "run pictures through a trained network",
    .text =
        "RUN is a run's folder or a params.safetensors file: either is enough. NAME is an entry of "
        "the\n"
        "experiment's 'translate'. IN is a picture, a folder of them, a list file (.txt, one path "
        "a\n"
        "line) or a quoted pattern; each is taken at its own size, whatever it is, or at --size. "
        "OUT\n"
        "is a picture or a folder to match. Pictures keep their names and become PNG; where a.jpg "
        "and\n"
        "a.png stand in one folder, a.jpg becomes a.jpg.png. One that cannot be read is named, "
        "and\n"
        "the others are done; Ctrl-C ends with whole pictures. An entry without 'from' has no IN "
        "and\n"
        "draws --count pictures into the folder OUT.\n"
        "\n"
        "Small pictures of one size are run together, to values that may differ by rounding from\n"
        "those of each alone; reading and writing go on meanwhile.\n",
    .examples = "  unitgraph translate runs/unit 1to2 photo.png painted.png\n"
                "  unitgraph translate runs/unit 1to2 photos/ painted/ --step 8000\n"
                "  unitgraph translate runs/unit 1to2 'photos/*.jpg' painted/ --size 256\n"
                "  unitgraph translate runs/dcgan draw drawn/ --count 16 --seed 3\n",
    .options = options,
    .settings = &defaults,
    .size = sizeof defaults,
    .words = {3, 4},
    .run = run,
    .computes = true,
    .every_message = true,
};
