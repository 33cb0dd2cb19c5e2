/* config.c -- edits the tree of the file, and writes it. */
#include "engine/run/config.h"

#include <stdlib.h>
#include <string.h>

#include "engine/model/settle.h"

/* ---- Changing the tree ---- */

static struct ug_yaml *new_scalar(struct ug_program *p, const char *text)
{
    struct ug_yaml *y = ug_arena_alloc(p->arena, sizeof *y);

    *y = (struct ug_yaml){
        .kind = UG_YAML_SCALAR, .plain = true, .text = text, .length = strlen(text), .folder = "."};
    return y;
}

void ug_config_set(struct ug_program *p, const char *key, const char *value)
{
    struct ug_yaml *train = ug_yaml_get(p->tree, "train");
    struct ug_yaml *scalar = new_scalar(p, value);
    int capacity, n;

    if (!train)
        return;
    for (int i = 0; i < train->n; i++)
        if (!strcmp(train->keys[i]->text, key)) {
            train->items[i] = scalar;
            return;
        }
    capacity = n = train->n;
    UG_PUSH(p->arena, train->keys, n, capacity, new_scalar(p, key));
    capacity = train->n;
    UG_PUSH(p->arena, train->items, train->n, capacity, scalar);
}

void ug_config_set_seed(struct ug_program *p, uint64_t seed)
{
    p->train.seed = seed;
    ug_config_set(p, "seed", ug_arena_format(p->arena, "%llu", (unsigned long long)seed));
}

void ug_config_remove(struct ug_program *p, const char *key)
{
    struct ug_yaml *train = ug_yaml_get(p->tree, "train");

    for (int i = 0; train && i < train->n; i++) {
        if (strcmp(train->keys[i]->text, key))
            continue;
        train->n--;
        for (int k = i; k < train->n; k++) {
            train->keys[k] = train->keys[k + 1];
            train->items[k] = train->items[k + 1];
        }
        return;
    }
}

/* ---- The whole ---- */

static const char *text_of(struct ug_program *p, bool origin)
{
    struct ug_diags *unsaid = ug_diags_new(); /* loading has said whatever is wrong with paths */
    char *text = NULL;
    size_t length = 0;

    ug_settle_paths(p->arena, unsaid, p->tree, p->vars);
    ug_diags_free(unsaid);
    FILE *out = open_memstream(&text, &length);
    if (!out)
        abort();
    ug_yaml_write(p->tree, out, origin);
    fclose(out);
    const char *copy = ug_arena_copy(p->arena, text, length);
    free(text);
    return copy;
}

const char *ug_config_text(struct ug_program *p)
{
    return text_of(p, false);
}

const char *ug_config_origins(struct ug_program *p)
{
    return text_of(p, true);
}
