#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace slipway::cli {

/// One thing of this machine that `doctor` looked at and that is not as it should be.
struct MachineFinding {
  std::string check;       ///< "clock", "certificates", "runner" or "space"
  std::string what;        ///< the state found
  std::string meaning;     ///< its consequence
  std::string action;      ///< the next command or step
  bool is_problem = true;  ///< false: a note
};

/// Facts about this machine; a value, so that judging it needs no machine.
struct MachineFacts {
  std::int64_t now = 0;                                      ///< seconds
  std::optional<std::int64_t> newest_record;                 ///< time of the newest build recorded in this project
  std::string certificates;                                  ///< file or folder of the trusted authorities
  bool has_certificates = true;                              ///< at least one is in it
  std::vector<std::string> runners;                          ///< programs that start containers, as found in PATH
  std::vector<std::pair<std::string, std::uint64_t>> space;  ///< folders that slipway writes to, bytes free
};

/// Looks at clock, certificates, runners and disks. Starts no program and sends nothing.
MachineFacts look_at_machine(Context& context);

/// Judges the facts; empty where all is well.
std::vector<MachineFinding> judge_machine(const MachineFacts& facts);

}  // namespace slipway::cli
