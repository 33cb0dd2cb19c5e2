/* safetensors_parts.h -- what reading and writing the format share; between safetensors*.c only. */
#ifndef UG_SAFETENSORS_PARTS_H
#define UG_SAFETENSORS_PARTS_H

#include <stddef.h>

#define UG_SAFETENSORS_METADATA "__metadata__" /* the key of what is no tensor */

/* Bytes of one element; 0 for a type that came into the format later: such a tensor may stand in a
 * file, unread. */
size_t ug_safetensors_element(const char *dtype);

#endif
