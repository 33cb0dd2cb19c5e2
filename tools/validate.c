/* validate.c -- unitgraph validate: the metrics of a trained network. */
#include "tools/command.h"

static const struct ug_validate_options defaults = {.checkpoint = "latest"};

static const struct option options[] = {
    {"checkpoint", 0, OPTION_TEXT, offsetof(struct ug_validate_options, checkpoint), 0, "WHICH",
     "latest (default), best, or the number of a step"},
    {"json", 0, OPTION_TEXT, offsetof(struct ug_validate_options, json), 0, "FILE",
     "write the means there as well"},
    THE_SETS(offsetof(struct ug_validate_options, overrides)),
    THE_THREADS,
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    struct ug_validate_options *o = call->settings;

    o->run = call->words[0];
    return ug_validate(o, stdout, call->diags);
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
        "other pictures, or sets another batch.\n"
        "\n"
        "Sources that are not paired may have different numbers of samples. A metric is over "
        "those\n"
        "of the source that it reads, each once, and so is each side of a distance between sets;\n"
        "where it reads several, it goes over the largest, and the others begin again. Sources of\n"
        "different sizes with 'pair' are an error.\n"
        "\n"
        "RUN may also be an experiment's .yaml, without 'train' too: its parameters are then as "
        "its\n"
        "'init' says. So two folders of pictures are compared by a network from elsewhere:\n"
        "\n"
        "  data: {batch: 16, x1: {images: a, size: 299}, x2: {images: b, size: 299}}\n"
        "  init: {F: 'file(\"features.safetensors\")'}\n"
        "  validate: {every: 1, metrics: {fid: 'frechet_distance(F(x1), F(x2))'}}\n",
    .examples =
        "  unitgraph validate runs/unit\n"
        "  unitgraph validate runs/unit --checkpoint best --json best.json\n"
        "  unitgraph validate runs/unit --set validate.data.x1.images=holiday\n"
        "  unitgraph validate fid.yaml --set data.x1.images=painted --set data.x2.images=winter\n",
    .options = options,
    .settings = &defaults,
    .size = sizeof defaults,
    .words = {1, 1},
    .run = run,
    .computes = true,
};
