#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/actor.h"
#include "slipway/base/clock.h"
#include "slipway/base/fs.h"
#include "slipway/base/rng.h"

namespace slipway::cli {

/// A terminal's size; without columns it is none.
struct Terminal {
  int columns = 0;
  int rows = 0;
};

/// Everything the program touches of the process it runs in; tests hand in their own.
struct Surroundings {
  std::function<bool(std::string_view)> write_out;  ///< false: the reader is gone or the disk full
  std::function<void(std::string_view)> write_err;
  std::function<std::string()> read_in;  ///< all of standard input
  EnvLookup env = process_env;
  stdfs::path directory;  ///< the current folder, absolute
  FileSystem* fs = &real_fs();
  Clock* clock = &system_clock();
  Rng* rng = &system_rng();
  std::stop_token stop;
  std::function<Terminal()> terminal;  ///< what standard error is, as large as it is now; may be missing
  bool out_is_terminal = false;
};

/// Runs one command line (without the program's name) and returns the exit status of the contract.
int run(const std::vector<std::string>& arguments, const Surroundings& surroundings);

/// docs/CLI.md, generated from the command table.
std::string manual();

}  // namespace slipway::cli
