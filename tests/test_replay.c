/* A value that is not finite: what the run leaves, what running its step again shows, and that
 * nothing else passes for it. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/run/bundle.h"
#include "engine/run/folder.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

/* Trains into FOLDER/NAME until the fault that there must be; its message. */
static const char *run_into_fault(const char *name, const char *yaml)
{
    const struct ug_run_options o = {.seed = -1, .out = folder_file(name)};

    ck_assert_int_eq(ug_run(experiment_write(name, yaml), &o, diags), UG_FAILED);
    return ug_diags_first(diags);
}

/* What replay prints of FOLDER/PATH. */
static const char *replay(const char *path, bool all, enum ug_status status)
{
    forget_messages(); /* of the run */
    const enum ug_status got = ug_replay(folder_file(path), all, capture(), diags);
    const char *text = captured();
    ck_assert_msg(got == status, "replay gave %d, not %d: %s", got, status, text);
    return text;
}

/* ---- The first optimizer has made its update when the second one's loss fails ---- */

static const char logarithm[] =
    "unitgraph: 1\n"
    "graph:\n"
    "  a: parameter([1], init=constant(0.05))\n"
    "  b: parameter([2], init=constant(1))\n"
    "  root: sqrt(sum(b) + 7 * sum(log(a)))\n"
    "losses:\n"
    "  A: sum(a) + 0 * root\n"
    "  B: sum(b)\n"
    "train:\n"
    "  steps: 5\n"
    "  update: [B, A]\n"
    "  optimizers:\n"
    "    A: {minimize: A, parameters: [a], sgd: {lr: 0.1 if steps > 1 else 1}}\n"
    "    B: {minimize: B, parameters: [b], sgd: {lr: 0.25, momentum: 0.5}}\n";

START_TEST(the_fault_comes_again)
{
    const char *text;

    expect_part(run_into_fault("log", logarithm),
                "step 1: 'root' is not finite: a result of 'sqrt'");
    text = replay("log/fault-00000001.safetensors", false, UG_FAILED);
    expect_part(text, "step 1 of 5, seed 0");
    expect_part(text, "log.yaml:5:9: step 1: 'root' is not finite: a result of 'sqrt'");
    expect_part(text, "\n> root");
    expect_part(text, "what 'root' was computed from\n");
    expect_part(text, "-19.47"); /* 2 * 0.75 + 7 log(0.05): B has made its update by then */
    expect_part(text, "\nstep 1: 'root' is not finite: a result of 'sqrt'\n");
    ck_assert_ptr_null(strstr(text, "parameter"));
    text = replay("log/fault-00000001.safetensors", true, UG_FAILED);
    expect_part(text, "  b ");
}
END_TEST

START_TEST(a_bundle_holds_the_step)
{
    static const char *const names[] = {"param.a", "param.b", "moment.B.momentum_buffer.b"};
    float b[2];

    run_into_fault("log", logarithm);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        experiment_read("log/fault-00000001.safetensors", names[i], 1, b);
    experiment_read("log/fault-00000001.safetensors", "param.b", 2, b);
    ck_assert_float_eq(b[0], 1.0f); /* as the step found it, though B was updated */
}
END_TEST

/* ---- Pictures all of one colour through a norm that divides by their spread ---- */

static const char flat[] =
    "unitgraph: 1\n"
    "modules: {net: {body: [instance_norm(eps=0), 'conv2d(4, 3, padding=1)', relu(), batch_norm(), "
    "'conv2d(3, 3, padding=1)']}}\n"
    "data: {batch: 2, x: {tensors: x.safetensors, key: x}}\n"
    "networks: {N: net()}\n"
    "graph: {y: N(x)}\n"
    "losses: {L: 'l1_loss(y, x)'}\n"
    "train:\n"
    "  epochs: 3\n"
    "  optimizers: {N: {minimize: L, parameters: [N], adam: {lr: 1e-3}}}\n";

static void write_flat(void)
{
    static const int64_t shape[] = {4, 3, 8, 8};

    experiment_tensor("x.safetensors", "x", 4, shape, 0.0f);
}

START_TEST(the_data_need_not_be_there)
{
    write_flat();
    run_into_fault("flat", flat);
    unlink(folder_file("x.safetensors"));
    unlink(folder_file("flat.yaml"));
    const char *text = replay("flat/fault-00000001.safetensors", false, UG_FAILED);
    expect_part(text, "x of this batch: x[");
    expect_part(text, "instance_norm");
    expect_part(text, "100%");
    expect_part(text, "step 1: 'y/N.0' is not finite: a result of 'instance_norm'\n");
}
END_TEST

START_TEST(threads_change_nothing)
{
    const int threads = omp_get_max_threads();

    write_flat();
    run_into_fault("flat", flat);
    ug_set_threads(1);
    const char *one = replay("flat/fault-00000001.safetensors", true, UG_FAILED);
    ug_set_threads(3);
    const char *three = replay("flat/fault-00000001.safetensors", true, UG_FAILED);
    ug_set_threads(threads);
    ck_assert_str_eq(one, three);
}
END_TEST

/* ---- What is no bundle ---- */

static char *bytes;
static size_t n_bytes;

