#include "release/journal.h"

#include "release/record_file.h"

namespace slipway::release {

Journal::Journal(const ReleaseServices& services, const std::string& app, const std::string& environment)
    : fs_(*services.fs), file_(services.state_folder / "journal" / (app + "." + environment + ".json")) {}

Status Journal::begin(const Plan& plan) {
  SLIPWAY_ASSIGN(const std::string text, plan.canonical());
  SLIPWAY_TRY(fs_.make_directories(file_.parent_path()));
  remove_old_temporaries(fs_, file_.parent_path());
  return write_file_atomically(fs_, file_, text);
}

std::optional<Plan> Journal::unfinished() const {
  const auto text = read_file(fs_, file_);
  if (!text) return std::nullopt;
  auto plan = Plan::parse(*text);
  if (!plan) return std::nullopt;
  return *std::move(plan);
}

Status Journal::end() { return fs_.remove(file_); }

}  // namespace slipway::release
