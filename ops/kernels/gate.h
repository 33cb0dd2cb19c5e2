/* gate.h -- what a rectifier lets back. */
#ifndef UG_KERNELS_GATE_H
#define UG_KERNELS_GATE_H

/* dy where x > 0, slope * dy elsewhere.  A slope of 0 makes 0 even of an infinite dy. */
static inline float ug_gated(float dy, float x, float slope)
{
    const float small = slope == 0.0f ? 0.0f : slope * dy;

    return x > 0.0f ? dy : small;
}

#endif
