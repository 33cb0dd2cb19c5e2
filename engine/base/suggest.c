/* suggest.c -- the name that was probably meant. */
#include <ctype.h>
#include <string.h>

#include "engine/base/diag_parts.h"

enum {
    LONGEST_NAME = 63, /* names that are compared */
    NAMES_LISTED = 20
};

/* How many letters must be changed, added, removed or swapped with their neighbour (optimal string
 * alignment); capitals count as small letters. */
static int edit_distance(const char *a, const char *b)
{
    const int n = (int)strlen(a), m = (int)strlen(b);
    int rows[3][LONGEST_NAME + 2];
    int *two_up = rows[0], *up = rows[1], *row = rows[2];

    for (int j = 0; j <= m; j++)
        up[j] = j;
    for (int i = 1; i <= n; i++) {
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            const int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            int best = up[j - 1] + (ca != cb);

            if (up[j] + 1 < best)
                best = up[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                cb == tolower((unsigned char)a[i - 2]) && two_up[j - 2] + 1 < best)
                best = two_up[j - 2] + 1;
            row[j] = best;
        }
        int *free_row = two_up;
        two_up = up, up = row, row = free_row;
    }
    return up[m];
}

/* A third of the letters may be wrong, or the end missing. */
const char *ug_nearest(const char *wrong, const char *const *names, size_t n)
{
    const size_t length = strlen(wrong);
    const char *nearest = NULL;
    int best = length < 3 ? (int)length : 1 + ((int)length + 2) / 3;

    if (length > LONGEST_NAME)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (strlen(names[i]) > LONGEST_NAME)
            continue;
        int distance = edit_distance(wrong, names[i]);
        if (length >= 3 && !strncasecmp(names[i], wrong, length) && distance > 1)
            distance = 1;
        if (distance < best) {
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}

void ug_suggest(struct ug_diag *diag, const char *wrong, const char *kind, const char *const *names,
                size_t n)
{
    const char *nearest = ug_nearest(wrong, names, n);

    if (nearest && strcmp(nearest, wrong)) {
        ug_note(diag, UG_NOWHERE, "did you mean '%s'?", nearest);
        return;
    }
    if (!n) {
        ug_note(diag, UG_NOWHERE, "there are no %s here", kind);
        return;
    }
    const char *list = names[0];
    for (size_t i = 1; i < n && i < NAMES_LISTED; i++)
        list = ug_arena_format(diag->owner->arena, "%s, %s", list, names[i]);
    ug_note(diag, UG_NOWHERE, "%s: %s%s", kind, list, n > NAMES_LISTED ? ", …" : "");
}
