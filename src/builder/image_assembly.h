#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/staged_documents.h"
#include "builder/written_layers.h"
#include "slipway/builder/build.h"
#include "slipway/image/image.h"

namespace slipway::builder {

/// Everything that the config and manifest of one image are made of.
struct ImageInputs {
  const Recipe& recipe;
  const image::Image* base = nullptr;  ///< nothing: scratch
  oci::Platform platform;
  std::vector<FinishedLayer> layers;
  oci::Annotations annotations;  ///< of manifest and index
  std::string created;           ///< RFC 3339
};

/// Puts the members that the rule names into the config; setting an entrypoint clears an inherited cmd.
void apply_rule(const ConfigRule& rule, oci::ImageConfig& config);

/// Returns the base's config with the recipe's on top (image-spec config.md; setting an entrypoint clears an inherited
/// cmd).
oci::ImageConfig compose_config(const ImageInputs& inputs);

/// Stages config and manifest. The family of media types is the base's: for docker's, whose manifests have no
/// annotations, these become labels of the config, and zstd layers are Errc::invalid_argument.
Result<BuiltImage> assemble_image(const ImageInputs& inputs, StagedDocuments& documents);

/// Stages the index over several images; docker's list when all of them are docker's.
oci::Descriptor assemble_index(const std::vector<BuiltImage>& images, const oci::Annotations& annotations,
                               StagedDocuments& documents);

/// Puts the images of all plans together: the result of the build, but for what is attached and where it goes.
/// `layers`: as written for the plans. Errc::invalid_argument for an image without any layer.
Result<BuildResult> assemble(const Recipe& recipe, const Inputs& inputs, const std::vector<PlatformPlan>& plans,
                             const WrittenLayers& layers, StagedDocuments& documents);

}  // namespace slipway::builder
