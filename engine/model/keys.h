/* keys.h -- maps with fixed keys, each described by a line of a table.  Private to engine/model. */
#ifndef UG_KEYS_H
#define UG_KEYS_H

#include "engine/model/program.h"
#include "engine/model/quantity.h"

enum ug_key_type {
    UG_KEY_INT,    /* int64_t */
    UG_KEY_REAL,   /* double */
    UG_KEY_BOOL,   /* bool */
    UG_KEY_TEXT,   /* const char *: a word or a "text", which may be computed */
    UG_KEY_STRING, /* const char *: as it is written, `${name}` inserted */
    UG_KEY_PATH,   /* const char *: the same, relative to the folder of its file */
    UG_KEY_NAME,   /* const char *: a name of the file, as it is written */
    UG_KEY_BYTES,  /* int64_t: "1GiB", "800 MB", or a number of bytes */
    UG_KEY_EXPR,   /* const struct ug_expr * */
    UG_KEY_SIDES,  /* int64_t[2]: one number for both, or [h, w] */
    UG_KEY_PAIR,   /* double[2] */
    UG_KEY_OTHER   /* read by hand */
};

struct ug_key {
    const char *name, *doc;
    enum ug_key_type type;
    size_t offset;   /* of the field in the struct that is filled */
    double min, max; /* of numbers, inclusive; both 0: any */
    unsigned kinds;  /* data entries: the sources that it applies to */
    bool required;
};

/* The sections being read. */
struct ug_sections {
    struct ug_program *program;
    struct ug_arena *arena;
    struct ug_diags *diags;
    struct ug_eval eval; /* sees `vars` */
};

/* Fills `out` from the keys of a map; a NULL name ends the table.  Unknown, missing and wrong ones
 * are reported, `what` ("the optimizer 'G'") naming the map, and leave their fields alone.  False
 * after an error. */
bool ug_read_keys(struct ug_sections *s, const struct ug_yaml *map, const char *what,
                  const struct ug_key *keys, void *out);

/* One value, as a line of a table has it. */
bool ug_read_key(struct ug_sections *s, const struct ug_key *key, struct ug_yaml *value,
                 const char *what, void *out);

/* Reports keys that are not in the table; false if there are any. */
bool ug_refuse_unknown(struct ug_sections *s, const struct ug_yaml *map, const char *what,
                       const struct ug_key *keys);

/* Reports a section or map, `what`, that has nothing in it. */
void ug_refuse_empty(struct ug_sections *s, const struct ug_yaml *y, const char *what);

/* True if `y` is a map, and one that is not empty text; otherwise an error that says what it should
 * be. */
bool ug_want_map(struct ug_sections *s, const struct ug_yaml *y, const char *what,
                 const char *form);

/* Reports a key that is not a name of the language. */
bool ug_want_name(struct ug_sections *s, const struct ug_yaml *key);

/* The keys that the map at a path may have, "train", "data.x"; NULL where they are of the user's
 * choice, or not listed in a table.  Each section knows those of its own maps, `path` without its
 * name. */
const struct ug_key *ug_keys_of(struct ug_arena *arena, const char *path);
const struct ug_key *ug_data_keys_of(const char *path);
const struct ug_key *ug_train_keys_of(const char *path);
const struct ug_key *ug_event_keys_of(const char *section, const char *path);

/* The sections; each reads what it finds in program->tree. */
void ug_read_data(struct ug_sections *s);
void ug_read_inputs(struct ug_sections *s);
void ug_read_train(struct ug_sections *s);
void ug_read_events(struct ug_sections *s);
void ug_read_translate(struct ug_sections *s);

/* The entries of `section` over those of program->data: `samples.data`, `validate.data`. */
struct ug_data_spec ug_read_data_over(struct ug_sections *s, const struct ug_yaml *section);

/* Checks that an lr can be computed: see ug_program_rate. */
void ug_check_rate(struct ug_sections *s, const struct ug_expr *lr);

#endif
