/* test_share.c -- what is tied to what, which names remain, and what cannot be tied. */
#include <string.h>

#include "tests/harness_main.h"
#include "tests/harness_program.h"

/* Networks A, B, C of three layers w.0, w.1, w.2, a residual list r, and D with another width. */
#define FILE_HEAD                                                                                  \
    "inputs: {x: [1, 4, 8, 8]}\n"                                                                  \
    "modules:\n"                                                                                   \
    "  m: {params: {c: 4}, body: [w: [relu, k: {repeat: 3, body: [relu, 'conv2d(c, 1, "            \
    "bias=false)']}]]}\n"                                                                          \
    "networks: {A: m(), B: m(), C: m(), D: m(5)}\n"                                                \
    "vars: {n: 1}\n"                                                                               \
    "graph: {a: A(x), b: B(x), c: C(x), d: D(x)}\n"

static struct ug_program *share(const char *lines)
{
    return program_load(ug_arena_format(arena, FILE_HEAD "share:\n%s", lines));
}

/* "owner" of a parameter, by the short names A0 for A.w.k.0.1.weight. */
static const char *owner(const struct ug_program *p, char network, int i)
{
    const char *name = ug_arena_format(arena, "%c.w.k.%d.1.weight", network, i);
    const struct ug_param *param = ug_params_find(p->params, name);

    ck_assert_msg(param != NULL, "there is no %s", name);
    const char *found = param->owner->name;
    return ug_arena_format(arena, "%c%c", found[0], found[6]);
}

/* The owners of all three of B, then of C: "A0 B1 …" */
static const char *owners(const char *lines)
{
    struct ug_program *p = share(lines);
    const char *text = "";

    if (*message(0))
        return message(0);
    for (const char *net = "ABC"; *net; net++)
        for (int i = 0; i < 3; i++)
            text = ug_arena_format(arena, "%s%s ", text, owner(p, *net, i));
    return text;
}

START_TEST(scopes_are_tied_member_by_member)
{
    ck_assert_str_eq(owners("  - A = B\n"), "A0 A1 A2 A0 A1 A2 C0 C1 C2 ");
    ck_assert_str_eq(owners("  - A.w.k = B.w.k\n"), "A0 A1 A2 A0 A1 A2 C0 C1 C2 ");
    ck_assert_str_eq(owners("  - A.w.k.2 = B.w.k.0\n"), "A0 A1 A2 A2 B1 B2 C0 C1 C2 ");
    ck_assert_str_eq(owners("  - A.w.k.2.1.weight = B.w.k.0.1.weight\n"),
                     "A0 A1 A2 A2 B1 B2 C0 C1 C2 ");
}
END_TEST

START_TEST(lists_of_scopes)
{
    ck_assert_str_eq(owners("  - last(A.w.k, n) = last(B.w.k, n)\n"),
                     "A0 A1 A2 B0 B1 A2 C0 C1 C2 ");
    ck_assert_str_eq(owners("  - first(A.w.k, n + 1) = last(B.w.k, 2)\n"),
                     "A0 A1 A2 B0 A0 A1 C0 C1 C2 ");
    ck_assert_str_eq(owners("  - \"A.w.k[0] = B.w.k[-1]\"\n"), "A0 A1 A2 B0 B1 A0 C0 C1 C2 ");
    ck_assert_str_eq(owners("  - \"A.w.k[0:2] = B.w.k[1:3]\"\n"), "A0 A1 A2 B0 A0 A1 C0 C1 C2 ");
    ck_assert_str_eq(owners("  - \"A.w.k[1:] = B.w.k[:-1]\"\n"), "A0 A1 A2 A1 A2 B2 C0 C1 C2 ");
    ck_assert_str_eq(owners("  - '[A.w.k.0, A.w.k.1] = [B.w.k.1, first(B.w.k, 1)]'\n"),
                     "A0 A1 A2 A1 A0 B2 C0 C1 C2 ");
    ck_assert_str_eq(owners("  - first(A.w.k, 0) = first(B.w.k, 0)\n"),
                     "A0 A1 A2 B0 B1 B2 C0 C1 C2 ");
}
END_TEST

