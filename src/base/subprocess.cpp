#include "slipway/base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "slipway/base/text.h"

namespace slipway {
namespace {

/// Both ends of a pipe, close-on-exec.
struct Pipe {
  int read = -1;
  int write = -1;

  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_end(read);
    close_end(write);
  }
  Status open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Errc::failed, "cannot make a pipe: {}", std::strerror(errno));
    read = ends[0];
    write = ends[1];
    return {};
  }
  static void close_end(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};

struct Pipes {
  Pipe in, out, err, failure;
};

/// Runs in the child between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const Pipes& pipes, char* const* argv, char* const* environment, const char* directory) {
  ::dup2(pipes.in.read, 0);
  ::dup2(pipes.out.write, 1);
  ::dup2(pipes.err.write, 2);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::setpgid(0, 0);
  if (directory == nullptr || ::chdir(directory) == 0) ::execvpe(argv[0], argv, environment);
  const int number = errno;
  [[maybe_unused]] const ssize_t n = ::write(pipes.failure.write, &number, sizeof number);
  ::_exit(127);
}

/// write(2) that reports EPIPE without the signal, whatever the process does with SIGPIPE.
ssize_t write_quietly(int fd, std::string_view bytes) {
  sigset_t pipe_signal;
  sigset_t before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const ssize_t n = ::write(fd, bytes.data(), bytes.size());
  const int number = errno;
  if (n < 0 && number == EPIPE) {
    const timespec now{};
    sigtimedwait(&pipe_signal, nullptr, &now);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = number;
  return n;
}

/// A running child. It is waited for exactly once, because its pid may be somebody else's afterwards.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  bool has_ended() {
    if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    return ended_;
  }
  void kill_group() {
    if (ended_) return;
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);  // it may not have its own group yet
    while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    ended_ = true;
  }
  int status() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_); }

 private:
  pid_t pid_;
  bool ended_ = false;
  int status_ = 0;
};

/// Feeds and drains a running child, until it has ended.
class Conversation {
 public:
  Conversation(const Command& command, Pipes& pipes, Child& child, std::stop_token stop)
      : command_(command),
        pipes_(pipes),
        child_(child),
        stop_(std::move(stop)),
        deadline_(std::chrono::steady_clock::now() + command.timeout) {}

  Status hold(CommandResult& result) {
    ::fcntl(pipes_.in.write, F_SETFL, O_NONBLOCK);
    if (command_.input.empty()) Pipe::close_end(pipes_.in.write);
    while (pipes_.out.read >= 0 || pipes_.err.read >= 0 || pipes_.in.write >= 0) {
      SLIPWAY_TRY(require_time());
      const bool ended = child_.has_ended();
      if (ended) Pipe::close_end(pipes_.in.write);
      SLIPWAY_ASSIGN(const bool heard, listen(ended ? 0 : 50, result));
      // A process that the child left behind may keep its output open: the answer is complete without it.
      if (ended && !heard) return {};
    }
    return wait_for_end();
  }

 private:
  Status require_time() const {
    if (stop_.stop_requested()) return fail(Errc::cancelled, "interrupted while running {}", command_.argv[0]);
    if (std::chrono::steady_clock::now() <= deadline_) return {};
    return fail(Errc::failed, "{} did not end within {} s", command_.argv[0], command_.timeout.count() / 1000);
  }

  Result<bool> listen(int milliseconds, CommandResult& result) {
    std::array<pollfd, 3> fds{pollfd{pipes_.in.write, POLLOUT, 0}, pollfd{pipes_.out.read, POLLIN, 0},
                              pollfd{pipes_.err.read, POLLIN, 0}};
    const int ready = ::poll(fds.data(), fds.size(), milliseconds);
    if (ready <= 0) return false;
    if (fds[0].revents != 0) feed();
    if (fds[1].revents != 0) SLIPWAY_TRY(drain(pipes_.out.read, result.out));
    if (fds[2].revents != 0) SLIPWAY_TRY(drain(pipes_.err.read, result.err));
    return true;
  }

  /// A child that closed its streams may stay.
  Status wait_for_end() {
    for (auto pause = std::chrono::microseconds(200); !child_.has_ended(); pause = std::min(2 * pause, kLongestPause)) {
      SLIPWAY_TRY(require_time());
      std::this_thread::sleep_for(pause);
    }
    return {};
  }

  void feed() {
    const std::string_view rest = std::string_view(command_.input).substr(fed_);
    const ssize_t n = write_quietly(pipes_.in.write, rest);
    if (n > 0) fed_ += static_cast<std::size_t>(n);
    const bool broken = n < 0 && errno != EAGAIN && errno != EINTR;  // the child need not read all
    if (broken || fed_ == command_.input.size()) Pipe::close_end(pipes_.in.write);
  }

  Status drain(int& fd, std::string& text) {
    std::array<char, 16 << 10> buffer;
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return {};
    if (n <= 0) {
      Pipe::close_end(fd);
      return {};
    }
    if (text.size() + static_cast<std::size_t>(n) > command_.max_output) {
      return fail(Errc::too_large, "{} printed more than {}", command_.argv[0], human_bytes(command_.max_output));
    }
    text.append(buffer.data(), static_cast<std::size_t>(n));
    return {};
  }

  static constexpr std::chrono::microseconds kLongestPause{20'000};
  const Command& command_;
  Pipes& pipes_;
  Child& child_;
  std::stop_token stop_;
  std::chrono::steady_clock::time_point deadline_;
  std::size_t fed_ = 0;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts)
    list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& extra) {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(extra.begin(), extra.end(), [&](const auto& e) { return e.first == name; });
    if (!replaced) all.emplace_back(text);
  }
  for (const auto& [name, value] : extra)
    all.push_back(name + "=" + value);
  return all;
}

}  // namespace

Result<CommandResult> run_command(const Command& command, std::stop_token stop) {
  if (command.argv.empty()) return fail(Errc::internal, "no program to run");
  Pipes pipes;
  for (Pipe* pipe : {&pipes.in, &pipes.out, &pipes.err, &pipes.failure})
    SLIPWAY_TRY(pipe->open());
  std::vector<std::string> arguments = command.argv;
  std::vector<std::string> environment = environment_with(command.extra_env);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);

  const pid_t pid = ::fork();
  if (pid < 0) return fail(Errc::failed, "cannot start {}: {}", command.argv[0], std::strerror(errno));
  if (pid == 0) {
    become(pipes, argv.data(), envp.data(), command.directory ? command.directory->c_str() : nullptr);
  }
  Pipe::close_end(pipes.in.read);
  Pipe::close_end(pipes.out.write);
  Pipe::close_end(pipes.err.write);
  Pipe::close_end(pipes.failure.write);

  CommandResult result;
  Child child(pid);
  const Status talked = Conversation(command, pipes, child, std::move(stop)).hold(result);
  if (!talked) {
    child.kill_group();
    return fail(talked.error());
  }
  result.status = child.status();
  int number = 0;
  if (::read(pipes.failure.read, &number, sizeof number) == static_cast<ssize_t>(sizeof number)) {
    return fail(number == ENOENT ? Errc::not_found : Errc::failed, "cannot run {}: {}", command.argv[0],
                std::strerror(number));
  }
  return result;
}

}  // namespace slipway
