#pragma once

#include <vector>

#include "builder/debug_split.h"
#include "builder/staged_documents.h"
#include "builder/written_layers.h"
#include "slipway/builder/build.h"

namespace slipway::builder {

/// Several places as one to read from: each document or blob comes from the first that has it. They outlive it.
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

/// Makes what is attached to each image: debug files and SBOMs, as artifacts whose subject is the image's manifest.
/// `sources`: where documents and layers of the images are. Without a workplace no layer can be read, hence no
/// SBOMs.
Result<std::vector<Attachment>> attach(const Recipe& recipe, const BuildRequest& request, const Inputs& inputs,
                                       const std::vector<PlatformPlan>& plans, const std::vector<BuiltImage>& images,
                                       const std::vector<store::ReadTarget*>& sources, const Workplace& workplace,
                                       const BuildServices& services, StagedDocuments& documents);

}  // namespace slipway::builder
