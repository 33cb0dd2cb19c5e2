/* clock.h -- the clock that durations are measured with. */
#ifndef UG_CLOCK_H
#define UG_CLOCK_H

/* Seconds of a clock that only goes forward. */
double ug_now(void);

#endif
