/* sweep_plan.c -- parts values at commas, combines them, and names a folder for each. */
#include "engine/run/sweep_plan.h"

#include <ctype.h>
#include <string.h>

#include "engine/base/random.h"

enum { MOST_RUNS = 10000, LONGEST_NAME = 200 };

/* ---- Values ---- */

/* Up to the comma or the end where a value ends. */
static size_t value_length(const char *text)
{
    int depth = 0;
    char quote = 0;

    for (size_t i = 0; text[i]; i++) {
        const char c = text[i];
        if (quote) {
            if (c == '\\' && text[i + 1])
                i++;
            else if (c == quote)
                quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (strchr("([{", c)) {
            depth++;
        } else if (strchr(")]}", c)) {
            depth--;
        } else if (c == ',' && depth <= 0) {
            return i;
        }
    }
    return strlen(text);
}

static const char *trimmed(struct ug_arena *a, const char *text, size_t length)
{
    while (length && isspace((unsigned char)*text))
        text++, length--;
    while (length && isspace((unsigned char)text[length - 1]))
        length--;
    return ug_arena_copy(a, text, length);
}

static struct ug_sweep_axis read_axis(struct ug_arena *a, const char *set)
{
    const size_t name = strcspn(set, "=");
    struct ug_sweep_axis axis = {.name = trimmed(a, set, name)};
    int capacity = 0;

    for (const char *at = set + name; *at;) {
        const size_t length = value_length(at + 1);
        UG_PUSH(a, axis.values, axis.n, capacity, trimmed(a, at + 1, length));
        at += 1 + length;
    }
    return axis;
}

static bool check_axis(const struct ug_sweep_axis *axis, struct ug_diags *diags)
{
    for (int i = 0; axis->n > 1 && i < axis->n; i++) {
        if (!*axis->values[i]) {
            ug_error(diags, UG_NOWHERE, "--set %s=… has an empty value between its commas",
                     axis->name);
            return false;
        }
        for (int k = 0; k < i; k++)
            if (!strcmp(axis->values[i], axis->values[k])) {
                ug_error(diags, UG_NOWHERE, "--set %s=… has the value %s twice", axis->name,
                         axis->values[i]);
                return false;
            }
    }
    return true;
}

/* ---- Runs ---- */

/* A name that any file system takes and a shell shows well; what had to be changed in it is told
 * apart by a number. */
static const char *folder_name(struct ug_arena *a, const char *name)
{
    char *safe = ug_arena_copy(a, name, strlen(name));
    bool changed = strlen(safe) > LONGEST_NAME;

    if (changed)
        safe[LONGEST_NAME] = '\0';
    for (char *c = safe; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._=,+-[]()*@", *c)) {
            *c = '_';
            changed = true;
        }
    return changed ? ug_arena_format(a, "%s-%08x", safe, (unsigned)ug_random_stream(name)) : safe;
}

/* One combination: `which` counts them, the last axis fastest. */
static struct ug_sweep_run make_run(struct ug_arena *a, const struct ug_sweep_plan *plan,
                                    const struct ug_overrides *o, int which)
{
    const char **values = ug_arena_array(a, (size_t)plan->n_axes, sizeof *values);
    const char **sets = ug_arena_array(a, (size_t)o->n_sets, sizeof *sets);
    const char *name = "";

    for (int i = plan->n_axes - 1; i >= 0; which /= plan->axes[i].n, i--)
        values[i] = plan->axes[i].values[which % plan->axes[i].n];
    for (int i = 0; i < plan->n_axes; i++)
        name = ug_arena_format(a, "%s%s%s=%s", name, i ? "," : "", plan->axes[i].name, values[i]);
    for (int i = 0, axis = 0; i < o->n_sets; i++) {
        const struct ug_sweep_axis *x = axis < plan->n_axes ? &plan->axes[axis] : NULL;
        const bool varies = read_axis(a, o->sets[i]).n > 1;
        sets[i] = varies ? ug_arena_format(a, "%s=%s", x->name, values[axis++]) : o->sets[i];
    }
    return (struct ug_sweep_run){folder_name(a, *name ? name : "run"), values, sets};
}

static bool check_names(const struct ug_sweep_plan *plan, struct ug_diags *diags)
{
    for (int i = 0; i < plan->n_axes; i++)
        for (int k = 0; k < i; k++)
            if (!strcmp(plan->axes[i].name, plan->axes[k].name)) {
                ug_error(diags, UG_NOWHERE, "--set gives '%s' values twice", plan->axes[i].name);
                return false;
            }
    return true;
}

bool ug_sweep_plan(struct ug_sweep_plan *plan, struct ug_arena *a, const struct ug_overrides *o,
                   struct ug_diags *diags)
{
    int capacity = 0;
    long long runs = 1;

    *plan = (struct ug_sweep_plan){.n_sets = o->n_sets};
    for (int i = 0; i < o->n_sets; i++) {
        const struct ug_sweep_axis axis = read_axis(a, o->sets[i]);
        if (!check_axis(&axis, diags))
            return false;
        if (axis.n < 2)
            continue;
        UG_PUSH(a, plan->axes, plan->n_axes, capacity, axis);
        runs *= axis.n;
        if (runs > MOST_RUNS) {
            ug_error(diags, UG_NOWHERE, "these values make more than %d runs", MOST_RUNS);
            return false;
        }
    }
    if (!check_names(plan, diags))
        return false;
    plan->n_runs = (int)runs;
    plan->runs = ug_arena_array(a, (size_t)runs, sizeof *plan->runs);
    for (int i = 0; i < plan->n_runs; i++)
        plan->runs[i] = make_run(a, plan, o, i);
    return true;
}