START_TEST(one_equation_needs_no_list)
{
    struct ug_program *p = program_load(FILE_HEAD "share: A = B\n");

    ck_assert_str_eq(owner(p, 'B', 1), "A1");
    ck_assert_int_eq(p->n_ties, 1);
    ck_assert_str_eq(p->ties[0].left, "A");
    ck_assert_str_eq(p->ties[0].right, "B");
    ck_assert_int_eq(p->ties[0].n, 3);
}
END_TEST

START_TEST(ties_join_groups_in_any_order)
{
    static const char all_a[] = "A0 A1 A2 A0 A1 A2 A0 A1 A2 ";

    ck_assert_str_eq(owners("  - A = B\n  - B = C\n"), all_a);
    ck_assert_str_eq(owners("  - A = B\n  - A = C\n"), all_a);
    ck_assert_str_eq(owners("  - A = B\n  - C = A\n"), all_a);
    ck_assert_str_eq(owners("  - A = B\n  - C = B\n  - A = C\n"), all_a);
    /* the left side that is written first names the group, whatever joins it */
    ck_assert_str_eq(owners("  - B = C\n  - A = B\n"), "B0 B1 B2 B0 B1 B2 B0 B1 B2 ");
    ck_assert_str_eq(owners("  - B = C\n  - A = C\n"), "B0 B1 B2 B0 B1 B2 B0 B1 B2 ");
    ck_assert_str_eq(owners("  - A.w.k.0 = A.w.k.1\n  - A.w.k.1 = A.w.k.2\n"),
                     "A0 A0 A0 B0 B1 B2 C0 C1 C2 ");
    ck_assert_str_eq(owners("  - \"A.w.k[0:2] = A.w.k[1:3]\"\n"), "A0 A0 A0 B0 B1 B2 C0 C1 C2 ");
}
END_TEST

START_TEST(other_names_stay_valid)
{
    struct ug_program *p = program_load(
        FILE_HEAD
        "share: [A = B]\n"
        "losses: {L: mean(a) + mean(b) + mean(c) + mean(d)}\n"
        "train:\n"
        "  steps: 1\n"
        "  frozen: [D]\n"
        "  optimizers:\n"
        "    o: {minimize: L, parameters: [B, C.w.k.0, 'last(C.w.k, 2)'], sgd: {lr: 1}}\n");

    ck_assert_str_eq(message(0), "");
    ck_assert_int_eq(p->train.optimizers[0].n_params, 6);
    ck_assert_str_eq(p->train.optimizers[0].params[0]->name, "A.w.k.0.1.weight");
    ck_assert_str_eq(p->train.optimizers[0].params[5]->name, "C.w.k.2.1.weight");
    ck_assert(ug_params_find(p->params, "D.w.k.0.1.weight")->frozen);
    ck_assert(!ug_params_find(p->params, "A.w.k.0.1.weight")->frozen);
}
END_TEST

/* An equation may tie nothing where a number says so, but not by a slip. */
START_TEST(a_scope_tied_to_itself_is_noted)
{
    share("  - last(A.w.k, 0) = last(B.w.k, 0)\n");
    ck_assert_str_eq(message(0), "");
    share("  - A.w = A.w\n");
    ck_assert_uint_eq(ug_diags_errors(diags), 0);
    expect_part(message(0), "warning: both sides are 'A.w': this shares nothing");
}
END_TEST

START_TEST(a_graph_reads_the_owner)
{
    struct ug_program *p = share("  - A = B\n");
    struct ug_unfolded *u = program_unfold(p, UG_WANT_VALUES);

    ck_assert(u != NULL);
    ck_assert_str_eq(program_show(program_value(&u->values, "b")),
                     program_show(program_value(&u->values, "a")));
}
END_TEST

