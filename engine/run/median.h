/* median.h -- what stands in the middle of some measurements. */
#ifndef UG_MEDIAN_H
#define UG_MEDIAN_H

/* Sorts `values`, of which there is one at least; between the two in the middle of an even count,
 * the mean. */
double ug_median(double *values, int n);

#endif
