/* Ends the process it is loaded into (LD_PRELOAD) as `kill -9` does, at a commit point of its SQLite database.
 *
 * With synchronous=FULL a commit is the pages written to the write-ahead log and then one fsync of it. DIE_AT=N counts these; with
 * DIE_WHEN=written the process dies when the Nth commit is written and before it is answered, with DIE_WHEN=next when the first byte
 * of the one after it would be written: after all that was done in between.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int commits;

static int of_the_log(int fd)
{
    char link[32], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    return length > 4 && memcmp(path + length - 4, "-wal", 4) == 0;
}

static int wanted(void)
{
    const char *at = getenv("DIE_AT");
    return at ? atoi(at) : 0;
}

static int dies(const char *when)
{
    const char *wish = getenv("DIE_WHEN");
    return wish && strcmp(wish, when) == 0;
}

static void before_a_sync(int fd)
{
    if (of_the_log(fd) && atomic_fetch_add(&commits, 1) + 1 == wanted() && dies("written"))
        kill(getpid(), SIGKILL);
}

static void before_a_write(int fd)
{
    if (wanted() && atomic_load(&commits) >= wanted() && dies("next") && of_the_log(fd))
        kill(getpid(), SIGKILL);
}

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

int fsync(int fd)
{
    before_a_sync(fd);
    return REAL(fsync)(fd);
}

int fdatasync(int fd)
{
    before_a_sync(fd);
    return REAL(fdatasync)(fd);
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    before_a_write(fd);
    return REAL(write)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
    before_a_write(fd);
    return REAL(pwrite)(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
    before_a_write(fd);
    return REAL(pwrite64)(fd, bytes, count, at);
}
