/* inputs.h -- the types of a program's inputs.  Private to engine/model. */
#ifndef UG_INPUTS_H
#define UG_INPUTS_H

#include "engine/model/program.h"

/* Sets the type of every input that comes from data: as it is given, else as its files tell, else
 * (without data, or where they cannot be read) as its entry declares it; else its rank is -1.
 * Entries that only `samples` or `validate` have become inputs too.  Also measures what `epochs`
 * come to. */
void ug_type_inputs(struct ug_program *p, const struct ug_load_options *o, struct ug_diags *diags);

/* The same for the data of `samples` and `validate`: a type for each entry, with that batch. */
struct ug_input *ug_types_of_entries(struct ug_program *p, const struct ug_data_spec *spec,
                                     int64_t batch, const struct ug_load_options *o,
                                     struct ug_diags *diags);

#endif
