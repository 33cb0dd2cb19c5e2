/* convert.c -- unitgraph convert: parameters from and to other programs. */
#include "tools/command.h"

struct convert {
    struct ug_convert_options options;
    bool quiet;
};

static const struct option options[] = {
    {"map", 0, OPTION_TEXT, offsetof(struct convert, options.map), 0, "FILE",
     "names there and names here (required)"},
    {"for", 0, OPTION_TEXT, offsetof(struct convert, options.experiment), 0, "FILE.yaml",
     "the experiment: check names and shapes, and write it along"},
    {"reverse", 0, OPTION_FLAG, offsetof(struct convert, options.reverse), 0, NULL,
     "from the names here to those there"},
    {"partial", 0, OPTION_FLAG, offsetof(struct convert, options.partial), 0, NULL,
     "leave out what has no counterpart on the other side"},
    {"dry-run", 0, OPTION_FLAG, offsetof(struct convert, options.dry_run), 0, NULL,
     "write nothing; show every tensor, what it becomes, and what does not fit"},
    {"map-set", 0, OPTION_SETS, offsetof(struct convert, options.map_overrides), 0, "NAME=EXPR",
     "replace a value of the map"},
    THE_SETS(offsetof(struct convert, options.overrides)),
    THE_QUIET(offsetof(struct convert, quiet)),
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    struct convert *c = call->settings;
    struct ug_convert_options *o = &c->options;

    if (!o->map)
        return command_wrong(call, "it needs --map FILE");
    if (!o->dry_run && call->n_words < 2)
        return command_wrong(call, "it needs OUT, or --dry-run");
    o->in = call->words[0];
    o->out = call->words[1];
    o->table = o->dry_run ? stdout : NULL;
    o->progress = c->quiet ? NULL : stderr;
    return ug_convert_weights(o, call->diags);
}

const struct command command_convert = {
    .name = "convert",
    .arguments = "IN.safetensors [OUT.safetensors] --map FILE [options]",
    .summary = "take parameters from another program, or give them back",
    .text =
        "Reads the tensors of a safetensors file, such as a PyTorch state_dict saved as one, and\n"
        "writes them under other names. The map is a YAML file with a line for each kind of name:\n"
        "\n"
        "    unitgraph: 1\n"
        "    names:                                      # there: here\n"
        "      enc.model.0.conv.*: E1.stem.0.*           # * is any text\n"
        "      enc.model.{i+1}.conv.*: E1.down.{i}.0.*   # {i} a whole number\n"
        "      head.weight: {name: E1.head.weight, permute: [1, 0]}\n"
        "      head.scale: {name: E1.scale, reshape: {there: [8], here: [8, 1, 1]}}\n"
        "    ignore: [\"*.num_batches_tracked\"]           # names there that are not needed here\n"
        "\n"
        "The first line that fits counts. 'permute' says which axis there each axis here is. "
        "Layers\n"
        "of one name have PyTorch's layout in both, conv_transpose2d too. Values become float32, "
        "or\n"
        "int64 where they are whole numbers.\n"
        "\n"
        "With --for, the experiment's parameters are what is wanted: shapes are compared, tied\n"
        "parameters must agree and are written once, none may be missing, and OUT carries the\n"
        "experiment, so that 'unitgraph translate OUT …' works. --reverse takes a run's\n"
        "params.safetensors and writes all the names that the other program has, tied ones each.\n",
    .examples =
        "  unitgraph convert gen.safetensors --map graphs/maps/unit_2018.yaml --dry-run\n"
        "  unitgraph convert gen.safetensors unit.safetensors --map graphs/maps/unit_2018.yaml \\\n"
        "                    --for graphs/unit_2018.yaml --partial\n"
        "  unitgraph convert runs/unit/latest/params.safetensors torch.safetensors --reverse \\\n"
        "                    --map graphs/maps/pytorch_gan.yaml\n",
    .options = options,
    .size = sizeof(struct convert),
    .words = {1, 2},
    .run = run,
};