static void expect_refusal(const char *part)
{
    folder_write("bad.safetensors", bytes, n_bytes);
    replay("bad.safetensors", false, UG_WRONG);
    expect_message("bad.safetensors");
    expect_message(part);
}

static void change(const char *old, const char *new)
{
    char *at = memmem(bytes, n_bytes, old, strlen(old));

    ck_assert_ptr_nonnull(at);
    memcpy(at, new, strlen(new));
}

START_TEST(changed_bundles_are_refused)
{
    run_into_fault("log", logarithm);
    bytes = ug_file_read(folder_file("log/fault-00000001.safetensors"), 1 << 20, &n_bytes,
                         UG_NOWHERE, diags);
    ck_assert_ptr_nonnull(bytes);
    bytes[n_bytes - 2] ^= 1;
    expect_refusal("was changed since it was written");
    bytes[n_bytes - 2] ^= 1;
    change("constant(1)", "constant(2)");
    expect_refusal("was changed since it was written");
    change("constant(2)", "constant(1)");
    change("\\\"step\\\":0", "\\\"step\\\":1");
    expect_refusal("was changed since it was written");
    change("\\\"step\\\":1", "\\\"step\\\":0");
    change("unitgraph.fault", "unitgraph.vault");
    expect_refusal("is no bundle");
    change("unitgraph.vault", "unitgraph.fault");
    n_bytes--;
    expect_refusal("");
    free(bytes);
    ck_assert_int_eq(ug_replay(folder_file("log/latest/params.safetensors"), false, stdout, diags),
                     UG_WRONG);
}
END_TEST

/* ---- A step that goes well ---- */

START_TEST(no_fault_is_success)
{
    static const struct ug_batch nothing = {0};
    struct ug_program *p = ug_program_load(
        "well.yaml", &(struct ug_load_options){.text = logarithm, .length = strlen(logarithm)},
        diags);
    struct ug_trainer *t = ug_trainer_new(p, NULL, diags);
    struct ug_fault_report report = {
        .trainer = t, .batch = &nothing, .now = {.steps = 5, .seed = 3}, .message = "nothing"};

    ck_assert(ug_store_init(t->store, p, 3, diags));
    for (int i = 0; i < p->params->n; i++) /* sqrt(2 * 1 + 7 log(1)) */
        for (int64_t k = 0; k < ug_shape_count(&p->params->items[i]->type.shape); k++)
            ((float *)t->store->data[i])[k] = 1.0f;
    ck_assert(ug_bundle_write(folder_file("well.safetensors"), &report, diags));
    const char *text = replay("well.safetensors", false, UG_DONE);
    expect_part(text, "the fault did not come again");
    ck_assert_ptr_null(strstr(text, "\n> "));
    ug_trainer_free(t);
    ug_program_free(p);
}
END_TEST

/* ---- Gradients of the step, in float64 ---- */

static const char *replay_gradcheck(const char *path, enum ug_status status)
{
    const struct ug_gradcheck_options o = {
        .bundle = true, .directions = 1, .seed = -1, .out = capture()};

    forget_messages();
    const enum ug_status got = ug_gradcheck(folder_file(path), &o, diags);
    const char *text = captured();
    ck_assert_msg(got == status, "gave %d, not %d: %s%s", got, status, text, messages());
    return text;
}

/* exp(160) is more than float32 holds, and little to float64.  The derivative of the second step's
 * loss is -2, that of a first step would be -1. */
START_TEST(a_fault_of_float32_alone)
{
    static const char overflow[] =
        "unitgraph: 1\n"
        "graph: {a: 'parameter([1], init=constant(80))'}\n"
        "losses: {L: 0 - log(sum(exp(a * (1 + step))))}\n"
        "train:\n"
        "  steps: 5\n"
        "  memory: 64MiB\n"
        "  optimizers: {L: {minimize: L, parameters: [a], sgd: {lr: 0}}}\n";

    run_into_fault("over", overflow);
    const char *text = replay_gradcheck("over/fault-00000002.safetensors", UG_DONE);
    expect_part(text, "step 2 in float64");
    expect_part(text, "1 compared: 1 agree, 0 differ");
}
END_TEST

START_TEST(what_is_first_not_finite_is_named)
{
    write_flat();
    run_into_fault("flat", flat);
    replay_gradcheck("flat/fault-00000001.safetensors", UG_FAILED);
    expect_part(messages(), "'N' is not finite where it is to be checked");
    expect_part(messages(), "the first value: 'y/N.0' is not finite: a result of 'instance_norm'");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("replay");
    TCase *c = tcase_create("replay");

    tcase_add_checked_fixture(c, scratch_setup, scratch_teardown);
    tcase_add_test(c, the_fault_comes_again);
    tcase_add_test(c, a_bundle_holds_the_step);
    tcase_add_test(c, the_data_need_not_be_there);
    tcase_add_test(c, threads_change_nothing);
    tcase_add_test(c, changed_bundles_are_refused);
    tcase_add_test(c, no_fault_is_success);
    tcase_add_test(c, a_fault_of_float32_alone);
    tcase_add_test(c, what_is_first_not_finite_is_named);
    suite_add_tcase(s, c);
    return s;
}
