/* facts.h -- an experiment as a list of facts: what it computes and how it is trained, whatever way
 * its file is written.
 */
#ifndef UG_FACTS_H
#define UG_FACTS_H

#include "engine/model/program.h"

enum ug_fact_section {
    UG_FACT_TOTALS,
    UG_FACT_DATA,
    UG_FACT_LAYERS,
    UG_FACT_VALUES,
    UG_FACT_SHARING,
    UG_FACT_INITIAL,
    UG_FACT_LOSSES,
    UG_FACT_OPTIMIZERS,
    UG_FACT_TRAINING,
    UG_FACT_EVENTS,
    UG_FACT_SECTIONS
};

struct ug_fact {
    enum ug_fact_section section;
    const char *name;  /* "E1.stem.0", "G.gan_1", "x1.size": once in a section */
    const char *value; /* for people: "conv2d, 1x64x32x32" */
    uint64_t hash;     /* of all that `value` does not say; 0: it says all */
};

struct ug_facts {
    struct ug_arena *arena;
    struct ug_fact *items;
    int n, capacity;
};

/* Adds a fact; name and value are copied. */
void ug_facts_add(struct ug_facts *f, enum ug_fact_section section, const char *name,
                  const char *value, uint64_t hash);

/* What the graph is made of: layers, values, losses, what optimizers minimise. */
void ug_facts_of_graph(struct ug_facts *f, const struct ug_program *p, const struct ug_unfolded *u);
/* Everything, of a file or a run's folder.  `what` is what messages call it.  False after an error. */
bool ug_facts_of(struct ug_facts *f, const char *what, struct ug_diags *diags);

#endif
