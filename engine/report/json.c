/* json.c -- text of any bytes, and no '<' that markup could begin with. */
#include "engine/report/json.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"

json_t *ug_json_text(const char *text)
{
    json_t *whole = json_string(text);

    if (whole)
        return whole;
    char *ascii = strcpy(ug_xcalloc(strlen(text) + 1, 1), text);
    for (char *c = ascii; *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    whole = json_string(ascii);
    free(ascii);
    return whole;
}

/* In JSON a `<` stands in strings only. */
static int put(const char *bytes, size_t n, void *out)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] == '<')
            fputs("\\u003c", out);
        else
            putc(bytes[i], out);
    return 0;
}

void ug_json_put(const json_t *value, FILE *out)
{
    json_dump_callback(value, put, out, JSON_COMPACT | JSON_ENCODE_ANY);
}
