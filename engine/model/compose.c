/* compose.c -- one tree from a file, the files it includes and the overrides of the command line.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/installed.h"
#include "engine/model/document.h"

enum {
    MOST_FILES = 256,  /* read for one experiment, repeated ones counted again */
    DEEPEST_CHAIN = 32 /* files that include one another */
};

struct composer {
    struct ug_arena *arena;
    struct ug_diags *diags;
    const char
        *open[DEEPEST_CHAIN]; /* the files that are being read, each included by the one before */
    int n_open, n_files;
    bool incomplete; /* a file is missing: what depends on it would only make noise */
};

/* ---- Merging ---- */

/* Which keys of a map keep an empty value instead of being removed by it: the parameters of a
 * module, for which it means "required".  The level counts down modules -> NAME -> params. */
enum level { ROOT, MODULES, MODULE, PARAMS, ELSEWHERE };

static enum level below(enum level level, const char *key)
{
    if (level == ROOT)
        return !strcmp(key, "modules") ? MODULES : ELSEWHERE;
    if (level == MODULES)
        return MODULE;
    return level == MODULE && !strcmp(key, "params") ? PARAMS : ELSEWHERE;
}

static int find(const struct ug_yaml *map, const char *key)
{
    for (int i = 0; i < map->n; i++)
        if (!strcmp(map->keys[i]->text, key))
            return i;
    return -1;
}

static void remove_at(struct ug_yaml *map, int i)
{
    map->n--;
    memmove(&map->keys[i], &map->keys[i + 1], (size_t)(map->n - i) * sizeof *map->keys);
    memmove(&map->items[i], &map->items[i + 1], (size_t)(map->n - i) * sizeof *map->items);
}

/* Keys keep the place of their first appearance; `over` wins. */
static struct ug_yaml *merge(struct composer *c, struct ug_yaml *base, struct ug_yaml *over,
                             enum level level)
{
    if (base->kind != UG_YAML_MAP || over->kind != UG_YAML_MAP)
        return over;
    struct ug_yaml *y = ug_arena_alloc(c->arena, sizeof *y);
    *y = *over;
    y->n = base->n;
    y->keys = ug_arena_grow(c->arena, base->keys, (size_t)base->n, (size_t)(base->n + over->n),
                            sizeof *y->keys);
    y->items = ug_arena_grow(c->arena, base->items, (size_t)base->n, (size_t)(base->n + over->n),
                             sizeof *y->items);
    for (int i = 0; i < over->n; i++) {
        struct ug_yaml *key = over->keys[i], *item = over->items[i];
        const int at = find(y, key->text);
        if (at < 0) {
            y->keys[y->n] = key;
            y->items[y->n++] = item;
        } else if (ug_yaml_is_null(item) && level != PARAMS) {
            remove_at(y, at);
        } else {
            y->keys[at] = key;
            y->items[at] = merge(c, y->items[at], item, below(level, key->text));
        }
    }
    return y;
}

/* ---- Files ---- */

static void check_version(struct composer *c, const struct ug_yaml *root, bool required)
{
    const struct ug_yaml *version = ug_yaml_get(root, "unitgraph");
    struct ug_diag *d;

    if (!version && required) {
        d = ug_error(c->diags, root->pos, "the version of the language is missing");
        ug_note(d, UG_NOWHERE, "write 'unitgraph: 1' at the top of the file");
    } else if (version && (version->kind != UG_YAML_SCALAR || strcmp(version->text, "1"))) {
        d = ug_error(c->diags, version->pos, "this program reads version 1 of the language%s%s",
                     version->length ? ", not " : "", version->text);
        ug_note(d, UG_NOWHERE, "write 'unitgraph: 1'");
    }
}

static struct ug_yaml *read_file(struct composer *c, const char *path, struct ug_pos included_from);

/* The path; or, where nothing is there, that of the installed graph which is called so. */
static const char *locate(struct composer *c, const char *path, const char *name)
{
    const char *installed = access(path, F_OK) ? ug_installed_graph(c->arena, name) : NULL;

    return installed ? installed : path;
}

/* The path of an included file, relative to the one that includes it. */
static struct ug_yaml *read_include(struct composer *c, const struct ug_yaml *value)
{
    if (value->broken)
        return NULL;
    if (value->kind != UG_YAML_SCALAR || ug_yaml_is_null(value)) {
        ug_error(c->diags, value->pos, "the path of a file is needed here");
        return NULL;
    }
    if (strstr(value->text, "${")) {
        ug_error(c->diags, value->pos, "variables are not known yet where files are included");
        return NULL;
    }
    const bool joined = *value->text != '/' && *value->folder;
    const char *path = joined ? ug_arena_format(c->arena, "%s%s%s", value->folder,
                                                strcmp(value->folder, "/") ? "/" : "", value->text)
                              : value->text;
    return read_file(c, locate(c, path, value->text), value->pos);
}