START_TEST(state_is_tied_too)
{
    struct ug_program *p = program_load("inputs: {x: [2, 4]}\n"
                                        "modules: {m: {body: batch_norm}}\n"
                                        "networks: {A: m(), B: m()}\n"
                                        "share: [A = B]\n"
                                        "graph: {a: A(x), b: B(x)}\n");

    ck_assert_str_eq(ug_params_find(p->params, "B.running_mean")->owner->name, "A.running_mean");
}
END_TEST

static const struct {
    const char *line, *error;
} wrong[] = {
    {"A = D", "'A' and 'D' cannot be shared: their structures differ"},
    {"A.w.k.0 = A.w.k", "'A.w.k.0' and 'A.w.k' cannot be shared: their structures differ"},
    {"last(A.w.k, 4) = last(B.w.k, 3)", "'A.w.k' has 3 scopes with parameters, fewer than 4"},
    {"first(A.w.k, 2) = first(B.w.k, 1)", "2 scopes on the left side, 1 on the right"},
    {"first(A.w.k, -1) = first(B.w.k, 1)", "'first' takes a scope and how many: 0 or more"},
    {"A.w.k[3] = B.w.k[0]", "'A.w.k' has 3 scopes with parameters"},
    {"A.ww = B.w", "'A.ww' is no scope that holds parameters"},
    {"E = A", "'E' is no scope that holds parameters"},
    {"A", "'share' holds equations"},
    {"A = ", "expected a network, a scope or a parameter"},
    {"A == B", "an equation has one '='"},
    {"A = B C", "a part ends before this"},
    {"A = B = C", "a part ends before this"},
    {"first(A.w.k 2) = B", "expected ','"},
    {"first(A.w.k, zz) = first(B.w.k, 1)", "a number of scopes"},
};

START_TEST(what_cannot_be_shared)
{
    program_load(ug_arena_format(arena, FILE_HEAD "share: ['%s']\n", wrong[_i].line));
    ck_assert_msg(strstr(message(0), wrong[_i].error), "%s\n%s", wrong[_i].line, messages());
    ck_assert_str_eq(message(1), "");
}
END_TEST

START_TEST(differences_name_both_sides)
{
    share("  - A = D\n");
    ck_assert_msg(
        strstr(messages(), "'A.w.k.0.1.weight' is 4x4x1x1, but 'D.w.k.0.1.weight' is 5x4x1x1"),
        "%s", messages());
    share("  - A.w.kk = B.w.k\n");
    expect_part(messages(), "A.w.k'");
}
END_TEST

START_TEST(a_mistake_in_a_network_is_told_once)
{
    ck_assert_str_eq(program_errors("inputs: {x: [1, 4, 8, 8]}\n"
                                    "modules: {m: {body: ['conv2d(4, 1, strid=2)']}}\n"
                                    "networks: {A: m(), B: m()}\n"
                                    "share: [A.w = B.w]\n"
                                    "init: {A.w: zeros}\n"
                                    "graph: {a: A(x), b: B(x), c: a + b}\n"),
                     "2:36: 'conv2d' takes no argument 'strid'\n");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("share");
    TCase *t = tcase_create("share");

    tcase_add_checked_fixture(t, program_setup, program_teardown);
    tcase_add_test(t, scopes_are_tied_member_by_member);
    tcase_add_test(t, lists_of_scopes);
    tcase_add_test(t, one_equation_needs_no_list);
    tcase_add_test(t, ties_join_groups_in_any_order);
    tcase_add_test(t, other_names_stay_valid);
    tcase_add_test(t, a_scope_tied_to_itself_is_noted);
    tcase_add_test(t, a_graph_reads_the_owner);
    tcase_add_test(t, state_is_tied_too);
    tcase_add_loop_test(t, what_cannot_be_shared, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(t, differences_name_both_sides);
    tcase_add_test(t, a_mistake_in_a_network_is_told_once);
    suite_add_tcase(s, t);
    return s;
}
