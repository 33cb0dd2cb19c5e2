/* pattern.h -- one side of a line of a name map: text, `*`, and whole numbers `{2*i+1}`. */
#ifndef UG_PATTERN_H
#define UG_PATTERN_H

#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

enum { UG_MOST_STARS = 2, UG_MOST_NUMBERS = 8 };

/* What a name fitted a pattern with. */
struct ug_fit {
    struct {
        const char *text;
        size_t length;
    } stars[UG_MOST_STARS];
    int64_t numbers[UG_MOST_NUMBERS]; /* in the order of the pattern's letters: see ug_pattern */
};

enum ug_pattern_piece_kind { UG_PIECE_TEXT, UG_PIECE_STAR, UG_PIECE_NUMBER };

struct ug_pattern_piece {
    enum ug_pattern_piece_kind kind;
    const char *text; /* TEXT */
    size_t length;
    int index;             /* STAR: which; NUMBER: of its letter in `letters` */
    int64_t factor, added; /* NUMBER: what stands in the name is factor * number + added */
};

struct ug_pattern {
    const char *text; /* as it is written */
    struct ug_pattern_piece *pieces;
    int n, capacity, n_stars, n_letters;
    const char *letters[UG_MOST_NUMBERS];
};

/* NULL after an error at `pos`, the place of the text's first character. */
struct ug_pattern *ug_pattern_parse(struct ug_arena *a, const char *text, struct ug_pos pos,
                                    struct ug_diags *diags);
/* Whether both have the same number of stars and the same letters, in any order; reports it
 * otherwise.  `b`'s numbers are then counted as `a`'s. */
bool ug_pattern_join(const struct ug_pattern *a, struct ug_pattern *b, struct ug_pos pos,
                     struct ug_diags *diags);

/* Whether the whole name fits.  The fit points into the name. */
bool ug_pattern_fits(const struct ug_pattern *p, const char *name, struct ug_fit *fit);
/* The name that a fit makes of a pattern; NULL where a number in it would be negative or too large. */
const char *ug_pattern_fill(const struct ug_pattern *p, const struct ug_fit *fit,
                            struct ug_arena *a);

#endif
