/* footprint.c -- what training needs, and the views beside it. */
#include "engine/run/footprint.h"

#include "engine/run/need.h"

/* Adds what a view takes of the arena beyond what it shares with the steps. */
static bool add_view(const struct ug_trainer *t, unsigned want, const struct ug_data_spec *spec,
                     int64_t batch, size_t *bytes, struct ug_diags *diags)
{
    const struct ug_look look = ug_trainer_look(t);
    struct ug_dataset *data = spec->n ? ug_dataset_open(spec, diags) : NULL;
    struct ug_view view = {0};
    const bool made =
        (data || !spec->n) && ug_view_open_data(&view, &look, want, data, spec, batch, diags);

    if (made) {
        const size_t needed = ug_exec_plan(view.run.exec)->bytes;
        const size_t shared = look.share ? ug_exec_plan(look.share)->bytes : 0;
        *bytes += needed > shared ? needed : 0;
    }
    ug_view_close(&view);
    ug_dataset_close(data);
    return made;
}

bool ug_footprint_of(const struct ug_trainer *t, const struct ug_dataset *data,
                     struct ug_footprint *f, struct ug_diags *diags)
{
    const struct ug_program *p = t->program;
    const struct ug_need need = ug_need_of(p, t->store, data);

    *f = (struct ug_footprint){need.blocks, 0, need.data, need.process};
    for (int i = 0; i < t->n_steps; i++) {
        const size_t bytes = ug_exec_plan(t->steps[i]->run.exec)->bytes;
        f->values += i == 0 || bytes > ug_exec_plan(t->steps[0]->run.exec)->bytes ? bytes : 0;
    }
    return (!p->samples.event.present ||
            add_view(t, UG_WANT_SAMPLES, &p->samples.data, p->samples.count, &f->values, diags)) &&
           (!p->validate.event.present || add_view(t, UG_WANT_METRICS, &p->validate.data,
                                                   p->validate.data.batch, &f->values, diags));
}

size_t ug_footprint_sum(const struct ug_footprint *f)
{
    return f->blocks + f->values + f->data + f->process;
}
