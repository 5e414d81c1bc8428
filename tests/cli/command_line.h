#pragma once

#include <map>

#include "slipway/cli/run.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace slipway::test {

/// The outcome of one command line.
struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

/// A folder with a user in it who runs slipway.
class CommandLine {
 public:
  /// The process moves there too, as a user's shell would be.
  CommandLine() : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(path());
    env_["SLIPWAY_ACTOR"] = "tester";
  }
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  ~CommandLine() { std::filesystem::current_path(before_); }

  Outcome run(const std::vector<std::string>& words) {
    Outcome outcome;
    cli::Surroundings surroundings;
    surroundings.write_out = [&](std::string_view text) {
      if (!out_works) return false;
      outcome.out += text;
      return true;
    };
    surroundings.write_err = [&](std::string_view text) { outcome.err += text; };
    surroundings.read_in = [this] { return in; };
    surroundings.env = [this](const std::string& name) -> std::optional<std::string> {
      const auto at = env_.find(name);
      if (at == env_.end()) return std::nullopt;
      return at->second;
    };
    if (columns > 0) surroundings.terminal = [this] { return cli::Terminal{columns, 24}; };
    surroundings.out_is_terminal = columns > 0;
    surroundings.directory = path();
    surroundings.clock = &clock_;
    surroundings.rng = &rng_;
    surroundings.stop = stop.get_token();
    outcome.status = cli::run(words, surroundings);
    return outcome;
  }

  std::filesystem::path path(const std::string& name = {}) const {
    return name.empty() ? dir_.path() : dir_.path() / name;
  }
  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(path(name).parent_path());
    (void)write_file_atomically(real_fs(), path(name), text).has_value();
  }
  std::string read(const std::string& name) const { return read_file(real_fs(), path(name)).value_or("<missing>"); }
  void set(const std::string& name, const std::string& value) { env_[name] = value; }

  bool out_works = true;
  std::string in;   ///< what standard input holds
  int columns = 0;  ///< of the terminal that standard output and error are; 0: they are files
  std::stop_source stop;

 private:
  std::filesystem::path before_;
  TempDir dir_;
  std::map<std::string, std::string> env_;
  FakeClock clock_;
  SeededRng rng_;
};

}  // namespace slipway::test
