/* compose.c -- one tree from a file, the files it includes and the overrides of the command line.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/installed.h"
#include "engine/model/compose_parts.h"

enum { MOST_FILES = 256 }; /* read for one experiment, repeated ones counted again */

/* ---- Merging ---- */

enum ug_level ug_level_below(enum ug_level level, const char *key)
{
    if (level == UG_ROOT)
        return !strcmp(key, "modules") ? UG_MODULES : UG_ELSEWHERE;
    if (level == UG_MODULES)
        return UG_MODULE;
    return level == UG_MODULE && !strcmp(key, "params") ? UG_PARAMS : UG_ELSEWHERE;
}

int ug_yaml_index(const struct ug_yaml *map, const char *key)
{
    for (int i = 0; i < map->n; i++)
        if (!strcmp(map->keys[i]->text, key))
            return i;
    return -1;
}

void ug_yaml_remove(struct ug_yaml *map, int i)
{
    map->n--;
    memmove(&map->keys[i], &map->keys[i + 1], (size_t)(map->n - i) * sizeof *map->keys);
    memmove(&map->items[i], &map->items[i + 1], (size_t)(map->n - i) * sizeof *map->items);
}

bool ug_yaml_is_removal(const struct ug_yaml *value, enum ug_level level)
{
    return ug_yaml_is_null(value) && value->length && !value->broken && level != UG_PARAMS;
}

/* `key: ~` for a key that no file before this one has. */
static void refuse_removal(struct ug_composer *c, const struct ug_yaml *base,
                           const struct ug_yaml *key)
{
    struct ug_diag *d = ug_error(
        c->diags, key->pos,
        "there is no '%s' to remove: '~' takes a key away that an included file has", key->text);
    const char **names = ug_arena_array(c->arena, (size_t)base->n + 1, sizeof *names);

    for (int i = 0; i < base->n; i++)
        names[i] = base->keys[i]->text;
    if (base->n)
        ug_suggest(d, key->text, "keys there", names, (size_t)base->n);
}

/* Drops what a map new to the files before it would remove from them: below a key that is not
 * there, nothing is. */
static void drop_removals(struct ug_composer *c, struct ug_yaml *map, enum ug_level level)
{
    static const struct ug_yaml none = {.kind = UG_YAML_MAP};

    for (int i = 0; map->kind == UG_YAML_MAP && i < map->n; i++)
        if (!ug_yaml_is_removal(map->items[i], level)) {
            drop_removals(c, map->items[i], ug_level_below(level, map->keys[i]->text));
        } else {
            refuse_removal(c, &none, map->keys[i]);
            ug_yaml_remove(map, i--);
        }
}

/* `columns: {+append: [y]}` over a list: other languages add to lists so. */
static bool refuse_addition(struct ug_composer *c, const struct ug_yaml *base,
                            const struct ug_yaml *over)
{
    if (base->kind != UG_YAML_LIST || over->kind != UG_YAML_MAP || !over->n ||
        *over->keys[0]->text != '+')
        return false;
    struct ug_diag *d = ug_error(c->diags, over->keys[0]->pos,
                                 "there is no '%s': a list replaces the one of an included file",
                                 over->keys[0]->text);
    ug_note(d, base->pos, "write the whole list; this is the one so far");
    return true;
}

/* Keys keep the place of their first appearance; `over` wins. */
struct ug_yaml *ug_yaml_merge(struct ug_composer *c, struct ug_yaml *base, struct ug_yaml *over,
                              enum ug_level level)
{
    if (refuse_addition(c, base, over))
        return base;
    if (base->kind != over->kind || over->kind == UG_YAML_SCALAR)
        return over;
    struct ug_yaml *y = ug_arena_alloc(c->arena, sizeof *y);
    *y = *over;
    if (over->kind == UG_YAML_LIST) {
        y->replaced = base;
        return y;
    }
    y->n = base->n;
    y->keys = ug_arena_grow(c->arena, base->keys, (size_t)base->n, (size_t)(base->n + over->n),
                            sizeof *y->keys);
    y->items = ug_arena_grow(c->arena, base->items, (size_t)base->n, (size_t)(base->n + over->n),
                             sizeof *y->items);
    for (int i = 0; i < over->n; i++) {
        struct ug_yaml *key = over->keys[i], *item = over->items[i];
        const enum ug_level inside = ug_level_below(level, key->text);
        const int at = ug_yaml_index(y, key->text);
        if (at < 0 && ug_yaml_is_removal(item, level)) {
            refuse_removal(c, base, key);
        } else if (at < 0) {
            drop_removals(c, item, inside);
            y->keys[y->n] = key;
            y->items[y->n++] = item;
        } else if (ug_yaml_is_null(item) && level != UG_PARAMS) {
            ug_yaml_remove(y, at);
        } else {
            y->keys[at] = key;
            y->items[at] = ug_yaml_merge(c, y->items[at], item, inside);
        }
    }
    return y;
}

