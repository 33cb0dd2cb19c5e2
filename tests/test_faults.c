/* Whatever fails or ends a run while it deals with its files, nothing is lost: resumed, it comes to
 * the bits of a run that nothing happened to.
 *
 * A run is repeated with its first, second, … last call on a file going wrong (faults_preload.c).
 * With ALL_FAULTS set in the environment, each in every way there is; else the ways take turns. */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/run/folder.h"
#include "engine/run/verify.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

static const char text[] =
    "unitgraph: 1\n"
    "data: {batch: 2, x: {synthetic: {scene: shapes, domain: filled, count: 5}, size: 4}}\n"
    "modules: {m: {body: ['conv2d(1, 3, padding=1)', batch_norm(), 'conv2d(3, 1)']}}\n"
    "networks: {N: m()}\n"
    "graph: {y: N(x + normal_like(x))}\n"
    "losses: {A: 'mse_loss(y, x)'}\n"
    "train:\n"
    "  steps: 3\n"
    "  optimizers: {A: {minimize: A, parameters: [N], ema: 0.5, adam: {lr: 0.01}}}\n"
    "log: {every: 1}\n"
    "samples: {every: 2, count: 1, columns: [x, y]}\n"
    "validate: {every: 2, metrics: {l1: 'l1_loss(y, x)'}}\n"
    "checkpoint: {every: 2, keep: 1, best: l1}\n";

static const char *const ways[] = {"kill", "enospc", "tear", "eio"};
enum { WAYS = sizeof ways / sizeof *ways };

static const char *folder; /* absolute, of the runs that meet faults */

static void setup(void)
{
    scratch_setup();
    experiment_write("text", text);
    folder = folder_file("out");
}

/* ---- Running ---- */

static int run(const char *out, bool resume, int at, const char *how)
{
    char command[4000];

    snprintf(command, sizeof command,
             "LD_PRELOAD=%s FAULT_UNDER=%s FAULT_AT=%d FAULT_HOW=%s FAULT_LOG=%s FAULT_DISK=%s "
             "exec %s run %s --out %s -q --threads 1 %s 2>%s",
             getenv("FAULTS"), folder_file(out), at, how, folder_file("log"), folder_file("disk"),
             getenv("UNITGRAPH"), folder_file("text.yaml"), folder_file(out),
             resume ? "--resume" : "", folder_file("said"));
    unlink(folder_file("log"));
    return system(command);
}

static int count_calls(void)
{
    char *log = experiment_text("log");
    int n = 0;

    for (const char *c = log; *c; c++)
        n += *c == '\n';
    return n;
}

/* ---- What must hold ---- */

/* No temporary is left, and `latest` and `best` are there. */
static void check_tidy(const char *place)
{
    char link[64];

    for (int i = 0; i < 2; i++) {
        snprintf(link, sizeof link, "out/%s", i ? "best" : "latest");
        ck_assert_msg(ug_folder_exists(folder_file(link)), "%s: no %s", place, link);
    }
    char command[400];
    snprintf(command, sizeof command, "test -z \"$(find %s -name '.*')\"", folder);
    ck_assert_msg(!system(command), "%s: something hidden is left", place);
}

static void check_end(const char *place)
{
    ck_assert_msg(ug_verify_same(folder_file("whole"), folder, capture(), diags), "%s: %s", place,
                  ug_diags_first(diags));
    captured();
    check_tidy(place);
}

/* A run that was killed says nothing; one that failed says what, and ends with 1; one that could do
 * without what failed ends with 0.  How often the report is written depends on time, so that a run
 * may be over before its call `at`. */
static void check_status(int status, int at, const char *how, const char *place)
{
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

    if (!strcmp(how, "kill") || !strcmp(how, "tear")) {
        ck_assert_msg(killed || (code == 0 && count_calls() < at), "%s: status %d", place, status);
        return;
    }
    ck_assert_msg(code == 0 || code == 1, "%s: status %d", place, status);
    char *said = experiment_text("said");
    ck_assert_msg(code == 0 || strstr(said, "error: "), "%s: failed without a word", place);
}

static void meet_fault(int at, const char *how)
{
    char *place = NULL;

    ck_assert_int_gt(asprintf(&place, "call %d, %s", at, how), 0);
    ug_folder_remove(folder);
    check_status(run("out", false, at, how), at, how, place);
    const int status = run("out", true, 0, "kill");
    char *said = experiment_text("said");
    ck_assert_msg(!status, "%s: resuming gave %d: %s", place, status, said);
    check_end(place);
    free(place);
}

START_TEST(every_call_may_fail)
{
    const bool all = getenv("ALL_FAULTS");

    ck_assert_int_eq(run("whole", false, 0, "kill"), 0);
    const int calls = count_calls();
    ck_assert_int_gt(calls, 50);
    for (int at = 1; at <= calls; at++)
        for (int way = 0; way < WAYS; way++)
            if (all || way == at % WAYS)
                meet_fault(at, ways[way]);
}
END_TEST

/* The second half of a run, which finds files there already. */
START_TEST(every_call_of_a_resumed_run_may_fail)
{
    ck_assert_int_eq(run("whole", false, 0, "kill"), 0);
    ck_assert_int_ne(run("half", false, count_calls() * 2 / 3, "kill"), 0);
    for (int at = 1, status = 1; status; at += getenv("ALL_FAULTS") ? 1 : 5) {
        char command[400];
        ug_folder_remove(folder);
        snprintf(command, sizeof command, "cp -a %s %s", folder_file("half"), folder);
        ck_assert_int_eq(system(command), 0);
        status = run("out", true, at, "kill");
        ck_assert_int_eq(run("out", true, 0, "kill"), 0);
        check_end("a resumed run");
    }
}
END_TEST

