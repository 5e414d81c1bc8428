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

/// The same files and targets, but nothing else of the usual conditions.
BuildServices other_conditions(const BuildServices& usual, FileSystem& fs) {
  BuildServices other{fs, usual.opener};
  other.threads = usual.threads == 1 ? 3 : 1;
  other.lanes = usual.lanes;
  other.stop = usual.stop;
  return other;
}

/// Stores both images beside each other; returns the layout's name where that worked.
std::optional<std::string> store_both(const Recipe& recipe, const BuildRequest& request,
                                      const BuildServices& services) {
  const oci::Location place = oci::Location::layout((request.state_folder / "check").native());
  BackwardsFiles backwards(services.fs);
  BuildRequest again = request;
  again.dry_run = false;
  again.lock_file.clear();
  const auto stored = [&](const BuildServices& with, const char* tag) {
    again.destinations = {{place, {tag}, false}};
    return build_image(recipe, again, with).has_value();
  };
  if (!stored(other_conditions(services, backwards), "other") || !stored(services, "usual")) return std::nullopt;
  return place.str();
}

}  // namespace

Result<BuildResult> build_twice(const Recipe& recipe, const BuildRequest& request, const BuildServices& services) {
  BackwardsFiles backwards(services.fs);
  BuildRequest rehearsal = request;
  rehearsal.dry_run = true;
  SLIPWAY_ASSIGN(const BuildResult expected, build_image(recipe, rehearsal, other_conditions(services, backwards)));
  BuildRequest proved = request;
  proved.expected = &expected;
  auto built = build_image(recipe, proved, services);
  if (built || built.error().code != Errc::verification_failed || request.dry_run) return built;
  Error error = std::move(built).error();
  if (const auto place = store_both(recipe, request, services))
    error.hint = fmt::format("compare the two images: slipway diff {0}:other {0}:usual", printable(*place, 4096));
  return fail(std::move(error));
}

}  // namespace slipway::builder