/* What a file includes, in order, then the file itself. */
static struct ug_yaml *with_includes(struct composer *c, struct ug_yaml *root)
{
    struct ug_yaml *include = ug_yaml_get(root, "include"), *merged = NULL;
    const bool list = include && include->kind == UG_YAML_LIST;

    if (!include)
        return root;
    remove_at(root, find(root, "include"));
    for (int i = 0; i < (list ? include->n : 1); i++) {
        struct ug_yaml *part = read_include(c, list ? include->items[i] : include);
        c->incomplete |= !part;
        if (part)
            merged = merged ? merge(c, merged, part, ROOT) : part;
    }
    return merged ? merge(c, merged, root, ROOT) : root;
}

static bool check_root(struct composer *c, const struct ug_yaml *root)
{
    if (root->kind == UG_YAML_MAP)
        return true;
    ug_error(c->diags, root->pos, "a file is a map of sections: 'unitgraph: 1', 'graph: …'");
    return false;
}

/* Reports a file that includes itself; `file` is its canonical path. */
static bool refuse_loop(struct composer *c, const char *file, struct ug_pos included_from)
{
    const char *path = "";
    int i = 0;

    while (i < c->n_open && strcmp(c->open[i], file))
        i++;
    if (i == c->n_open)
        return false;
    for (; i < c->n_open; i++) {
        const char *slash = strrchr(c->open[i], '/');
        path = ug_arena_format(c->arena, "%s%s -> ", path, slash ? slash + 1 : c->open[i]);
    }
    const char *slash = strrchr(file, '/');
    ug_error(c->diags, included_from, "a file cannot include itself: %s%s", path,
             slash ? slash + 1 : file);
    return true;
}

static struct ug_yaml *read_file(struct composer *c, const char *path, struct ug_pos included_from)
{
    char canonical[PATH_MAX];
    struct ug_yaml *root;

    if (!realpath(path, canonical)) /* the reader says why it cannot be opened */
        return ug_yaml_read_file(c->arena, c->diags, path, included_from);
    if (refuse_loop(c, canonical, included_from))
        return NULL;
    if (c->n_open == DEEPEST_CHAIN || c->n_files == MOST_FILES) {
        ug_error(c->diags, included_from,
                 "too many files: at most %d are read, and %d may include one another", MOST_FILES,
                 DEEPEST_CHAIN);
        return NULL;
    }
    c->n_files++;
    root = ug_yaml_read_file(c->arena, c->diags, path, included_from);
    if (!root || !check_root(c, root))
        return NULL;
    check_version(c, root, c->n_open == 0);
    c->open[c->n_open++] = ug_arena_copy(c->arena, canonical, strlen(canonical));
    root = with_includes(c, root);
    c->n_open--;
    return root;
}

/* ---- --set ---- */

/* A place in the tree: the value of map->keys[index]. */
struct slot {
    struct ug_yaml *map;
    int index;
    enum level level; /* of the map */
};

/* Follows "a.b.c" down from `map`.  Keys may have dots in them themselves (scopes under `init`). */
static bool follow(struct ug_yaml *map, const char *path, enum level level, struct slot *slot)
{
    for (int i = 0; map && map->kind == UG_YAML_MAP && i < map->n; i++) {
        const size_t n = strlen(map->keys[i]->text);
        if (strncmp(map->keys[i]->text, path, n) || !n)
            continue;
        if (!path[n]) {
            *slot = (struct slot){map, i, level};
            return true;
        }
        if (path[n] == '.' &&
            follow(map->items[i], path + n + 1, below(level, map->keys[i]->text), slot))
            return true;
    }
    return false;
}

/* What --set NAME means: a variable before a section. */
static bool follow_set(struct ug_yaml *root, const char *name, struct slot *slot)
{
    return follow(ug_yaml_get(root, "vars"), name, ELSEWHERE, slot) ||
           follow(root, name, ROOT, slot);
}

const struct ug_yaml *ug_yaml_find_set(struct ug_yaml *root, const char *name)
{
    struct slot slot;

    return follow_set(root, name, &slot) ? slot.map->items[slot.index] : NULL;
}

struct names {
    const char **items;
    int n, capacity;
};

