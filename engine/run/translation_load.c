/* translation_load.c -- from a run or a file of parameters to the program they belong to. */
#include <stdlib.h>
#include <string.h>

#include "engine/run/checkpoint.h"
#include "engine/run/translation.h"

const struct ug_translate_spec *ug_translation_spec(const struct ug_translation *t)
{
    return &t->trained.program->translates[t->entry];
}

uint64_t ug_translation_seed(const struct ug_translation *t)
{
    const int64_t seed = t->options->seed;

    return seed >= 0 ? (uint64_t)seed : t->trained.program->train.seed;
}

static bool find_entry(struct ug_translation *t)
{
    const struct ug_program *p = t->trained.program;
    const char **names = ug_arena_array(t->arena, (size_t)p->n_translates, sizeof *names);

    for (t->entry = 0; t->entry < p->n_translates; t->entry++) {
        names[t->entry] = ug_translation_spec(t)->name;
        if (!strcmp(ug_translation_spec(t)->name, t->options->name))
            return true;
    }
    ug_suggest(ug_error(t->diags, UG_NOWHERE, "the experiment translates nothing by the name '%s'",
                        t->options->name),
               t->options->name, "entries of 'translate'", names, (size_t)p->n_translates);
    return false;
}

static bool find_input(struct ug_translation *t)
{
    const char *from = ug_translation_spec(t)->from;

    for (int i = 0; from && i < t->trained.program->n_inputs; i++)
        if (!strcmp(t->trained.program->inputs[i].name, from)) {
            t->data = t->trained.program->inputs[i].data;
            t->input = t->trained.program->inputs[i].type;
        }
    if (!from && t->options->in) {
        ug_error(t->diags, ug_translation_spec(t)->pos,
                 "'%s' draws pictures: it takes no IN, only OUT", t->options->name);
        return false;
    }
    if (from && !t->options->in) {
        ug_error(t->diags, ug_translation_spec(t)->pos,
                 "'%s' translates '%s': name the pictures IN before OUT", t->options->name, from);
        return false;
    }
    if (from && (t->input.shape.rank != 4 || t->input.dtype != UG_F32)) {
        ug_error(t->diags, ug_translation_spec(t)->pos, "'%s' is no picture", from);
        return false;
    }
    return true;
}

bool ug_translation_load(struct ug_translation *t)
{
    const struct ug_translate_options *o = t->options;
    const char *which = o->checkpoint  ? o->checkpoint
                        : o->step >= 0 ? ug_arena_format(t->arena, "%lld", (long long)o->step)
                                       : "latest";

    const char *path = ug_checkpoint_weights(t->arena, o->run, which, t->diags);
    const struct ug_load_options load = {.without_data = true};

    return ug_trained_open(&t->trained, path, load, t->arena, t->diags) && find_entry(t) &&
           find_input(t);
}

void ug_translation_free(struct ug_translation *t)
{
    ug_view_close(&t->view);
    ug_trained_close(&t->trained);
    free(t->values);
    ug_arena_free(t->arena);
}
