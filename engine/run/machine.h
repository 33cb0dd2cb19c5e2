/* machine.h -- what the machine at hand can do at most, measured. */
#ifndef UG_MACHINE_H
#define UG_MACHINE_H

/* Of all threads that kernels use, together. */
struct ug_machine {
    double flops; /* multiplications and additions of float32, a second */
    double bytes; /* to and from main memory, a second */
};

/* Takes some tenths of a second, and memory that it gives back. */
struct ug_machine ug_machine_measure(void);

/* The least seconds in which so much can be done: the roofline (Williams, Waterman, Patterson 2009). */
double ug_machine_seconds(const struct ug_machine *m, double flops, double bytes);

#endif