/* All that can be set: "lambda.gan", "train.steps". */
static void list_names(struct composer *c, const struct ug_yaml *map, const char *prefix,
                       struct names *names)
{
    for (int i = 0; map && map->kind == UG_YAML_MAP && i < map->n; i++) {
        const char *name = ug_arena_format(c->arena, "%s%s", prefix, map->keys[i]->text);
        UG_PUSH(c->arena, names->items, names->n, names->capacity, name);
        list_names(c, map->items[i], ug_arena_format(c->arena, "%s.", name), names);
    }
}

static void refuse_new_key(struct composer *c, const struct ug_yaml *root, const char *name,
                           struct ug_pos pos)
{
    struct names names = {0};
    struct ug_diag *d =
        ug_error(c->diags, pos, "'%s' is not in the file: --set overrides what is there", name);

    list_names(c, ug_yaml_get(root, "vars"), "", &names);
    list_names(c, root, "", &names);
    ug_suggest(d, name, "names", names.items, (size_t)names.n);
}

/* Whether every key of a map that is laid over another is in it already. */
static bool only_known_keys(struct composer *c, const struct ug_yaml *base,
                            const struct ug_yaml *over)
{
    bool known = true;

    for (int i = 0; base->kind == UG_YAML_MAP && over->kind == UG_YAML_MAP && i < over->n; i++) {
        const int at = find(base, over->keys[i]->text);
        if (at < 0) {
            struct ug_diag *d = ug_error(c->diags, over->keys[i]->pos,
                                         "'%s' is not in the file: --set overrides what is there",
                                         over->keys[i]->text);
            struct names names = {0};
            list_names(c, base, "", &names);
            ug_suggest(d, over->keys[i]->text, "keys", names.items, (size_t)names.n);
        }
        known &= at >= 0 && only_known_keys(c, base->items[at], over->items[i]);
    }
    return known;
}

static void apply_set(struct composer *c, struct ug_yaml *root, const char *set)
{
    struct ug_source *source = ug_arena_alloc(c->arena, sizeof *source);
    const char *equals = strchr(set, '=');
    struct slot slot;

    source->path = ug_arena_format(c->arena, "--set %s", set);
    const struct ug_pos pos = {source, 0, 0};
    if (!equals || equals == set || !equals[1]) {
        ug_error(c->diags, pos, "--set takes NAME=EXPR");
        return;
    }
    const char *name = ug_arena_copy(c->arena, set, (size_t)(equals - set));
    struct ug_yaml *value =
        ug_yaml_read_text(c->arena, c->diags, source->path, "", equals + 1, strlen(equals + 1));
    if (!value)
        return;
    if (!follow_set(root, name, &slot)) {
        refuse_new_key(c, root, name, pos);
        return;
    }
    struct ug_yaml **item = &slot.map->items[slot.index];
    if (ug_yaml_is_null(value) && slot.level != PARAMS)
        remove_at(slot.map, slot.index);
    else if (only_known_keys(c, *item, value))
        *item = merge(c, *item, value, below(slot.level, slot.map->keys[slot.index]->text));
}

static struct ug_yaml *finish(struct composer *c, struct ug_yaml *root, const char *const *sets,
                              int n_sets)
{
    if (!root || c->incomplete)
        return NULL;
    for (int i = 0; i < n_sets; i++)
        apply_set(c, root, sets[i]);
    check_version(c, root, false);
    return root;
}

/* The path; of a run's folder, that of the file it keeps. */
static const char *enter_run(struct composer *c, const char *path)
{
    const char *kept = ug_arena_format(c->arena, "%s/config.yaml", path);

    return access(kept, F_OK) ? path : kept;
}

struct ug_yaml *ug_yaml_compose(struct ug_arena *arena, struct ug_diags *diags, const char *path,
                                const char *const *sets, int n_sets)
{
    struct composer c = {.arena = arena, .diags = diags};

    path = enter_run(&c, locate(&c, path, path));
    return finish(&c, read_file(&c, path, UG_NOWHERE), sets, n_sets);
}

struct ug_yaml *ug_yaml_compose_text(struct ug_arena *arena, struct ug_diags *diags,
                                     const char *path, const char *text, size_t length,
                                     const char *const *sets, int n_sets)
{
    struct composer c = {.arena = arena, .diags = diags};
    struct ug_yaml *root = ug_yaml_read_text(arena, diags, path, "", text, length);

    if (!root || !check_root(&c, root))
        return NULL;
    check_version(&c, root, true);
    return finish(&c, with_includes(&c, root), sets, n_sets);
}