/* ---- Power ---- */

/* What the disk has of an inode, or NULL. */
static FILE *open_kept(const char *inode)
{
    return fopen(folder_file(ug_arena_format(arena, "disk/%s", inode)), "r");
}

static void restore_file(const char *inode, const char *to)
{
    FILE *in = open_kept(inode), *out = fopen(to, "w");
    char piece[4096];

    ck_assert_ptr_nonnull(out);
    for (size_t n; in && (n = fread(piece, 1, sizeof piece, in)) > 0;)
        fwrite(piece, 1, n, out);
    fclose(out);
    if (in)
        fclose(in);
}

/* What was never synced is not there, and a name that was synced before its bytes is empty. */
static void restore_folder(const char *inode, const char *to)
{
    FILE *in = open_kept(inode);
    char kind[8], is[256], name[256];

    ck_assert_int_eq(mkdir(to, 0777), 0);
    while (in && fscanf(in, "%7s %255s %255[^\n]", kind, is, name) == 3) {
        const char *path = ug_arena_format(arena, "%s/%s", to, name);
        if (!strcmp(kind, "folder"))
            restore_folder(is, path);
        else if (!strcmp(kind, "file"))
            restore_file(is, path);
        else
            ck_assert_int_eq(symlink(is, path), 0);
    }
    if (in)
        fclose(in);
}

/* The machine stops: of the run's folder, what was synced comes back. */
static void lose_power(void)
{
    const char *lost = folder_file("lost");
    struct stat st;

    ck_assert_int_eq(stat(folder, &st), 0);
    ug_folder_remove(lost);
    ck_assert_int_eq(rename(folder, lost), 0);
    restore_folder(ug_arena_format(arena, "%ju", (uintmax_t)st.st_ino), folder);
}

START_TEST(power_may_go_at_every_call)
{
    ck_assert_int_eq(run("whole", false, 0, "kill"), 0);
    const int calls = count_calls();
    for (int at = 1; at <= calls; at += getenv("ALL_FAULTS") ? 1 : 3) {
        const char *place = ug_arena_format(arena, "power gone at call %d", at);
        ug_folder_remove(folder);
        ug_folder_remove(folder_file("disk"));
        ck_assert_int_eq(mkdir(folder_file("disk"), 0777), 0);
        if (!run("out", false, at, "kill"))
            break; /* how often the report is written depends on time */
        if (!ug_folder_exists(folder))
            continue;
        lose_power();
        ck_assert_msg(!run("out", true, 0, "kill"), "%s: %s", place, experiment_text("said"));
        check_end(place);
    }
}
END_TEST

/* ---- The order of things ---- */

/* Where a line that begins so stands after `from`; it must. */
static const char *next_line(const char *from, const char *what, const char *path)
{
    char line[400];

    snprintf(line, sizeof line, "\n%s %s%s", what, folder, path);
    const char *at = strstr(from, line);
    ck_assert_msg(at != NULL, "no '%s' in:\n%s", line + 1, from);
    return at + 1;
}

/* Power may go at any time: a file's bytes are synced before it gets its name, the folder with all
 * names before it gets its own, that name before `latest` is moved, and what is old goes last. */
START_TEST(what_is_synced_before_what)
{
    static const char *const files[] = {"params.safetensors", "ema.safetensors",
                                        "optimizer.safetensors", "state.json"};
    char path[100], *often = strdup(text);

    *(strstr(often, "2, keep")) = '1'; /* so that there is something old at step 2 */
    experiment_write("text", often);
    free(often);
    ck_assert_int_eq(run("out", false, 0, "kill"), 0);
    char *log = experiment_text("log");
    const char *at = next_line(log, "mkdir", "/checkpoints/.step-00000002.tmp");
    for (int i = 0; i < 4; i++) {
        at = next_line(at, "write", "/checkpoints/.step-00000002.tmp/.ug-");
        at = next_line(at, "fsync", "/checkpoints/.step-00000002.tmp/.ug-");
        at = next_line(at, "rename", "/checkpoints/.step-00000002.tmp/.ug-");
        snprintf(path, sizeof path, ".tmp/%s\n", files[i]);
        ck_assert_msg(strstr(at, path) && strstr(at, path) < strchr(at, '\n'), "%s", at);
        at = next_line(at, "fsync", "/checkpoints/.step-00000002.tmp\n");
    }
    at = next_line(at, "rename", "/checkpoints/.step-00000002.tmp ");
    at = next_line(at, "fsync", "/checkpoints\n");
    at = next_line(at, "rename", "/latest.new ");
    at = next_line(at, "fsync", "\n");
    next_line(at, "rename", "/checkpoints/step-00000001 ");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("faults");
    TCase *t = tcase_create("faults");

    tcase_add_checked_fixture(t, setup, scratch_teardown);
    tcase_add_test(t, every_call_may_fail);
    tcase_add_test(t, every_call_of_a_resumed_run_may_fail);
    tcase_add_test(t, power_may_go_at_every_call);
    tcase_add_test(t, what_is_synced_before_what);
    suite_add_tcase(s, t);
    return s;
}
