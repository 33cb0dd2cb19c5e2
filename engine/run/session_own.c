/* session_own.c -- going on with a run by its own config.yaml instead of the file that it began
 * with.
 *
 * config.yaml also says what --seed, --init and --steps said, which the experiment does not.  Where
 * it still says so, nothing has changed: the experiment is what the run has it to be.
 */
#include <string.h>

#include "engine/data/safetensors.h"
#include "engine/run/config.h"
#include "engine/run/folder.h"
#include "engine/run/session.h"
#include "engine/run/weights.h"

/* Below `train`. */
static const char *const of_options[] = {"seed", "init", "steps", "epochs"};

bool ug_session_is_own_file(const struct ug_session *r)
{
    const char *own = ug_session_path(r, "config.yaml");

    return ug_file_same(r->file, own) ||
           ug_file_same(ug_arena_format(r->arena, "%s/config.yaml", r->file), own);
}

/* config.yaml as it was when the checkpoint was written; NULL where the checkpoint does not say. */
static const char *config_then(const struct ug_session *r)
{
    const char *path = ug_arena_format(r->arena, "%s/params.safetensors", r->checkpoint);
    struct ug_diags *unsaid = ug_diags_new(); /* reading the parameters will say it */
    struct ug_safetensors *file = ug_safetensors_open(path, UG_NOWHERE, unsaid);
    const char *text = file ? ug_safetensors_metadata(file, UG_CONFIG_KEY) : NULL;
    const char *copy = text ? ug_arena_copy(r->arena, text, strlen(text)) : NULL;

    ug_safetensors_close(file);
    ug_diags_free(unsaid);
    return copy;
}

static struct ug_yaml *tree_of(const struct ug_session *r, const char *text)
{
    struct ug_diags *unsaid = ug_diags_new();
    struct ug_yaml *tree = ug_yaml_read_text(r->arena, unsaid, "", "", text, strlen(text));

    ug_diags_free(unsaid);
    return tree;
}

/* `train.KEY` as text; NULL where there is none. */
static const char *value_of(const struct ug_yaml *tree, const char *key)
{
    const struct ug_yaml *value = ug_yaml_get(ug_yaml_get(tree, "train"), key);

    return value && value->kind == UG_YAML_SCALAR ? value->text : NULL;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

const char *ug_session_experiment(const struct ug_session *r)
{
    const char *text = ug_config_text(r->program);
    const char *then = r->checkpoint && ug_session_is_own_file(r) ? config_then(r) : NULL;

    if (!then)
        return text;
    struct ug_yaml *now = tree_of(r, text), *before = tree_of(r, then);
    const struct ug_yaml *experiment = tree_of(r, r->made.experiment);
    if (!now || !before || !experiment)
        return text;
    for (size_t i = 0; i < sizeof of_options / sizeof *of_options; i++)
        if (same_text(value_of(now, of_options[i]), value_of(before, of_options[i])))
            ug_config_put(r->arena, ug_yaml_get(now, "train"), of_options[i],
                          value_of(experiment, of_options[i]));
    return ug_yaml_text(r->arena, now, false);
}
