#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "slipway/store/target.h"

namespace slipway::test {

/// A way to make one kind of Target, for the conformance suite.
struct TargetKind {
  std::string name;
  /// A new, empty place.
  std::function<std::shared_ptr<store::Target>()> make;
  /// The same place opened again, by a target without the first one's memory.
  std::function<std::shared_ptr<store::Target>(const std::shared_ptr<store::Target>&)> reopen;
};

/// The promises that every Target keeps. Instantiate it in a test
/// binary with INSTANTIATE_TEST_SUITE_P(Kinds, TargetConformance, testing::Values(...), kind_name).
class TargetConformance : public testing::TestWithParam<TargetKind> {
 protected:
  void SetUp() override { target_ = GetParam().make(); }
  std::shared_ptr<store::Target> reopened() { return GetParam().reopen(target_); }

  std::shared_ptr<store::Target> target_;
};

inline std::string kind_name(const testing::TestParamInfo<TargetKind>& info) { return info.param.name; }

/// A blob with its descriptor.
struct Blob {
  oci::Descriptor descriptor;
  std::string bytes;
};
Blob make_blob(std::string bytes, std::string media_type = "application/vnd.oci.image.layer.v1.tar");
/// An image manifest over blobs; `config` is `{}` of the empty type.
Blob make_manifest(const std::vector<Blob>& layers, std::optional<oci::Descriptor> subject = {});
Blob make_index(const std::vector<Blob>& manifests);
Status push(store::Target& target, const Blob& blob);
/// Pushes layers, the empty config and the manifest.
Blob push_image(store::Target& target, const std::vector<std::string>& layers);
Result<std::string> read(store::ReadTarget& target, const oci::Descriptor& descriptor);

}  // namespace slipway::test
