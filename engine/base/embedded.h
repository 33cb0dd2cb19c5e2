/* embedded.h -- texts that the build puts into the program: tools/embed.cmake writes the tables. */
#ifndef UG_EMBEDDED_H
#define UG_EMBEDDED_H

#include <stddef.h>

/* One of a table, which ends with a NULL name. */
struct ug_embedded {
    const char *name;
    const unsigned char *bytes;
    size_t length;
};

extern const struct ug_embedded ug_page_texts[];     /* engine/report/page.h */
extern const struct ug_embedded ug_language_texts[]; /* graphs/language.md alone */

#endif
