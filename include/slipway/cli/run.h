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

/// The size of a terminal in characters; 0 columns: not a terminal.
struct Terminal {
  int columns = 0;
  int rows = 0;
};

/// Everything of its process that the program uses; tests pass their own.
struct Surroundings {
  std::function<bool(std::string_view)> write_out;  ///< to standard output; false: nobody reads it, or the disk is full
  std::function<void(std::string_view)> write_err;
  std::function<std::string()> read_in;  ///< all of standard input
  EnvLookup env = process_env;
  stdfs::path directory;  ///< the current folder, absolute
  FileSystem* fs = &real_fs();
  Clock* clock = &system_clock();
  Rng* rng = &system_rng();
  std::stop_token stop;
  std::function<Terminal()> terminal;  ///< the current size of the terminal on standard error; may be empty
  bool out_is_terminal = false;
  int out_columns = 0;  ///< of the terminal on standard output when the program started; 0: not known
};

/// Runs one command line (without the program's name), prints results and errors, and returns the exit status
/// (exit_statuses() in base/error.h).
int run(const std::vector<std::string>& arguments, const Surroundings& surroundings);

/// Returns the text of docs/CLI.md, generated from the command table.
std::string manual();

}  // namespace slipway::cli
