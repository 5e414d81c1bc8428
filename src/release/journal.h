#pragma once

#include <optional>

#include "slipway/release/plan.h"
#include "slipway/release/services.h"

namespace slipway::release {

/// The plan that this machine was about to carry out, so that the next run can tell its own
/// unfinished work from somebody else's. One file for each environment in `<state>/journal`.
class Journal {
 public:
  Journal(const ReleaseServices& services, const std::string& app, const std::string& environment);
  Status begin(const Plan& plan);
  /// The plan of an unfinished run; a missing or damaged journal is none.
  std::optional<Plan> unfinished() const;
  Status end();

 private:
  FileSystem& fs_;
  std::filesystem::path file_;
};

}  // namespace slipway::release
