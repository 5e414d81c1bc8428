/* Starts the program of this folder with the folder's own loader and C library, so that it needs none of the machine's:
 *   DIR/lib/LOADER --inhibit-cache --argv0 ARGV0 --library-path DIR/lib DIR/lib/slipway ARGUMENTS...
 * Freestanding: one page, no C library, so that starting it costs one execve. */

#define LIMIT 4096

#if defined __x86_64__
#define LOADER "/lib/ld-linux-x86-64.so.2"
enum { kWrite = 1, kExecve = 59, kExit = 60, kReadlinkat = 267 };
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call launch\n");
static long call(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined __aarch64__
#define LOADER "/lib/ld-linux-aarch64.so.1"
enum { kWrite = 64, kExecve = 221, kExit = 93, kReadlinkat = 78 };
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x0, sp\n bl launch\n");
static long call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}
#elif defined __riscv
#define LOADER "/lib/ld-linux-riscv64-lp64d.so.1"
enum { kWrite = 64, kExecve = 221, kExit = 93, kReadlinkat = 78 };
__asm__(".globl _start\n_start:\n mv a0, sp\n andi sp, sp, -16\n call launch\n");
static long call(long number, long a, long b, long c, long d) {
  register long a7 __asm__("a7") = number;
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  register long a3 __asm__("a3") = d;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3) : "memory");
  return a0;
}
#else
#error "add the system calls of this machine"
#endif

enum { kHere = -100, kExecutedPath = 31, kUsage = 2, kCannotStart = 127 };

static unsigned long length(const char* text) {
  unsigned long size = 0;
  while (text[size] != 0) ++size;
  return size;
}

static void say(const char* text) { call(kWrite, 2, (long)text, (long)length(text), 0); }

static void die(const char* what, const char* folder, const char* hint, long status) {
  say("slipway: error: ");
  say(what);
  say(folder);
  say("\nhint: ");
  say(hint);
  say("\n");
  for (;;) call(kExit, status, 0, 0, 0);
}

/* Writes first and second, one behind the other, into a buffer that surely holds both. */
static char* join(char* to, const char* first, const char* second) {
  char* out = to;
  while (*first != 0) *out++ = *first++;
  while (*second != 0) *out++ = *second++;
  *out = 0;
  return to;
}

/* Returns the size of the path's folder with its slash; 0 when it names none. */
static long folder_size(const char* path, long size) {
  while (size > 0 && path[size - 1] != '/') --size;
  return size;
}

/* Replaces the path by the file that its links lead to, eight at most. Returns its size. */
static long follow_links(char* path, long size) {
  static char target[LIMIT];
  for (int links = 0; links < 8; ++links) {
    const long read = call(kReadlinkat, kHere, (long)path, (long)target, LIMIT - 1);
    if (read <= 0) break;
    target[read] = 0;
    const long kept = target[0] == '/' ? 0 : folder_size(path, size);
    size = kept + read;
    if (size >= LIMIT) break;
    join(path + kept, target, "");
  }
  return size;
}

/* Writes the folder of this program: by /proc, which follows links, or as it was called where /proc is missing. */
static void find_folder(char* folder, const long* auxiliary) {
  long size = call(kReadlinkat, kHere, (long)"/proc/self/exe", (long)folder, LIMIT - 1);
  if (size <= 0) {
    const char* called = "slipway";
    for (; auxiliary[0] != 0; auxiliary += 2)
      if (auxiliary[0] == kExecutedPath) called = (const char*)auxiliary[1];
    size = (long)length(called);
    if (size < LIMIT) size = follow_links(join(folder, called, ""), size);
  }
  if (size >= LIMIT) die("the path of this program is too long", "", "move its folder", kUsage);
  size = folder_size(folder, size);
  if (size == 0)
    join(folder, ".", "");
  else
    folder[size - 1] = 0;
}

/* The loader would split or expand such a path. */
static void check_folder(const char* folder) {
  for (const char* at = folder; *at != 0; ++at)
    if (*at == ':' || *at == ';' || *at == '$')
      die("the loader cannot use the folder ", folder, "move it to a path without \":\", \";\" and \"$\"", kUsage);
}

void launch(long* stack) {
  static char folder[LIMIT], loader[LIMIT + 64], libraries[LIMIT + 64], program[LIMIT + 64], zones[LIMIT + 64];
  const long count = stack[0];
  char** arguments = (char**)(stack + 1);
  char** environment = arguments + count + 1;
  long variables = 0;
  while (environment[variables] != 0) ++variables;
  find_folder(folder, (long*)(environment + variables + 1));
  check_folder(folder);

  char* command[count + 9];
  long size = 0;
  command[size++] = join(loader, folder, LOADER);
  command[size++] = "--inhibit-cache";
  command[size++] = "--argv0";
  command[size++] = count > 0 ? arguments[0] : "slipway";
  command[size++] = "--library-path";
  command[size++] = join(libraries, folder, "/lib");
  command[size++] = join(program, folder, "/lib/slipway");
  for (long i = 1; i < count; ++i) command[size++] = arguments[i];
  command[size] = 0;

  char* with_zones[variables + 2];
  for (long i = 0; i < variables; ++i) with_zones[i] = environment[i];
  with_zones[variables] = join(zones, "SLIPWAY_ZONES=", folder);
  join(zones + length(zones), "/share/zoneinfo", "");
  with_zones[variables + 1] = 0;

  call(kExecve, (long)loader, (long)command, (long)with_zones, 0);
  die("cannot start the loader ", loader, "unpack the whole folder, on a disk that allows programs", kCannotStart);
}
