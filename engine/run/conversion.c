/* conversion.c -- unitgraph convert: parameters of another program under the names here, and back. */
#include <string.h>

#include "engine/run/config.h"
#include "engine/run/folder.h"
#include "engine/run/match.h"
#include "engine/run/store.h"
#include "engine/run/weights.h"
#include "engine/unitgraph.h"

struct conversion {
    const struct ug_convert_options *options;
    struct ug_diags *diags;
    struct ug_arena *arena;
    struct ug_safetensors *file;
    struct ug_program *program; /* or NULL */
    struct ug_store *store;     /* of the program; from there to here */
    struct ug_matching matching;
};

/* The experiment that --for names, or, from here to there, the one that the file carries. */
static bool load_program(struct conversion *c)
{
    const struct ug_convert_options *o = c->options;
    struct ug_load_options load = {
        .sets = o->overrides.sets, .n_sets = o->overrides.n_sets, .without_data = true};

    if (!o->experiment && o->reverse)
        load.text = ug_safetensors_metadata(c->file, UG_CONFIG_KEY);
    if (!o->experiment && !load.text)
        return true;
    if (load.text) {
        load.length = strlen(load.text);
        load.given = ug_weights_inputs(c->file, c->arena, &load.n_given);
    }
    c->program = ug_program_load(o->experiment ? o->experiment : o->in, &load, c->diags);
    return c->program && !ug_diags_errors(c->diags);
}

/* What the file does not hold keeps the value that training would start from. */
static bool make_store(struct conversion *c)
{
    return (c->store = ug_store_new(c->program, c->diags)) &&
           ug_store_init(c->store, c->program, c->program->train.seed, c->diags);
}

static bool match(struct conversion *c)
{
    const struct ug_convert_options *o = c->options;
    const struct ug_name_map *map = ug_name_map_read(c->arena, o->map, o->map_overrides.sets,
                                                     o->map_overrides.n_sets, c->diags);

    if (!map || !(c->file = ug_safetensors_open(o->in, UG_NOWHERE, c->diags)) || !load_program(c))
        return false;
    if (c->program && !o->reverse && !make_store(c))
        return false;
    c->matching = (struct ug_matching){.arena = c->arena,
                                       .map = map,
                                       .file = c->file,
                                       .program = c->program,
                                       .data = c->store ? c->store->data : NULL,
                                       .reverse = o->reverse};
    ug_matching_run(&c->matching);
    return true;
}

static bool check(struct conversion *c)
{
    const int misfits = ug_matching_misfits(&c->matching, c->options->partial);

    if (!misfits)
        return true;
    struct ug_diag *diag =
        ug_error(c->diags, UG_NOWHERE, "'%s' does not fit%s: %d of %d tensors", c->options->in,
                 c->program ? " the map and the experiment" : " the map", misfits, c->matching.n);
    if (!c->options->dry_run)
        ug_matching_note(&c->matching, c->options->partial, diag);
    return false;
}

static void say_written(const struct conversion *c, int n)
{
    if (c->options->progress)
        fprintf(c->options->progress, "wrote %d tensor%s to %s\n", n, n == 1 ? "" : "s",
                c->options->out);
}

static bool write_tensors(const struct conversion *c)
{
    static const char *const metadata[] = {"format", "pt", NULL};
    const struct ug_matching *m = &c->matching;
    struct ug_named_tensor *tensors = ug_arena_array(c->arena, (size_t)m->n + 1, sizeof *tensors);
    int n = 0;

    for (int i = 0; i < m->n; i++)
        if (ug_verdict_fits(m->rows[i].verdict))
            tensors[n++] = (struct ug_named_tensor){m->rows[i].to, m->rows[i].made};
    ug_file_sweep(c->options->out);
    if (!ug_safetensors_write(c->options->out, tensors, n, metadata, c->diags))
        return false;
    say_written(c, n);
    return true;
}

static bool write(const struct conversion *c)
{
    if (!c->store)
        return write_tensors(c);
    if (!ug_weights_write(c->options->out, c->program, c->store->data, ug_config_text(c->program),
                          c->diags))
        return false;
    say_written(c, ug_weights_count(c->program));
    return true;
}

/* A map may be wrong, and the file is what it would be mended from. */
static bool is_another_file(const struct conversion *c)
{
    const struct ug_convert_options *o = c->options;

    if (o->dry_run || !ug_file_same(o->in, o->out))
        return true;
    ug_error(c->diags, UG_NOWHERE, "'%s' would be written over itself: name another file", o->in);
    return false;
}

static enum ug_status convert(struct conversion *c)
{
    if (!is_another_file(c) || !match(c))
        return UG_WRONG;
    if (c->options->table)
        ug_matching_print(&c->matching, c->options->table);
    if (!check(c))
        return UG_WRONG;
    return c->options->dry_run || write(c) ? UG_DONE : UG_FAILED;
}

enum ug_status ug_convert_weights(const struct ug_convert_options *o, struct ug_diags *diags)
{
    struct conversion c = {.options = o, .diags = diags, .arena = ug_arena_new()};
    const enum ug_status status = convert(&c);

    ug_matching_free(&c.matching);
    ug_store_free(c.store);
    ug_program_free(c.program);
    ug_safetensors_close(c.file);
    ug_arena_free(c.arena);
    return status;
}
