#include "run/attached_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace slipway::run {

namespace {

/// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(char* const* argv, int failure) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::execvp(argv[0], argv);
  const int number = errno;
  [[maybe_unused]] const ssize_t n = ::write(failure, &number, sizeof number);
  ::_exit(127);
}

}  // namespace

Result<int> run_attached(const std::vector<std::string>& argv, std::stop_token stop) {
  std::vector<std::string> words = argv;
  std::vector<char*> pointers;
  for (std::string& word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Errc::failed, "cannot make a pipe: {}", std::strerror(errno));
  const pid_t child = ::fork();
  if (child == 0) become(pointers.data(), ends[1]);
  const int fork_error = errno;
  ::close(ends[1]);
  int number = 0;
  const bool failed = child > 0 && ::read(ends[0], &number, sizeof number) > 0;
  ::close(ends[0]);
  if (child < 0) return fail(Errc::failed, "cannot start {}: {}", argv[0], std::strerror(fork_error));
  int status = 0;
  {
    const std::stop_callback forward(stop, [child] {
      if (::isatty(0) == 0) ::kill(child, SIGTERM);
    });
    // The child is left a zombie until the callback cannot signal it any more: its number is not another process's
    // until then.
    siginfo_t ended{};
    while (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
    }
  }
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (failed) return fail(Errc::not_found, "cannot start {}: {}", argv[0], std::strerror(number));
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace slipway::run
