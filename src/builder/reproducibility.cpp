#include "slipway/builder/reproducibility.h"

#include <algorithm>

#include "slipway/base/forwarding_fs.h"
#include "slipway/base/text.h"

namespace slipway::builder {
namespace {

/// Lists folders backwards.
class BackwardsFiles final : public ForwardingFileSystem {
 public:
  using ForwardingFileSystem::ForwardingFileSystem;
  Result<std::vector<std::string>> list(const stdfs::path& path) override {
    auto names = inner().list(path);
    if (names) std::reverse(names->begin(), names->end());
    return names;
  }
};

BuildOptions other_conditions(const BuildOptions& options) {
  BuildOptions other = options;
  other.threads = options.threads == 1 ? 3 : 1;
  other.cache = nullptr;
  other.file_lists = nullptr;
  other.observer = nullptr;
  return other;
}

/// Stores what both ways make, beside each other; gives the layout's name where that worked.
std::optional<std::string> keep_both(const Recipe& recipe, const BuildOptions& options, FileSystem& fs,
                                     store::Opener& opener) {
  const oci::Location place = oci::Location::layout((options.state_folder / "check").native());
  BackwardsFiles backwards(fs);
  const auto store = [&](BuildOptions how, FileSystem& files, const char* tag) {
    how.expected = nullptr;
    how.dry_run = false;
    how.lock_file.clear();
    how.destinations = {{place, {tag}, false}};
    return build_image(recipe, how, files, opener).has_value();
  };
  if (!store(other_conditions(options), backwards, "other") || !store(options, fs, "usual")) return std::nullopt;
  return place.str();
}

}  // namespace

Result<BuildResult> build_twice(const Recipe& recipe, const BuildOptions& options, FileSystem& fs,
                                store::Opener& opener) {
  BackwardsFiles backwards(fs);
  BuildOptions rehearsal = other_conditions(options);
  rehearsal.dry_run = true;
  SLIPWAY_ASSIGN(const BuildResult expected, build_image(recipe, rehearsal, backwards, opener));
  BuildOptions proved = options;
  proved.expected = &expected;
  auto built = build_image(recipe, proved, fs, opener);
  if (built || built.error().code != Errc::verification_failed || options.dry_run) return built;
  Error error = std::move(built).error();
  if (const auto place = keep_both(recipe, options, fs, opener))
    error.hint = fmt::format("what differs says: slipway diff {0}:other {0}:usual", printable(*place, 4096));
  return fail(std::move(error));
}

}  // namespace slipway::builder
