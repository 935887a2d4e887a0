/* LD_PRELOAD shim: every fsync and fdatasync takes SLOWSYNC_US microseconds longer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int late(const char *name, int fd) {
    const char *told = getenv("SLOWSYNC_US");
    long us = told ? atol(told) : 0;
    struct timespec wait = {us / 1000000, us % 1000000 * 1000};
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    nanosleep(&wait, NULL);
    return real(fd);
}

int fdatasync(int fd) { return late("fdatasync", fd); }
int fsync(int fd) { return late("fsync", fd); }
