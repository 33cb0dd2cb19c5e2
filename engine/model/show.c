/* show.c -- prints the resolved file. */
#include "engine/model/sections.h"
#include "engine/model/settle.h"
#include "engine/unitgraph.h"

enum ug_status ug_show(const char *file, const struct ug_overrides *o, bool origin, FILE *out,
                       struct ug_diags *diags)
{
    struct ug_arena *arena = ug_arena_new();
    struct ug_yaml *tree = ug_yaml_compose(arena, diags, file, o->sets, o->n_sets);

    if (tree) {
        ug_check_sections(tree, arena, diags);
        struct ug_vars *vars = ug_vars_new(arena, diags, ug_yaml_get(tree, "vars"));
        ug_settle_paths(arena, diags, tree, vars);
    }
    if (tree && !ug_diags_errors(diags))
        ug_yaml_write(tree, out, origin);
    ug_arena_free(arena);
    return ug_diags_errors(diags) ? UG_WRONG : UG_DONE;
}
