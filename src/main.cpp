#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <string>
#include <vector>

#include "slipway/base/worker.h"
#include "slipway/cli/run.h"

namespace {

std::stop_source* g_stop = nullptr;
int g_wake[2] = {-1, -1};
volatile sig_atomic_t g_signal = 0;

/// The first signal asks everything to stop; the second one does not wait for it.
void on_signal(int number) {
  if (g_signal != 0) ::_exit(128 + number);
  g_signal = number;
  const char byte = 0;
  [[maybe_unused]] const ssize_t n = ::write(g_wake[1], &byte, 1);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// Writes to standard output. When its reader is gone (`| head`), nobody misses the rest: the program ends as others
/// do.
bool write_output(std::string_view text) {
  if (write_all(1, text)) return true;
  if (errno != EPIPE) return false;
  ::signal(SIGPIPE, SIG_DFL);
  ::raise(SIGPIPE);
  return false;
}

/// The size of the terminal that a descriptor is; a terminal that does not tell has 80 columns and 24 rows.
slipway::cli::Terminal terminal_on(int fd) {
  struct winsize size {};
  if (::isatty(fd) == 0) return {};
  const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  return known ? slipway::cli::Terminal{size.ws_col, size.ws_row} : slipway::cli::Terminal{80, 24};
}

std::string read_stdin() {
  std::string text;
  char buffer[4096];
  while (true) {
    const ssize_t n = ::read(0, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

/// Turns signals into a stop request from a thread of its own: request_stop() is not async-signal-safe.
class SignalWatch {
 public:
  explicit SignalWatch(std::stop_source& stop) {
    g_stop = &stop;
    if (::pipe2(g_wake, O_CLOEXEC) != 0) return;
    struct sigaction action {};
    action.sa_handler = on_signal;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);  // a file beyond the limit is an error like a full disk
    watcher_ = slipway::Worker([](const std::stop_token&) {
      char byte = 0;
      while (::read(g_wake[0], &byte, 1) < 0 && errno == EINTR) {
      }
      if (g_signal != 0) g_stop->request_stop();
    });
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch() {
    ::close(g_wake[1]);  // the watcher reads the end and leaves
    watcher_.end();
  }

 private:
  slipway::Worker watcher_;
};

}  // namespace

int main(int argc, char** argv) {
  std::stop_source stop;
  int status = 1;
  try {
    const SignalWatch watch(stop);
    slipway::cli::Surroundings surroundings;
    surroundings.write_out = write_output;
    surroundings.write_err = [](std::string_view text) { write_all(2, text); };
    surroundings.read_in = read_stdin;
    // Asked before everything that is drawn: a terminal that changes its size needs no signal.
    surroundings.terminal = [] { return terminal_on(2); };
    surroundings.out_columns = terminal_on(1).columns;
    surroundings.out_is_terminal = surroundings.out_columns > 0;
    std::error_code gone;
    surroundings.directory = std::filesystem::current_path(gone);
    if (gone) {
      write_all(
          2, "slipway: error: cannot read the current folder: " + gone.message() + "\nhint: cd to one that exists\n");
      return 1;
    }
    surroundings.stop = stop.get_token();
    status = slipway::cli::run(std::vector<std::string>(argv + 1, argv + argc), surroundings);
  } catch (const std::exception& problem) {
    write_all(2, std::string("slipway: internal error: ") + problem.what() + "\n");
  }
  return status == 130 && g_signal == SIGTERM ? 143 : status;
}
