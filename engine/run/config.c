#include "engine/run/config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/random.h"

/* ---- Changing the tree ---- */

static struct ug_yaml *new_scalar(struct ug_program *p, const char *text)
{
    struct ug_yaml *y = ug_arena_alloc(p->arena, sizeof *y);

    *y = (struct ug_yaml){
        .kind = UG_YAML_SCALAR, .plain = true, .text = text, .length = strlen(text), .folder = "."};
    return y;
}

static void set_text(struct ug_yaml *scalar, const char *text)
{
    scalar->text = text;
    scalar->length = strlen(text);
    scalar->plain = false; /* a path may hold anything */
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

/* ---- Paths ---- */

static const char *absolute(struct ug_arena *a, const char *path)
{
    char folder[PATH_MAX];

    if (path[0] == '/' || !getcwd(folder, sizeof folder))
        return path;
    while (!strncmp(path, "./", 2))
        path += 2;
    return ug_arena_format(a, "%s/%s", folder, path);
}

static void set_path(struct ug_program *p, struct ug_yaml *map, const char *key, const char *path)
{
    struct ug_yaml *scalar = ug_yaml_get(map, key);

    if (scalar && scalar->kind == UG_YAML_SCALAR && path)
        set_text(scalar, absolute(p->arena, path));
}

/* The entries of a data section are known with their paths resolved. */
static void settle_data(struct ug_program *p, const struct ug_yaml *section,
                        const struct ug_data_spec *spec)
{
    for (int i = 0; section && i < spec->n; i++) {
        const struct ug_data_entry *e = &spec->entries[i];
        struct ug_yaml *map = ug_yaml_get(section, e->name);
        if (!map || map->kind != UG_YAML_MAP)
            continue;
        set_path(p, map, "images", e->path);
        set_path(p, map, "idx", e->path);
        set_path(p, map, "tensors", e->path);
        set_path(p, map, "labels", e->labels_path);
    }
}

/* file("vgg.safetensors"), somewhere below `init`: the folder of the file that wrote it is put
 * before the name. */
static void settle_init(struct ug_program *p, struct ug_yaml *y)
{
    for (int i = 0; y->kind != UG_YAML_SCALAR && i < y->n; i++)
        settle_init(p, y->items[i]);
    if (y->kind != UG_YAML_SCALAR)
        return;
    const char *call = strstr(y->text, "file("), *name = call ? strchr(call, '"') : NULL;
    if (!name || name[1] == '/' || !y->folder)
        return;
    const char *path = ug_arena_format(p->arena, "%s/%s", y->folder, name + 1);
    set_text(y, ug_arena_format(p->arena, "%.*s%s", (int)(name + 1 - y->text), y->text,
                                absolute(p->arena, path)));
}

const char *ug_config_text(struct ug_program *p)
{
    struct ug_yaml *train = ug_yaml_get(p->tree, "train"), *init = ug_yaml_get(p->tree, "init");
    char *text = NULL;
    size_t length = 0;

    settle_data(p, ug_yaml_get(p->tree, "data"), &p->data);
    settle_data(p, ug_yaml_get(ug_yaml_get(p->tree, "samples"), "data"), &p->samples.data);
    settle_data(p, ug_yaml_get(ug_yaml_get(p->tree, "validate"), "data"), &p->validate.data);
    if (train)
        set_path(p, train, "init", p->train.init);
    if (init)
        settle_init(p, init);
    FILE *out = open_memstream(&text, &length);
    if (!out)
        abort();
    ug_yaml_write(p->tree, out, false);
    fclose(out);
    const char *copy = ug_arena_copy(p->arena, text, length);
    free(text);
    return copy;
}

uint64_t ug_config_hash(const char *text)
{
    return ug_random_stream(text);
}
