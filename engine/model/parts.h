/* parts.h -- parts of a program, as `share`, `init`, `train.frozen` and `parameters` name them: a
 * network, a scope in it, or a single parameter (language.md 3, Sharing).  Private to engine/model.
 */
#ifndef UG_PARTS_H
#define UG_PARTS_H

#include "engine/model/program.h"

/* One scope, or one parameter. */
struct ug_part {
    const char *path;         /* "E1.res.2" */
    struct ug_param **params; /* all it holds, in the order of the program */
    int n;
};

struct ug_parts {
    struct ug_part *items;
    int n, capacity;
    bool partial; /* something of it has not been called, so that nothing can be said about it */
};

/* What all of this works from: the program with its parameters in order. */
struct ug_parts_of {
    struct ug_program *program;
    struct ug_diags *diags;
    struct ug_param **params;
    int n_params;
};

/* Lists the parameters, from the arena of the program. */
struct ug_parts_of ug_parts_open(struct ug_program *p, struct ug_diags *diags);

/* Reads text[from … to) of a scalar: `E1.res`, `E1.res[1:3]`, `first(E1.res, n)`, `last(…)`, `[a,
 * b]`. */
bool ug_parts_read(const struct ug_parts_of *p, const struct ug_yaml *scalar, size_t from,
                   size_t to, struct ug_parts *out);
/* One of these, or a list of them. */
bool ug_parts_read_yaml(const struct ug_parts_of *p, const struct ug_yaml *value,
                        struct ug_parts *out);

/* The parameter's name below a part that holds it: "" for the parameter itself. */
const char *ug_part_below(const struct ug_part *part, const struct ug_param *param);
/* The part of that name, which holds at least one parameter; false, without an error, if there is
 * none. */
bool ug_part_find(const struct ug_parts_of *p, const char *path, struct ug_part *out);
/* Reports a name that stands for nothing, with a suggestion.  False, without an error, where it is
 * within a network that has not been called, or not wholly. */
bool ug_part_unknown(const struct ug_parts_of *p, struct ug_pos pos, const char *path);

#endif
