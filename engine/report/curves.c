/* curves.c -- reads line by line; a series that gets too long keeps means of neighbours. */
#include "engine/report/curves.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_LINE = 1 << 20, MOST_SERIES = 2000 };

/* ---- One series ---- */

static void put_point(struct ug_series *s, struct ug_arena *a, struct ug_point p)
{
    UG_PUSH(a, s->points, s->n, s->capacity, p);
}

static double mean(double a, double b)
{
    return isnan(a) ? b : isnan(b) ? a : (a + b) / 2;
}

/* Two neighbours become one. */
static void halve(struct ug_series *s)
{
    for (int i = 0; i < s->n / 2; i++) {
        const struct ug_point *p = &s->points[2 * i];
        s->points[i] = (struct ug_point){(p[0].step + p[1].step) / 2, mean(p[0].value, p[1].value)};
    }
    s->n /= 2;
    s->span *= 2;
}

/* The mean of what was logged since the last point. */
static void finish_point(struct ug_series *s, struct ug_arena *a)
{
    if (s->summed)
        put_point(
            s, a,
            (struct ug_point){s->sum.step / s->summed, s->finite ? s->sum.value / s->finite : NAN});
    s->sum = (struct ug_point){0, 0};
    s->summed = s->finite = 0;
}

static void note_extremes(struct ug_series *s, struct ug_point p)
{
    s->last = p;
    if (!isfinite(p.value))
        return;
    if (!(s->lowest.value <= p.value))
        s->lowest = p;
    if (!(s->highest.value >= p.value))
        s->highest = p;
}

static void add(struct ug_series *s, struct ug_arena *a, int most, struct ug_point p)
{
    note_extremes(s, p);
    if (s->n == most && !s->summed)
        halve(s);
    s->sum.step += p.step;
    s->sum.value += isfinite(p.value) ? p.value : 0;
    s->finite += isfinite(p.value);
    if (++s->summed == s->span)
        finish_point(s, a);
}

/* ---- All of them ---- */

const struct ug_series *ug_curves_find(const struct ug_curves *c, const char *name)
{
    for (int i = 0; i < c->n; i++)
        if (!strcmp(c->items[i].name, name))
            return &c->items[i];
    return NULL;
}

/* Lines name their series in the same order, so the next one is a good guess.  NULL beyond the
 * most series there may be. */
static struct ug_series *series_of(struct ug_curves *c, struct ug_arena *a, const char *name,
                                   int guess)
{
    if (guess < c->n && !strcmp(c->items[guess].name, name))
        return &c->items[guess];
    struct ug_series *found = (struct ug_series *)ug_curves_find(c, name);
    if (found || c->n == MOST_SERIES)
        return found;
    const struct ug_point none = {NAN, NAN};
    struct ug_series new = {.name = ug_arena_copy(a, name, strlen(name)),
                            .span = 1,
                            .last = none,
                            .lowest = none,
                            .highest = none};
    UG_PUSH(a, c->items, c->n, c->capacity, new);
    return &c->items[c->n - 1];
}

static void take_line(struct ug_curves *c, struct ug_arena *a, json_t *line)
{
    const json_t *step = json_object_get(line, "step");
    const char *name;
    json_t *value;
    int guess = 0;

    if (!json_is_integer(step))
        return;
    c->last_step = json_integer_value(step);
    json_object_foreach(line, name, value)
    {
        struct ug_series *s = strcmp(name, "step") ? series_of(c, a, name, guess) : NULL;
        const double number = json_is_number(value) ? json_number_value(value) : NAN;
        if (!s)
            continue;
        guess = (int)(s - c->items) + 1;
        add(s, a, c->most, (struct ug_point){(double)c->last_step, number});
    }
}

bool ug_curves_read(struct ug_curves *c, struct ug_arena *a, const char *path, int most)
{
    FILE *f = fopen(path, "re");
    char *line = ug_xcalloc(LONGEST_LINE, 1);

    *c = (struct ug_curves){.most = most, .last_step = -1};
    while (f && fgets(line, LONGEST_LINE, f)) {
        const size_t n = strlen(line);
        json_t *object = n && line[n - 1] == '\n' ? json_loadb(line, n, 0, NULL) : NULL;
        if (object)
            take_line(c, a, object);
        json_decref(object);
    }
    for (int i = 0; i < c->n; i++)
        finish_point(&c->items[i], a);
    free(line);
    if (f)
        fclose(f);
    return f != NULL;
}
