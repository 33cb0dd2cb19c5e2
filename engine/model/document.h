/* document.h -- a YAML file as a tree that remembers where everything stands.
 *
 * libyaml gives events with marks; this keeps scalars as text, because what a scalar means depends
 * on where it stands (language.md 2).  Refused here, with a position: duplicate keys, tags, `<<`,
 * several documents, tabs as indentation, keys that are not scalars, more nodes or depth than the
 * budget (alias bombs).
 */
#ifndef UG_DOCUMENT_H
#define UG_DOCUMENT_H

#include "engine/base/arena.h"
#include "engine/base/diag.h"

enum ug_yaml_kind { UG_YAML_SCALAR, UG_YAML_LIST, UG_YAML_MAP };

struct ug_expr;

struct ug_yaml {
    enum ug_yaml_kind kind;
    struct ug_pos pos; /* of the first character of the value (for quoted ones: of the quote) */
    size_t start, end; /* the same in bytes of pos.source->text; end is behind the last one */
    bool plain;        /* a scalar without quotes, on one line or several */
    bool block;        /* a `|` or `>` scalar */
    bool flow;         /* stands inside { } or [ ], or is one of these */
    bool broken;       /* an error was reported about how it is written: say no more about it */
    const char *text;  /* scalar: NUL-terminated, never NULL */
    size_t length;
    struct ug_yaml **items; /* list members, map values */
    struct ug_yaml **keys;  /* map: scalars, in the order of the file */
    int n;
    const char *folder; /* folder of the file that wrote it: relative paths count from here; "" =
                           working directory */
    const struct ug_expr
        *expr; /* what ug_expr_parse made of it: a node is parsed, and complained about, once */
    bool parsed;
    const struct ug_yaml
        *replaced; /* the list of an included file in whose place this one stands */
};

/* Core schema (YAML 1.2): is this plain scalar null (`~`, `null`, empty)? */
bool ug_yaml_is_null(const struct ug_yaml *y);

struct ug_yaml *ug_yaml_get(const struct ug_yaml *map,
                            const char *key); /* NULL if absent, or not a map */
struct ug_yaml *ug_yaml_key(const struct ug_yaml *map,
                            const char *key); /* the key's own node, for positions */

/* A plain scalar after which a comment follows on its line: " #" may have cut an expression off. */
bool ug_yaml_is_cut(const struct ug_yaml *y);

/* The place of text[offset] of a scalar, exact in scalars of every style. */
struct ug_pos ug_yaml_at(const struct ug_yaml *scalar, size_t offset);
/* text[from … to) of a scalar as a scalar of its own, at its place. */
struct ug_yaml *ug_yaml_part(struct ug_arena *arena, const struct ug_yaml *scalar, size_t from,
                             size_t to);

/* Reads one file; it must be a regular one.  NULL where nothing can be made of it, after an error;
 * other errors leave a tree to go on with.  An empty file is an empty map. */
struct ug_yaml *ug_yaml_read_file(struct ug_arena *arena, struct ug_diags *diags, const char *path,
                                  struct ug_pos included_from);
/* Reads a text that is in memory; `path` is only a name for messages, relative paths in it count
 * from `folder`. */
struct ug_yaml *ug_yaml_read_text(struct ug_arena *arena, struct ug_diags *diags, const char *path,
                                  const char *folder, const char *text, size_t length);

/* A file with its includes merged in and the overrides of --set applied (language.md 2,
 * Composition): a map, whose `unitgraph` was checked and whose `include` is gone.  sets:
 * "NAME=EXPR" each.  A run's folder stands for the config.yaml in it.  NULL after an error that
 * leaves nothing to go on with. */
struct ug_yaml *ug_yaml_compose(struct ug_arena *arena, struct ug_diags *diags, const char *path,
                                const char *const *sets, int n_sets);
/* The same from a text in memory (config.yaml in a checkpoint's metadata). */
struct ug_yaml *ug_yaml_compose_text(struct ug_arena *arena, struct ug_diags *diags,
                                     const char *path, const char *text, size_t length,
                                     const char *const *sets, int n_sets);

/* The value in a composed tree that `--set NAME=…` replaces; NULL if there is none. */
const struct ug_yaml *ug_yaml_find_set(struct ug_yaml *root, const char *name);

/* The place of a key in a map, or -1; takes a place out of a map. */
int ug_yaml_index(const struct ug_yaml *map, const char *key);
void ug_yaml_remove(struct ug_yaml *map, int i);

/* Writes a tree as YAML that reads as the same tree; with `origin`, "# file:line" after each
 * scalar. */
void ug_yaml_write(const struct ug_yaml *tree, FILE *out, bool origin);
/* The same as text, from the arena. */
char *ug_yaml_text(struct ug_arena *a, const struct ug_yaml *tree, bool origin);

#endif
