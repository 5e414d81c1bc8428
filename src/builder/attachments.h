#pragma once

#include <vector>

#include "builder/debug_split.h"
#include "builder/staged_documents.h"
#include "slipway/builder/build.h"

namespace slipway::builder {

/// Several places as one to read from: each thing comes from the first that has it. They outlive it.
class FirstOf final : public store::ReadTarget {
 public:
  explicit FirstOf(std::vector<store::ReadTarget*> places) : places_(std::move(places)) {}
  std::string name() const override { return "the build"; }
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override;
  Result<bool> exists(const oci::Descriptor& descriptor) override;
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override;

 private:
  Result<store::ReadTarget*> place_of(const oci::Descriptor& descriptor);

  std::vector<store::ReadTarget*> places_;
};

/// An artifact about an image, staged (image-spec manifest.md "Guidelines for Artifact Usage"): its config is the empty
/// one, its layers are `files`, its subject the image's manifest.
oci::Descriptor stage_artifact(std::string_view type, const oci::Descriptor& subject,
                               std::vector<oci::Descriptor> files, const oci::Annotations& annotations,
                               StagedDocuments& documents);

/// The debug information of one platform's programs as an artifact: one blob a build-id, whose title is the path that
/// gdb and debuginfod look for below a folder of debug files. `ingest` stores the blobs; nothing: digests only.
Result<oci::Descriptor> attach_debug_files(const std::map<std::string, DebugFile>& files, const BuiltImage& image,
                                           const oci::Annotations& annotations, FileSystem& fs,
                                           store::BlobIngest* ingest, StagedDocuments& documents);

}  // namespace slipway::builder
