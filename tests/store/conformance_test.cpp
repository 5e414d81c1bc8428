#include "slipway/store/archive.h"
#include "slipway/store/layout.h"
#include "slipway/store/memory.h"
#include "support/target_conformance.h"
#include "support/temp_dir.h"

namespace slipway::test {
namespace {

TargetKind memory_kind() {
  return {"Memory", [] { return std::make_shared<store::MemoryTarget>(); },
          [](const std::shared_ptr<store::Target>& target) { return target; }};
}

/// Layouts live in one folder for the whole binary, each in its own subfolder.
TargetKind layout_kind() {
  static const TempDir root;
  static int count = 0;
  return {"Layout",
          [] {
            const auto folder = root.path() / std::to_string(++count);
            return std::shared_ptr<store::Target>(store::LayoutTarget::open_or_create(folder).value());
          },
          [](const std::shared_ptr<store::Target>& target) {
            return std::shared_ptr<store::Target>(store::LayoutTarget::open(target->name().substr(4)).value());
          }};
}

/// An archive is opened again as it was written last; before the first tag nobody else sees anything of it.
TargetKind archive_kind() {
  static const TempDir root;
  static int count = 0;
  const auto options = [] { return store::ArchiveOptions{.spool_folder = root.path()}; };
  return {"OciArchive",
          [options] {
            const auto file = root.path() / (std::to_string(++count) + ".tar");
            return std::shared_ptr<store::Target>(store::ArchiveTarget::open_or_create(file, options()).value());
          },
          [options](const std::shared_ptr<store::Target>& target) {
            const std::string file = target->name().substr(std::string_view("oci-archive:").size());
            if (!stdfs::exists(file)) return target;
            return std::shared_ptr<store::Target>(store::ArchiveTarget::open(file, options()).value());
          }};
}

INSTANTIATE_TEST_SUITE_P(Kinds, TargetConformance, testing::Values(memory_kind(), layout_kind(), archive_kind()),
                         kind_name);

}  // namespace
}  // namespace slipway::test
