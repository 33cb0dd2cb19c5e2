/* changes.c -- walks two trees side by side. */
#include "engine/model/changes.h"

#include <stdlib.h>
#include <string.h>

/* ---- Comparing ---- */

struct comparison {
    struct ug_arena *arena;
    struct ug_changes found;
    int capacity;
};

static void add_change(struct comparison *c, const char *key, const struct ug_yaml *before,
                       const struct ug_yaml *after)
{
    UG_PUSH(c->arena, c->found.items, c->found.n, c->capacity,
            ((struct ug_change){key, before, after}));
}

static bool same_scalar(const struct ug_yaml *a, const struct ug_yaml *b)
{
    return ug_yaml_is_null(a) == ug_yaml_is_null(b) &&
           (ug_yaml_is_null(a) || !strcmp(a->text, b->text));
}

static const char *key_below(struct comparison *c, const char *key, const char *name)
{
    return *key ? ug_arena_format(c->arena, "%s.%s", key, name) : name;
}

static const char *last_name(const char *key)
{
    const char *dot = strrchr(key, '.');

    return dot ? dot + 1 : key;
}

/* Whether maps with the same keys have them in another order. */
static bool reordered(const struct ug_yaml *a, const struct ug_yaml *b)
{
    if (a->n != b->n)
        return false;
    for (int i = 0; i < b->n; i++)
        if (!ug_yaml_get(a, b->keys[i]->text))
            return false;
    for (int i = 0; i < b->n; i++)
        if (strcmp(a->keys[i]->text, b->keys[i]->text))
            return true;
    return false;
}

static void compare(struct comparison *c, const char *key, const struct ug_yaml *a,
                    const struct ug_yaml *b);

static void compare_maps(struct comparison *c, const char *key, const struct ug_yaml *a,
                         const struct ug_yaml *b)
{
    if (!strncmp(key, "modules.", 8) && !strcmp(last_name(key), "params") && reordered(a, b)) {
        add_change(c, key, a, b);
        return;
    }
    for (int i = 0; i < b->n; i++) {
        const char *name = b->keys[i]->text;
        compare(c, key_below(c, key, name), ug_yaml_get(a, name), b->items[i]);
    }
    for (int i = 0; i < a->n; i++)
        if (!ug_yaml_get(b, a->keys[i]->text))
            add_change(c, key_below(c, key, a->keys[i]->text), a->items[i], NULL);
}

static void compare_lists(struct comparison *c, const char *key, const struct ug_yaml *a,
                          const struct ug_yaml *b)
{
    for (int i = 0; i < a->n || i < b->n; i++)
        compare(c, ug_arena_format(c->arena, "%s[%d]", key, i), i < a->n ? a->items[i] : NULL,
                i < b->n ? b->items[i] : NULL);
}

static void compare(struct comparison *c, const char *key, const struct ug_yaml *a,
                    const struct ug_yaml *b)
{
    if (!a || !b || a->kind != b->kind)
        add_change(c, key, a, b);
    else if (a->kind == UG_YAML_MAP)
        compare_maps(c, key, a, b);
    else if (a->kind == UG_YAML_LIST)
        compare_lists(c, key, a, b);
    else if (!same_scalar(a, b))
        add_change(c, key, a, b);
}

struct ug_changes ug_changes_find(struct ug_arena *arena, const struct ug_yaml *before,
                                  const struct ug_yaml *after)
{
    struct comparison c = {.arena = arena};

    compare(&c, "", before, after);
    return c.found;
}

/* ---- Showing ---- */

static void put_flow(const struct ug_yaml *y, FILE *out)
{
    const bool map = y->kind == UG_YAML_MAP;

    if (y->kind == UG_YAML_SCALAR) {
        for (const char *c = y->text; *c; c++)
            putc((unsigned char)*c < ' ' ? ' ' : *c, out);
        return;
    }
    putc(map ? '{' : '[', out);
    for (int i = 0; i < y->n; i++) {
        fputs(i ? ", " : "", out);
        if (map)
            fprintf(out, "%s: ", y->keys[i]->text);
        put_flow(y->items[i], out);
    }
    putc(map ? '}' : ']', out);
}

/* The bytes that the first `n` characters of a text take. */
static int bytes_of(const char *text, int n)
{
    int at = 0;

    for (; text[at] && n; n--)
        do
            at++;
        while (((unsigned char)text[at] & 0xc0) == 0x80);
    return at;
}

const char *ug_change_text(struct ug_arena *arena, const struct ug_yaml *value, int most)
{
    char *text = NULL;
    size_t length = 0;

    if (!value)
        return "-";
    FILE *out = open_memstream(&text, &length);
    if (!out)
        abort();
    put_flow(value, out);
    fclose(out);
    const bool cut = text[bytes_of(text, most)];
    const char *shown =
        cut ? ug_arena_format(arena, "%.*s…", bytes_of(text, most - 1), text) : NULL;
    if (!cut)
        shown = ug_arena_copy(arena, text, length);
    free(text);
    return shown;
}
