/* test_file.c -- whole files: read within a limit, replaced whole or not at all. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

static void check_content(const char *path, const char *text)
{
    size_t n;
    char *bytes = ug_file_read(path, 1000, &n, UG_NOWHERE, diags);

    ck_assert_msg(bytes != NULL, "%s", ug_diags_first(diags));
    ck_assert_uint_eq(n, strlen(text));
    ck_assert_str_eq(bytes, text);
    free(bytes);
}

START_TEST(reading_within_a_limit)
{
    const char *path = folder_write("f", "12345", 5);
    size_t n;

    check_content(path, "12345");
    check_content(folder_write("empty", "", 0), "");
    free(ug_file_read(path, 5, &n, UG_NOWHERE, diags));
    ck_assert_uint_eq(ug_diags_errors(diags), 0);
    ck_assert_ptr_null(ug_file_read(path, 4, &n, UG_NOWHERE, diags));
    expect_message("at most 4 bytes");
    ck_assert_ptr_null(ug_file_read(folder_file("."), 10, &n, UG_NOWHERE, diags));
    ck_assert_ptr_null(ug_file_read(folder_file("gone"), 10, &n, UG_NOWHERE, diags));
    ck_assert_uint_eq(ug_diags_errors(diags), 3);
}
END_TEST

/* A pipe has no size to start from. */
START_TEST(reading_a_pipe)
{
    int ends[2];
    char path[40];
    size_t n;

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], "through a pipe", 14), 14);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    char *bytes = ug_file_read(path, 1000, &n, UG_NOWHERE, diags);
    ck_assert_str_eq(bytes, "through a pipe");
    free(bytes);
    close(ends[0]);
}
END_TEST

START_TEST(replacing)
{
    const char *path = folder_write("f", "old", 3);
    struct ug_writer w;

    ck_assert(ug_writer_open(&w, path, diags));
    fprintf(w.stream, "%s", "ne");
    ck_assert(ug_writer_put(&w, "w!", 2));
    check_content(path, "old");
    ck_assert(ug_writer_commit(&w, diags));
    check_content(path, "new!");
    ck_assert(ug_writer_open(&w, path, diags));
    ug_writer_put(&w, "half", 4);
    ug_writer_abandon(&w);
    check_content(path, "new!");
    ck_assert_int_eq(folder_count("."), 1);
}
END_TEST

/* A link stays a link, and what it points to is replaced; permissions are those of any new file. */
START_TEST(links_and_permissions)
{
    const char *path = folder_write("target", "old", 3), *link = folder_file("link");
    struct stat st;

    ck_assert_int_eq(symlink("target", link), 0);
    ck_assert(ug_file_write(link, "new", 3, diags));
    check_content(path, "new");
    ck_assert(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
    const mode_t mask = umask(022);
    ck_assert(ug_file_write(path, "newer", 5, diags));
    umask(mask);
    ck_assert(stat(path, &st) == 0 && (st.st_mode & 0777) == 0644);
}
END_TEST

START_TEST(places_that_are_no_files)
{
    int ends[2];
    char path[40], got[8] = "";

    ck_assert_int_eq(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
    ck_assert(ug_file_write(path, "hello", 5, diags));
    ck_assert_int_eq(read(ends[0], got, 5), 5);
    ck_assert_str_eq(got, "hello");
    ck_assert(!ug_file_write(folder_file("."), "x", 1, diags));
    expect_message("Is a directory");
}
END_TEST

/* /dev/full takes nothing: the error of the first failed write is the one that is told. */
START_TEST(full_disk)
{
    static char large[100000];

    ck_assert(!ug_file_write("/dev/full", large, sizeof large, diags));
    expect_message("No space left on device");
    ck_assert(!ug_file_write("/dev/full", "x", 1, diags));
}
END_TEST

/* The check value that the catalogues of CRCs give for CRC-32. */
START_TEST(checksums_are_those_of_crc32)
{
    int64_t bytes;
    uint32_t crc;

    ck_assert(ug_file_checksum(folder_write("digits", "123456789", 9), &bytes, &crc));
    ck_assert_int_eq(bytes, 9);
    ck_assert_uint_eq(crc, 0xcbf43926u);
    ck_assert(!ug_file_checksum(folder_file("nothing"), &bytes, &crc));
}
END_TEST

/* A temporary that a writer holds stays, as do the files of users, whatever they are called. */
START_TEST(what_was_killed_is_swept)
{
    const char *path = folder_file("out/f");
    struct ug_writer w;

    ck_assert(ug_writer_open(&w, path, diags));
    ug_writer_put(&w, "whole", 5);
    folder_write("out/.ug-17-0.tmp", "half", 4);
    folder_write("out/.ug-17-999.tmp", "", 0);
    folder_write("out/.ug-mine.tmp", "x", 1);
    folder_write("out/.ug-1-2.tmp.bak", "x", 1);
    folder_file("out/.ug-1-3.tmp/");
    ug_file_sweep(path);
    ck_assert_int_eq(access(folder_file("out/.ug-17-0.tmp"), F_OK), -1);
    ck_assert_int_eq(access(folder_file("out/.ug-17-999.tmp"), F_OK), -1);
    ck_assert_int_eq(folder_count("out"), 4);
    ck_assert(ug_writer_commit(&w, diags));
    check_content(path, "whole");
    ck_assert_int_eq(folder_count("out"), 4);
}
END_TEST

/* Killed with a file half written: the next start finds it abandoned. */
START_TEST(a_killed_writer_holds_nothing)
{
    const char *path = folder_file("out/f");
    const pid_t child = fork();
    struct ug_writer w;
    int status;

    if (!child) {
        ug_writer_open(&w, path, diags);
        raise(SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(folder_count("out"), 1);
    ug_file_sweep(path);
    ck_assert_int_eq(folder_count("out"), 0);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("file");
    TCase *t = tcase_create("files");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, reading_within_a_limit);
    tcase_add_test(t, reading_a_pipe);
    tcase_add_test(t, replacing);
    tcase_add_test(t, links_and_permissions);
    tcase_add_test(t, places_that_are_no_files);
    tcase_add_test(t, full_disk);
    tcase_add_test(t, what_was_killed_is_swept);
    tcase_add_test(t, a_killed_writer_holds_nothing);
    tcase_add_test(t, checksums_are_those_of_crc32);
    suite_add_tcase(s, t);
    return s;
}
