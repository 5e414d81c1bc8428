#include "run/attached_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>

namespace slipway::run {

namespace {

/// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(char* const* argv, std::span<const int> inherited, int failure) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  for (const int descriptor : inherited)
    ::fcntl(descriptor, F_SETFD, 0);
  ::execvp(argv[0], argv);
  const int number = errno;
  [[maybe_unused]] const ssize_t n = ::write(failure, &number, sizeof number);
  ::_exit(127);
}

/// Waits for the end of `child`, which stays a zombie: its number is not another process's until it is reaped.
void wait_for_end(pid_t child) {
  siginfo_t ended{};
  while (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
}

void terminate(pid_t child, const OwnedFd& process) {
  if (::isatty(0) != 0) return;
  if (process && ::syscall(SYS_pidfd_send_signal, process.get(), SIGTERM, nullptr, 0) == 0) return;
  ::kill(child, SIGTERM);
}

}  // namespace

Result<int> run_attached(const std::vector<std::string>& argv, std::stop_token stop, const Attachment& how) {
  std::vector<std::string> words = argv;
  std::vector<char*> pointers;
  for (std::string& word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Errc::failed, "cannot make a pipe: {}", std::strerror(errno));
  const pid_t child = ::fork();
  if (child == 0) become(pointers.data(), how.inherited, ends[1]);
  const int fork_error = errno;
  ::close(ends[1]);
  int number = 0;
  const bool failed = child > 0 && ::read(ends[0], &number, sizeof number) > 0;
  ::close(ends[0]);
  if (child < 0) return fail(Errc::failed, "cannot start {}: {}", argv[0], std::strerror(fork_error));
  {
    const OwnedFd process = how.find_process && !failed ? how.find_process() : OwnedFd();
    const std::stop_callback forward(stop, [&] { terminate(child, process); });
    wait_for_end(child);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (failed) return fail(Errc::not_found, "cannot start {}: {}", argv[0], std::strerror(number));
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace slipway::run
