/* The middle of measurements. */
#include "engine/run/median.h"
#include "tests/harness_main.h"

START_TEST(the_one_in_the_middle)
{
    double odd[] = {5, 1, 3}, one[] = {7};

    ck_assert_double_eq(ug_median(odd, 3), 3);
    ck_assert_double_eq(odd[0], 1); /* sorted */
    ck_assert_double_eq(odd[2], 5);
    ck_assert_double_eq(ug_median(one, 1), 7);
}
END_TEST

START_TEST(between_the_two_in_the_middle)
{
    double even[] = {10, 1, 2, 4};

    ck_assert_double_eq(ug_median(even, 4), 3);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("median");
    TCase *t = tcase_create("median");

    tcase_add_test(t, the_one_in_the_middle);
    tcase_add_test(t, between_the_two_in_the_middle);
    suite_add_tcase(s, t);
    return s;
}
