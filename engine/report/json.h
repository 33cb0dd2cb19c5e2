/* json.h -- JSON that may stand inside of a page. */
#ifndef UG_REPORT_JSON_H
#define UG_REPORT_JSON_H

#include <jansson.h>
#include <stdio.h>

/* A string of any bytes: those that are no UTF-8 become question marks. */
json_t *ug_json_text(const char *text);

/* Writes a value with every `<` as \u003c, so that nothing in it ends a <script>. */
void ug_json_put(const json_t *value, FILE *out);

#endif
