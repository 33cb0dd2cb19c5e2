/* diag.h -- what is wrong with a user's file, where, and what would mend it.
 *
 * The library never prints and never exits.  It adds diagnostics to a list that its caller owns;
 * a stage that meets an error reports it and goes on to find the next.
 */
#ifndef UG_DIAG_H
#define UG_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A text that positions point into: a file, or an argument of --set. */
struct ug_source {
    const char *path; /* as the user named it, or "--set NAME=EXPR" */
    const char *text; /* NUL-terminated; NULL where only the name is known */
    size_t length;
};

/* A place in a source.  Lines and columns count from 1; columns count characters.
 * source NULL: nowhere in particular; line 0: the source as a whole. */
struct ug_pos {
    const struct ug_source *source;
    int line, column;
};

#define UG_NOWHERE ((struct ug_pos){NULL, 0, 0})

struct ug_diags;
struct ug_diag; /* one message with its notes */

/* An empty list, which the caller frees. */
struct ug_diags *ug_diags_new(void);
void ug_diags_free(struct ug_diags *d); /* NULL is fine */

/* Adds an error.  The sentence has no full stop and no capital; names stand in 'quotes'.  The same
 * sentence at the same place is kept once.  The result takes notes; it is never NULL. */
struct ug_diag *ug_error(struct ug_diags *d, struct ug_pos pos, const char *format, ...)
    __attribute__((format(printf, 3, 4), returns_nonnull));
struct ug_diag *ug_verror(struct ug_diags *d, struct ug_pos pos, const char *format, va_list args)
    __attribute__((format(printf, 3, 0), returns_nonnull));
/* A warning does not make loading fail. */
struct ug_diag *ug_warning(struct ug_diags *d, struct ug_pos pos, const char *format, ...)
    __attribute__((format(printf, 3, 4), returns_nonnull));

/* Adds a line under a diagnostic: a suggestion (pos is UG_NOWHERE), or a second place. */
void ug_note(struct ug_diag *diag, struct ug_pos pos, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds "did you mean 'x'?" for the nearest of `n` names if one is near enough to `wrong`, and
 * otherwise "there are: …" for the first few of them.  `kind` is a plural: "ops", "networks". */
void ug_suggest(struct ug_diag *diag, const char *wrong, const char *kind, const char *const *names,
                size_t n);
/* The name that was probably meant by `wrong`, or NULL. */
const char *ug_nearest(const char *wrong, const char *const *names, size_t n);

size_t ug_diags_errors(const struct ug_diags *d); /* how many errors so far */
size_t ug_diags_warnings(const struct ug_diags *d);

/* Prints all of them in the order of their places, each as FILE:LINE:COLUMN: error: …, with the line
 * quoted, a caret below it, and the notes.  At most `limit` errors (0: all), then a count of the rest. */
void ug_diags_print(const struct ug_diags *d, FILE *out, size_t limit);

/* Removes the warnings, which have been printed. */
void ug_diags_forget_warnings(struct ug_diags *d);

/* Adds what another list holds, which may be that of another thread that has ended with it. */
void ug_diags_append(struct ug_diags *d, const struct ug_diags *from);

/* The text of the first error, without place or notes, for tests and for one-line messages; NULL if
 * there is none. */
const char *ug_diags_first(const struct ug_diags *d);

#endif
