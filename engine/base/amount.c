/* amount.c -- commas, powers of a thousand, units of memory. */
#include "engine/base/amount.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *ug_amount_commas(int64_t n, char text[UG_AMOUNT_TEXT])
{
    char digits[UG_AMOUNT_TEXT];
    const int length = snprintf(digits, sizeof digits, "%lld", (long long)n);
    char *to = text;

    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

const char *ug_amount_short(double n, const char *unit, char text[UG_AMOUNT_TEXT])
{
    static const char *const powers[] = {"", "k", "M", "G", "T", "P"};
    int power = 0;

    for (; n >= 999.5 && power < 5; power++)
        n /= 1000;
    snprintf(text, UG_AMOUNT_TEXT, "%.*f %s%s", power && n < 99.95 ? 1 : 0, n, powers[power], unit);
    return text;
}

const char *const ug_amount_units[UG_AMOUNT_UNITS] = {"B",   "kB",  "MB",  "GB", "TB",
                                                      "KiB", "MiB", "GiB", "TiB"};

const char *ug_amount_split(const char *text, double *number)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char *end;

    if (!*text || !strchr(".0123456789", *text)) /* a word, a sign */
        return NULL;
    *number = strtod(text, &end);
    end += strspn(end, " ");
    return *end && strspn(end, letters) == strlen(end) ? end : NULL;
}

double ug_amount_unit(const char *name)
{
    static const double bytes[UG_AMOUNT_UNITS] = {1,    1e3,    1e6,    1e9,   1e12,
                                                  1024, 0x1p20, 0x1p30, 0x1p40};

    for (int i = 0; i < UG_AMOUNT_UNITS; i++)
        if (!strcmp(ug_amount_units[i], name))
            return bytes[i];
    return 0;
}
