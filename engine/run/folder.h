/* folder.h -- folders and links on disk. */
#ifndef UG_FOLDER_H
#define UG_FOLDER_H

#include "engine/base/arena.h"
#include "engine/base/diag.h"

/* Makes a folder and those above it; one that is there is fine. */
bool ug_folder_make(const char *path, struct ug_diags *diags);
/* Removes a file or a folder with all in it; links are not followed.  What is not there is fine. */
void ug_folder_remove(const char *path);
/* Removes what a process that was killed while it wrote there left behind under hidden names. */
void ug_folder_sweep(const char *path);
/* Takes a folder for this process as long as the descriptor, which the caller closes, is open; -1,
 * with an error, where another process has it. */
int ug_folder_lock(const char *path, struct ug_diags *diags);
/* Puts a whole folder where another may stand, so that `to` is never a part of either. */
bool ug_folder_replace(const char *from, const char *to, struct ug_diags *diags);
/* Makes `path` a link to `target`, in one step where another link stands; a folder there goes. */
bool ug_folder_link(const char *target, const char *path, struct ug_diags *diags);

bool ug_file_exists(const char *path); /* a folder too */
bool ug_folder_exists(const char *path);
/* What a file is called but for its ending: "unit.v2" of "graphs/unit.v2.yaml". */
const char *ug_file_stem(struct ug_arena *a, const char *path);
/* Whether two names, links followed, are of one file or folder that is there. */
bool ug_file_same(const char *a, const char *b);

/* Names in a folder, hidden ones left out, in order; NULL-ended, from the arena; NULL if it cannot
 * be read. */
const char **ug_folder_list(struct ug_arena *a, const char *path, int *n);

#endif
