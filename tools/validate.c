/* validate.c -- unitgraph validate: the metrics of a trained network. */
#include "tools/command.h"

static int run(const struct command *self, int argc, char **argv)
{
    struct texts sets = {NULL, 0};
    int64_t threads = 0;
    struct ug_validate_options o = {.checkpoint = "latest"};
    const struct option options[] = {
        {"checkpoint", 0, OPTION_TEXT, &o.checkpoint, 0, "WHICH",
         "latest (default), best, or the number of a step"},
        {"json", 0, OPTION_TEXT, &o.json, 0, "FILE", "write the means there as well"},
        OPTION_SET(&sets),
        OPTION_THREADS(&threads),
        OPTION_END,
    };
    struct words words;
    int status = command_parse(self, options, 1, 1, argc, argv, &words);

    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        o.run = words.items[0];
        o.overrides = overrides_of(&sets);
        command_threads(threads);
        status = command_end(diags, ug_validate(&o, stdout, diags));
    }
    texts_free(&sets);
    return status;
}

const struct command command_validate = {
    .name = "validate",
    .arguments = "RUN [options]",
    .summary = "the metrics of a trained network over its whole validation data",
    .text =
        "RUN is a run's folder or a params.safetensors file, which carries the experiment. Its\n"
        "'validate' is done over the whole of its data, with the averages (ema) where they are\n"
        "kept: a metric is the mean over all samples, a last batch that is smaller counts for\n"
        "less. The figures are those that the run itself wrote at that step. --set points to\n"
        "other pictures, or sets another batch.\n",
    .examples = "  unitgraph validate runs/unit\n"
                "  unitgraph validate runs/unit --checkpoint best --json best.json\n"
                "  unitgraph validate runs/unit --set validate.data.x1.images=holiday\n",
    .computes = true,
    .run = run,
};
