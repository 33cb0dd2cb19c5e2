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

static int run(const struct command *self, int argc, char **argv)
{
    int64_t threads = 0;
    bool quiet = false;
    const char *size = NULL;
    struct ug_translate_options o = {.step = -1, .seed = -1, .count = 0};
    const struct option options[] = {
        {"size", 0, OPTION_TEXT, &size, 0, "SIZE",
         "bring pictures to 256 or 192x256 (height x width) first; so do results come out"},
        {"step", 0, OPTION_NUMBER, &o.step, 0, "N",
         "use the checkpoint of step N (default: the newest)"},
        {"checkpoint", 0, OPTION_TEXT, &o.checkpoint, 0, "WHICH",
         "the same: latest, best or a step"},
        {"count", 0, OPTION_NUMBER, &o.count, 1, "N",
         "pictures to draw, for an entry without 'from'"},
        {"seed", 0, OPTION_NUMBER, &o.seed, 0, "N", "seed of the random draws"},
        OPTION_THREADS(&threads),
        {"quiet", 'q', OPTION_FLAG, &quiet, 0, NULL, "no progress on the terminal"},
        OPTION_END,
    };
    struct words words;
    int status = command_parse(self, options, 3, 4, argc, argv, &words);

    if (status == GO_ON && size && !read_size(size, &o)) {
        fprintf(stderr, "unitgraph translate: --size is a number or HEIGHTxWIDTH, not '%s'\n",
                size);
        return UG_WRONG;
    }
    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        o.run = words.items[0];
        o.name = words.items[1];
        o.in = words.n == 4 ? words.items[2] : NULL;
        o.out = words.items[words.n - 1];
        o.progress = quiet ? NULL : stderr;
        command_threads(threads);
        status = command_end_all(diags, ug_translate(&o, diags));
    }
    return status;
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
        "the others are done. An entry without 'from' has no IN and draws --count\n"
        "pictures into the folder OUT.\n",
    .examples = "  unitgraph translate runs/unit 1to2 photo.png painted.png\n"
                "  unitgraph translate runs/unit 1to2 photos/ painted/ --step 8000\n"
                "  unitgraph translate runs/unit 1to2 'photos/*.jpg' painted/ --size 256\n"
                "  unitgraph translate runs/dcgan draw drawn/ --count 16 --seed 3\n",
    .computes = true,
    .run = run,
};
