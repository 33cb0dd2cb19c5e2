/* inputs.c -- the types of a program's inputs, from what is given, from data's headers, or from
 * what entries say. */
#include "engine/model/inputs.h"

#include <math.h>
#include <string.h>

#include "engine/data/source.h"

static struct ug_type with_batch(struct ug_type sample, int64_t batch)
{
    struct ug_type type = sample;

    type.shape.rank++;
    for (int i = 0; i < sample.shape.rank && i + 1 < UG_MAX_RANK; i++)
        type.shape.dim[i + 1] = sample.shape.dim[i];
    type.shape.dim[0] = batch;
    return type;
}

static const struct ug_input *find_given(const struct ug_load_options *o, const char *name)
{
    for (int i = 0; o && i < o->n_given; i++)
        if (!strcmp(o->given[i].name, name))
            return &o->given[i];
    return NULL;
}

/* What an entry says of its own type, without a look at its files; false if that is not enough. */
static bool declared_type(const struct ug_data_entry *e, int64_t batch, struct ug_type *out)
{
    *out = (struct ug_type){UG_F32, UG_SHAPE(batch, e->channels, e->size[0], e->size[1])};
    switch (e->kind) {
    case UG_DATA_LABELS_OF:
        *out = (struct ug_type){UG_I64, UG_SHAPE(batch)};
        return true;
    case UG_DATA_IDX:
        out->shape.dim[1] = e->channels ? e->channels : 1;
        return e->size[0] > 0;
    case UG_DATA_SYNTHETIC:
        out->shape.dim[1] = e->channels ? e->channels : 3;
        return e->size[0] > 0;
    case UG_DATA_IMAGES:
        return e->size[0] > 0 && e->channels > 0;
    default:
        return false;
    }
}

/* The steps that `epochs` stands for: the last one reaches the last sample of the largest source.
 * 0.07 epochs of 100 samples are 7 steps, though the product is a little more in doubles. */
static void measure_epochs(struct ug_program *p, int64_t largest, struct ug_diags *diags)
{
    static const double most = 0x1p53, rounding = 1e-12;
    struct ug_train_spec *t = &p->train;
    const double steps = t->epochs * (double)largest / (double)p->data.batch;
    const double whole = nearbyint(steps);

    t->largest = largest;
    if (t->epochs <= 0.0)
        return;
    if (steps > most)
        ug_error(diags, ug_yaml_get(ug_yaml_get(p->tree, "train"), "epochs")->pos,
                 "%g epochs are %g steps; the limit is %g", t->epochs, steps, most);
    else
        t->steps = (int64_t)(fabs(steps - whole) <= rounding * steps ? whole : ceil(steps));
}

/* Is everything known about an entry without a look at its files? */
static bool is_told(const struct ug_data_entry *e, const struct ug_load_options *o)
{
    struct ug_type type;

    return find_given(o, e->name) || declared_type(e, 1, &type);
}

/* The data, opened.  Without data they are opened only for what nothing else tells, and it is no
 * error if they cannot be. */
static struct ug_dataset *open_data(const struct ug_data_spec *spec,
                                    const struct ug_load_options *o, struct ug_diags *diags)
{
    bool told = true;

    for (int i = 0; i < spec->n; i++)
        told &= is_told(&spec->entries[i], o);
    if (!spec->n || (o && o->without_data && told))
        return NULL;
    if (!o || !o->without_data)
        return ug_dataset_open(spec, diags);
    struct ug_diags *unsaid = ug_diags_new();
    struct ug_dataset *set = ug_dataset_open(spec, unsaid);
    ug_diags_free(unsaid);
    return set;
}

/* `set` is NULL where the data were not opened. */
static struct ug_type type_of_entry(const struct ug_data_entry *e, int64_t batch,
                                    const struct ug_dataset *set, const struct ug_load_options *o)
{
    const struct ug_input *given = find_given(o, e->name);
    struct ug_type type;

    if (given)
        return given->type;
    if (set)
        return with_batch(ug_dataset_type(set, e->name), batch);
    if (!declared_type(e, batch, &type))
        type.shape = (struct ug_shape){.rank = -1};
    return type;
}

struct ug_input *ug_types_of_entries(struct ug_program *p, const struct ug_data_spec *spec,
                                     int64_t batch, const struct ug_load_options *o,
                                     struct ug_diags *diags)
{
    struct ug_dataset *set = open_data(spec, o, diags);
    struct ug_input *types = ug_arena_array(p->arena, (size_t)spec->n, sizeof *types);

    for (int i = 0; i < spec->n; i++) {
        const struct ug_data_entry *e = &spec->entries[i];

        types[i] = (struct ug_input){e->name, e->pos, type_of_entry(e, batch, set, o), e};
    }
    ug_dataset_close(set);
    return types;
}

/* An entry that the training data do not have is an input that training cannot use. */
static void add_entries(struct ug_program *p, const struct ug_data_spec *spec)
{
    const int before = p->n_inputs;
    int capacity = p->n_inputs;

    for (int i = 0; i < spec->n; i++) {
        const struct ug_data_entry *e = &spec->entries[i];
        const struct ug_type unknown = {.shape.rank = -1};
        bool known = false;

        for (int k = 0; k < before; k++)
            known |= !strcmp(p->inputs[k].name, e->name);
        if (!known)
            UG_PUSH(p->arena, p->inputs, p->n_inputs, capacity,
                    ((struct ug_input){e->name, e->pos, unknown, e}));
    }
}

void ug_type_inputs(struct ug_program *p, const struct ug_load_options *o, struct ug_diags *diags)
{
    struct ug_dataset *set = open_data(&p->data, o, diags);

    if (set)
        measure_epochs(p, ug_dataset_largest(set), diags);
    for (int i = 0; i < p->n_inputs; i++)
        if (p->inputs[i].data)
            p->inputs[i].type = type_of_entry(p->inputs[i].data, p->data.batch, set, o);
    ug_dataset_close(set);
    add_entries(p, &p->samples.data);
    add_entries(p, &p->validate.data);
}
