/* checkpoint_find.c -- which checkpoints a run has, which of them is to be used, and which go. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/run/checkpoint_parts.h"
#include "engine/run/folder.h"

/* ---- Names ---- */

const char *ug_checkpoint_name(struct ug_arena *a, int64_t step)
{
    return ug_arena_format(a, "step-%08lld", (long long)step);
}

/* The step of "step-00001000"; -1 for any other name. */
static int64_t step_of(const char *name)
{
    char *end;

    if (strncmp(name, "step-", 5) || name[5] < '0' || name[5] > '9')
        return -1;
    const long long step = strtoll(name + 5, &end, 10);
    return *end ? -1 : step;
}

/* Oldest first: names of one width sort by their steps, and longer ones come last. */
static int by_step(const void *a, const void *b)
{
    const int64_t x = step_of(*(const char *const *)a), y = step_of(*(const char *const *)b);

    return (x > y) - (x < y);
}

/* The names of the checkpoints in a folder, oldest first. */
static const char **list_checkpoints(struct ug_arena *a, const char *folder, int *n)
{
    int n_names;
    const char **names = ug_folder_list(a, folder, &n_names);

    *n = 0;
    for (int i = 0; i < n_names; i++)
        if (step_of(names[i]) >= 0)
            names[(*n)++] = names[i];
    if (*n)
        qsort(names, (size_t)*n, sizeof *names, by_step);
    return names;
}

/* ---- Finding ---- */

/* The step that `latest` names, whether it is there or not; -1 where that is no link. */
static int64_t latest_step(const char *latest)
{
    char target[PATH_MAX];
    const ssize_t n = readlink(latest, target, sizeof target - 1);

    if (n <= 0)
        return -1;
    target[n] = '\0';
    const char *slash = strrchr(target, '/');
    return step_of(slash ? slash + 1 : target);
}

/* What to try, best first: `latest`, then the checkpoints before it.  Not every way of copying a
 * folder keeps links: without one, all checkpoints, newest first.  NULL-ended. */
static const char **list_candidates(struct ug_arena *a, const char *run)
{
    const char *latest = ug_arena_format(a, "%s/latest", run);
    const char *folder = ug_arena_format(a, "%s/checkpoints", run);
    const int64_t before = latest_step(latest);
    const char **list = NULL;
    int n_names, n = 0, capacity = 0;
    const char **names = list_checkpoints(a, folder, &n_names);

    if (ug_folder_exists(latest))
        UG_PUSH(a, list, n, capacity, latest);
    for (int i = n_names - 1; i >= 0; i--)
        if (before < 0 || step_of(names[i]) < before)
            UG_PUSH(a, list, n, capacity, ug_arena_format(a, "%s/%s", folder, names[i]));
    UG_PUSH(a, list, n, capacity, NULL);
    return list;
}

const char *ug_checkpoint_find(struct ug_arena *a, const char *run, int64_t step)
{
    const char *path =
        ug_arena_format(a, "%s/checkpoints/%s", run, ug_checkpoint_name(a, step < 0 ? 0 : step));

    if (step < 0)
        return list_candidates(a, run)[0];
    return ug_folder_exists(path) ? path : NULL;
}

bool ug_checkpoint_choose(struct ug_arena *a, const char *run, const char **checkpoint,
                          struct ug_diags *diags)
{
    const char **candidates = list_candidates(a, run);

    for (int i = 0; candidates[i]; i++) {
        const char *fault = ug_checkpoint_fault(a, candidates[i]);
        *checkpoint = candidates[i];
        if (!fault)
            return true;
        struct ug_diag *w = ug_warning(diags, UG_NOWHERE, "the checkpoint '%s' is damaged: %s",
                                       candidates[i], fault);
        if (candidates[i + 1])
            ug_note(w, UG_NOWHERE, "the one before it is tried: '%s'", candidates[i + 1]);
    }
    const bool gone = !candidates[0] && latest_step(ug_arena_format(a, "%s/latest", run)) >= 0;
    if (candidates[0])
        ug_note(ug_error(diags, UG_NOWHERE, "the run in '%s' has no checkpoint that is whole", run),
                UG_NOWHERE, "begin again in another folder, with --out");
    if (gone)
        ug_note(ug_error(diags, UG_NOWHERE, "the checkpoints of the run in '%s' are gone", run),
                UG_NOWHERE, "bring them back, or begin again in another folder, with --out");
    *checkpoint = NULL;
    return !candidates[0] && !gone;
}

const char *ug_checkpoint_named(struct ug_arena *a, const char *run, const char *which,
                                struct ug_diags *diags)
{
    const char *best = ug_arena_format(a, "%s/best", run), *found = NULL;
    char *end;
    const long long step = strtoll(which, &end, 10);
    const bool number = *which >= '0' && *which <= '9' && !*end;

    if (!strcmp(which, "latest"))
        found = ug_checkpoint_find(a, run, -1);
    else if (!strcmp(which, "best"))
        found = ug_folder_exists(best) ? best : NULL;
    else if (number)
        found = ug_checkpoint_find(a, run, step);
    if (found)
        return found;
    if (number)
        ug_error(diags, UG_NOWHERE, "'%s' has no checkpoint of step %lld", run, step);
    else if (!strcmp(which, "latest"))
        ug_error(diags, UG_NOWHERE, "'%s' has no checkpoint", run);
    else if (!strcmp(which, "best"))
        ug_note(ug_error(diags, UG_NOWHERE, "'%s' has no best checkpoint", run), UG_NOWHERE,
                "'checkpoint: {best: METRIC}' in the file keeps one");
    else
        ug_error(diags, UG_NOWHERE, "a checkpoint is 'latest', 'best' or a step, not '%s'", which);
    return NULL;
}

const char *ug_checkpoint_weights(struct ug_arena *a, const char *run, const char *which,
                                  struct ug_diags *diags)
{
    const char *folder = run;

    if (!ug_file_exists(run)) {
        ug_error(diags, UG_NOWHERE, "there is no run '%s'", run);
        return NULL;
    }
    if (!ug_folder_exists(run))
        return run;
    if (!ug_file_exists(ug_arena_format(a, "%s/params.safetensors", run)))
        folder = ug_checkpoint_named(a, run, which, diags);
    if (!folder)
        return NULL;
    const char *average = ug_arena_format(a, "%s/ema.safetensors", folder);
    return ug_file_exists(average) ? average : ug_arena_format(a, "%s/params.safetensors", folder);
}

/* ---- Removing ---- */

void ug_checkpoint_thin(struct ug_arena *a, const char *folder, const struct ug_progress_made *made,
                        int64_t keep)
{
    int n;
    const char **names = list_checkpoints(a, folder, &n);

    for (int i = 0; i < n - keep; i++) {
        const char *path = ug_arena_format(a, "%s/%s", folder, names[i]);
        const char *gone = ug_arena_format(a, "%s/.%s.old", folder, names[i]);
        const int64_t step = step_of(names[i]);
        if (step == made->step || (made->best.metric && step == made->best.step))
            continue;
        if (!rename(path, gone)) /* so that half a checkpoint never has the name of a whole one */
            ug_folder_remove(gone);
    }
}
