/* SPDX-License-Identifier: Apache-2.0 */

/* What a refused lease says. The file system's name is this test's: fstatfs(2) is replaced. */

#include "base/compiler.h"
#include "base/lease.h"
#include "base/memory.h"
#include "support/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

static long pretended_type;

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): __fildes is libc's to say */
int fstatfs(int descriptor, struct statfs *ret) {
    (void)descriptor;
    *ret = (struct statfs){.f_type = (__typeof__(ret->f_type))pretended_type};
    return 0;
}

/* What a lease on a file says that this process has open for writing itself. */
static int probe_of_a_written_file(long type) {
    CLEANUP(tempdir_removep) char *dir = tempdir_new();
    CLEANUP(memory_freep) char *path = path_join(dir, "file");
    int writer = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    int reader = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(writer >= 0 && reader >= 0);
    pretended_type = type;
    int result = lease_probe(reader);
    close(reader);
    close(writer);
    return result;
}

static void a_refused_lease_on_a_local_file_system_tells_of_a_writer(void **state) {
    (void)state;
    assert_int_equal(probe_of_a_written_file(TMPFS_MAGIC), -EAGAIN);
    assert_int_equal(probe_of_a_written_file(OVERLAYFS_SUPER_MAGIC), -EAGAIN);
}

static void a_refused_lease_on_a_network_file_system_tells_nothing(void **state) {
    static const uint32_t types[] = {NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, CIFS_SUPER_MAGIC,
                                     SMB2_SUPER_MAGIC};
    (void)state;

    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        assert_int_equal(probe_of_a_written_file((long)types[i]), -EOPNOTSUPP);
        /* A file system's field may be 32 bits wide, and signed. */
        assert_int_equal(probe_of_a_written_file((long)(int32_t)types[i]), -EOPNOTSUPP);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_lease_on_a_local_file_system_tells_of_a_writer),
        cmocka_unit_test(a_refused_lease_on_a_network_file_system_tells_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
