/* diff.c -- unitgraph diff: what differs between two experiments. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/facts.h"
#include "engine/unitgraph.h"

enum { MOST_ROWS = 12, WIDEST_NAME = 40, WIDEST_VALUE = 60 };

static const char *const titles[UG_FACT_SECTIONS] = {
    [UG_FACT_TOTALS] = "totals",     [UG_FACT_DATA] = "data",
    [UG_FACT_LAYERS] = "layers",     [UG_FACT_VALUES] = "values",
    [UG_FACT_SHARING] = "sharing",   [UG_FACT_INITIAL] = "initial values",
    [UG_FACT_LOSSES] = "losses",     [UG_FACT_OPTIMIZERS] = "optimizers",
    [UG_FACT_TRAINING] = "training", [UG_FACT_EVENTS] = "beside the training",
};

/* A fact that only one of the two has, or that is another one. */
struct difference {
    const struct ug_fact *a, *b; /* NULL: there is none */
};

struct comparison {
    struct ug_facts facts[2];
    struct difference *items;
    int n, capacity;
};

/* ---- Finding ---- */

static const struct ug_fact *find(const struct ug_facts *f, const struct ug_fact *like)
{
    for (int i = 0; i < f->n; i++)
        if (f->items[i].section == like->section && !strcmp(f->items[i].name, like->name))
            return &f->items[i];
    return NULL;
}

/* A hash says what the text only describes: texts may differ where two files are written
 * differently. */
static bool is_same(const struct ug_fact *a, const struct ug_fact *b)
{
    return a->hash || b->hash ? a->hash == b->hash : !strcmp(a->value, b->value);
}

static void compare(struct comparison *c)
{
    struct ug_arena *arena = c->facts[0].arena;

    for (int i = 0; i < c->facts[0].n; i++) {
        const struct ug_fact *a = &c->facts[0].items[i], *b = find(&c->facts[1], a);
        if (!b || !is_same(a, b))
            UG_PUSH(arena, c->items, c->n, c->capacity, ((struct difference){a, b}));
    }
    for (int i = 0; i < c->facts[1].n; i++) {
        const struct ug_fact *b = &c->facts[1].items[i];
        if (!find(&c->facts[0], b))
            UG_PUSH(arena, c->items, c->n, c->capacity, ((struct difference){NULL, b}));
    }
}

/* ---- Printing ---- */

static const struct ug_fact *either(const struct difference *d)
{
    return d->a ? d->a : d->b;
}

static int widest(const struct comparison *c, bool value)
{
    size_t width = 1;

    for (int i = 0; i < c->n; i++) {
        const char *text = !value          ? either(&c->items[i])->name
                           : c->items[i].a ? c->items[i].a->value
                                           : "-";
        width = strlen(text) > width ? strlen(text) : width;
    }
    const size_t most = value ? WIDEST_VALUE : WIDEST_NAME;
    return (int)(width < most ? width : most);
}

static void print_row(const struct difference *d, const int width[2], bool colour, FILE *out)
{
    const char mark = d->a && d->b ? '~' : d->a ? '-' : '+';
    const char *paint = !colour       ? ""
                        : mark == '~' ? "\033[33m"
                        : mark == '-' ? "\033[31m"
                                      : "\033[32m";
    const bool alike = d->a && d->b && !strcmp(d->a->value, d->b->value);

    fprintf(out, "%s%c %-*s  %-*s  %s%s%s\n", paint, mark, width[0], either(d)->name, width[1],
            d->a ? d->a->value : "-", d->b ? d->b->value : "-",
            alike ? ", but with other settings or inputs" : "", colour ? "\033[0m" : "");
}

static void print_section(const struct comparison *c, enum ug_fact_section section,
                          const int width[2], const struct ug_diff_options *o)
{
    int n = 0;

    for (int i = 0; i < c->n; i++) {
        if (either(&c->items[i])->section != section)
            continue;
        if (!n)
            fprintf(o->out, "\n%s\n", titles[section]);
        if (n++ < MOST_ROWS || o->all)
            print_row(&c->items[i], width, o->colour, o->out);
    }
    if (n > MOST_ROWS && !o->all)
        fprintf(o->out, "  … and %d more: --all shows them\n", n - MOST_ROWS);
}

static void print_table(const struct comparison *c, const char *a, const char *b,
                        const struct ug_diff_options *o)
{
    const int width[2] = {widest(c, false), widest(c, true)};

    if (!c->n) {
        fprintf(o->out, "%s and %s are the same experiment\n", a, b);
        return;
    }
    fprintf(o->out, "  %-*s  %-*s  %s\n", width[0], "", width[1], a, b);
    for (int s = 0; s < UG_FACT_SECTIONS; s++)
        print_section(c, (enum ug_fact_section)s, width, o);
}

static void print_json(const struct comparison *c, FILE *out)
{
    json_t *list = json_array();

    for (int i = 0; i < c->n; i++) {
        const struct difference *d = &c->items[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s?, s:s?}", "section",
                                        titles[either(d)->section], "name", either(d)->name, "a",
                                        d->a ? d->a->value : NULL, "b", d->b ? d->b->value : NULL));
    }
    char *text = json_dumps(list, JSON_INDENT(2));
    fprintf(out, "%s\n", text ? text : "[]");
    free(text);
    json_decref(list);
}

enum ug_status ug_diff(const char *a, const char *b, const struct ug_diff_options *o,
                       struct ug_diags *diags)
{
    struct ug_arena *arena = ug_arena_new();
    struct comparison c = {.facts = {{.arena = arena}, {.arena = arena}}};
    enum ug_status status = UG_WRONG;

    if (ug_facts_of(&c.facts[0], a, diags) && ug_facts_of(&c.facts[1], b, diags)) {
        compare(&c);
        if (o->json)
            print_json(&c, o->out);
        else
            print_table(&c, a, b, o);
        status = c.n ? UG_FAILED : UG_DONE;
    }
    ug_arena_free(arena);
    return status;
}
