/* page.h -- one HTML file about one run or several, with everything in it: chart library, data,
 * pictures.
 *
 * The page is page.html, whose {{marks}} stand for the texts that the build embeds and for the data:
 *     {{data}}      a JSON object: see page.c
 *     {{pictures}}  a <script type="text/plain" id="picture-RUN-STEP"> in base64 for each grid
 * Whatever a user wrote reaches the page as JSON and is put into it as text, never as markup.
 */
#ifndef UG_PAGE_H
#define UG_PAGE_H

#include <stdbool.h>

#include "engine/base/diag.h"

/* Writes a page about `n` run folders, in one move.  What a folder lacks the page leaves out.  Reads
 * only files, so any thread may call it.  The size of the page, or 0 after an error. */
size_t ug_page_write(const char *path, const char *const *runs, int n, struct ug_diags *diags);

#endif
