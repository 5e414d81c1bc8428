/* Preloaded into slipway: counts every call that changes a file or sends bytes, and dies by SIGKILL before the one
 * whose number is E2E_KILL_AT. The count is kept in the file E2E_COUNT, so that it outlives the process. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int* counter;
static int kill_at;

__attribute__((constructor)) static void start(void) {
  const char* at = getenv("E2E_KILL_AT");
  const char* path = getenv("E2E_COUNT");
  kill_at = at ? atoi(at) : 0;
  if (!path) return;
  int (*real_open)(const char*, int, ...) = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, "open");
  int (*real_truncate)(int, off_t) = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate");
  int fd = real_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0 || real_truncate(fd, sizeof(atomic_int)) != 0) abort();
  void* place = mmap(NULL, sizeof(atomic_int), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (place == MAP_FAILED) abort();
  counter = place;
  close(fd);
}

static void step(void) {
  if (counter && atomic_fetch_add(counter, 1) + 1 == kill_at) kill(getpid(), SIGKILL);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define COUNTED(type, name, parameters, arguments) \
  type name parameters { \
    step(); \
    return REAL(name) arguments; \
  }

COUNTED(ssize_t, write, (int fd, const void* data, size_t size), (fd, data, size))
COUNTED(ssize_t, pwrite, (int fd, const void* data, size_t size, off_t at), (fd, data, size, at))
COUNTED(ssize_t, writev, (int fd, const struct iovec* parts, int count), (fd, parts, count))
COUNTED(ssize_t, send, (int fd, const void* data, size_t size, int flags), (fd, data, size, flags))
COUNTED(ssize_t, sendmsg, (int fd, const struct msghdr* message, int flags), (fd, message, flags))
COUNTED(ssize_t, sendfile, (int out, int in, off_t* at, size_t size), (out, in, at, size))
COUNTED(ssize_t, copy_file_range, (int in, off_t* from, int out, off_t* to, size_t size, unsigned flags),
        (in, from, out, to, size, flags))
COUNTED(int, fsync, (int fd), (fd))
COUNTED(int, fdatasync, (int fd), (fd))
COUNTED(int, ftruncate, (int fd, off_t size), (fd, size))
COUNTED(int, rename, (const char* from, const char* to), (from, to))
COUNTED(int, renameat, (int from_fd, const char* from, int to_fd, const char* to), (from_fd, from, to_fd, to))
COUNTED(int, renameat2, (int from_fd, const char* from, int to_fd, const char* to, unsigned flags),
        (from_fd, from, to_fd, to, flags))
COUNTED(int, link, (const char* from, const char* to), (from, to))
COUNTED(int, linkat, (int from_fd, const char* from, int to_fd, const char* to, int flags),
        (from_fd, from, to_fd, to, flags))
COUNTED(int, unlink, (const char* path), (path))
COUNTED(int, unlinkat, (int fd, const char* path, int flags), (fd, path, flags))
COUNTED(int, mkdir, (const char* path, mode_t mode), (path, mode))
