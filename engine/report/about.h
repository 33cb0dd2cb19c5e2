/* about.h -- RUN/about.json: what a page about a run shows and what only the run itself knows.
 *
 *     {"unitgraph": version, "file": as the user named it, "began": "2017-03-02T12:00:00Z",
 *      "steps": how many there will be, "columns": [labels of the sample grids],
 *      "rising": [metrics of which more is better],
 *      "config": the resolved file with the origin of each value, "graph": DOT,
 *      "machine": {"processor", "cores", "threads", "memory" (bytes), "system"}}
 *
 * It is written when a session of the run begins and tells about that session.
 */
#ifndef UG_ABOUT_H
#define UG_ABOUT_H

#include "engine/model/program.h"

/* Paths in the program's tree must be settled (ug_config_text).  False after an error. */
bool ug_about_write(struct ug_program *p, const char *file, const char *path,
                    struct ug_diags *diags);

#endif