/* ---- Files ---- */

static void check_version(struct ug_composer *c, const struct ug_yaml *root, bool required)
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

static struct ug_yaml *read_file(struct ug_composer *c, const char *path,
                                 struct ug_pos included_from);

/* The path; or, where nothing is there, that of the installed graph which is called so. */
static const char *locate(struct ug_composer *c, const char *path, const char *name)
{
    const char *installed = access(path, F_OK) ? ug_installed_graph(c->arena, name) : NULL;

    return installed ? installed : path;
}

/* The path of an included file, relative to the one that includes it. */
static struct ug_yaml *read_include(struct ug_composer *c, const struct ug_yaml *value)
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
static struct ug_yaml *with_includes(struct ug_composer *c, struct ug_yaml *root)
{
    struct ug_yaml *include = ug_yaml_get(root, "include"), *merged = NULL;
    const bool list = include && include->kind == UG_YAML_LIST;

    if (!include)
        return root;
    ug_yaml_remove(root, ug_yaml_index(root, "include"));
    for (int i = 0; i < (list ? include->n : 1); i++) {
        struct ug_yaml *part = read_include(c, list ? include->items[i] : include);
        c->incomplete |= !part;
        if (part)
            merged = merged ? ug_yaml_merge(c, merged, part, UG_ROOT) : part;
    }
    return merged ? ug_yaml_merge(c, merged, root, UG_ROOT) : root;
}

static bool check_root(struct ug_composer *c, const struct ug_yaml *root)
{
    if (root->kind == UG_YAML_MAP)
        return true;
    ug_error(c->diags, root->pos, "a file is a map of sections: 'unitgraph: 1', 'graph: …'");
    return false;
}

/* Reports a file that includes itself; `file` is its canonical path. */
static bool refuse_loop(struct ug_composer *c, const char *file, struct ug_pos included_from)
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

static struct ug_yaml *read_file(struct ug_composer *c, const char *path,
                                 struct ug_pos included_from)
{
    char canonical[PATH_MAX];
    struct ug_yaml *root;

    if (!realpath(path, canonical)) /* the reader says why it cannot be opened */
        return ug_yaml_read_file(c->arena, c->diags, path, included_from);
    if (refuse_loop(c, canonical, included_from))
        return NULL;
    if (c->n_open == UG_DEEPEST_CHAIN || c->n_files == MOST_FILES) {
        ug_error(c->diags, included_from,
                 "too many files: at most %d are read, and %d may include one another", MOST_FILES,
                 UG_DEEPEST_CHAIN);
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

/* ---- Composing ---- */

static struct ug_yaml *finish(struct ug_composer *c, struct ug_yaml *root, const char *const *sets,
                              int n_sets)
{
    if (!root || c->incomplete)
        return NULL;
    for (int i = 0; i < n_sets; i++)
        ug_apply_set(c, root, sets[i]);
    check_version(c, root, false);
    return root;
}

/* The path; of a run's folder, that of the file it keeps. */
static const char *enter_run(struct ug_composer *c, const char *path)
{
    const char *kept = ug_arena_format(c->arena, "%s/config.yaml", path);

    return access(kept, F_OK) ? path : kept;
}

struct ug_yaml *ug_yaml_compose(struct ug_arena *arena, struct ug_diags *diags, const char *path,
                                const char *const *sets, int n_sets)
{
    struct ug_composer c = {.arena = arena, .diags = diags};

    path = enter_run(&c, locate(&c, path, path));
    return finish(&c, read_file(&c, path, UG_NOWHERE), sets, n_sets);
}

struct ug_yaml *ug_yaml_compose_text(struct ug_arena *arena, struct ug_diags *diags,
                                     const char *path, const char *text, size_t length,
                                     const char *const *sets, int n_sets)
{
    struct ug_composer c = {.arena = arena, .diags = diags};
    struct ug_yaml *root = ug_yaml_read_text(arena, diags, path, "", text, length);

    if (!root || !check_root(&c, root))
        return NULL;
    check_version(&c, root, true);
    return finish(&c, with_includes(&c, root), sets, n_sets);
}
