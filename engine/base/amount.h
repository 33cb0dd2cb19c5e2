/* amount.h -- numbers and sizes of memory as people read and write them. */
#ifndef UG_AMOUNT_H
#define UG_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

enum { UG_AMOUNT_TEXT = 40 };

/* "12,345,678", into `text`, which is returned. */
const char *ug_amount_commas(int64_t n, char text[UG_AMOUNT_TEXT]);
/* "34.5 MB": three digits and the power of a thousand that suits them. */
const char *ug_amount_short(double n, const char *unit, char text[UG_AMOUNT_TEXT]);

/* A number and a unit: "1GiB", "800 MB".  The unit's name, which may be none of memory's; NULL if
 * the text is something else. */
const char *ug_amount_split(const char *text, double *number);
/* Bytes of a unit of memory; 0 if it is none. */
double ug_amount_unit(const char *name);

/* The names of all units of memory. */
enum { UG_AMOUNT_UNITS = 9 };
extern const char *const ug_amount_units[UG_AMOUNT_UNITS];

#endif
