#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/staged_documents.h"
#include "slipway/builder/build.h"
#include "slipway/image/image.h"

namespace slipway::builder {

/// One layer as it was stored.
struct FinishedLayer {
  std::string name;
  Digest diff_id;
  Digest digest;
  std::int64_t size = 0;
};

/// What an image is put together from.
struct Pieces {
  const Recipe& recipe;
  const image::Image* base = nullptr;  ///< nothing: scratch
  oci::Platform platform;
  std::vector<FinishedLayer> layers;
  oci::Annotations annotations;  ///< of manifest and index
  std::string created;           ///< RFC 3339
};

/// The base's config with the recipe's on top (image-spec config.md; setting an entrypoint clears an inherited cmd).
oci::ImageConfig compose_config(const Pieces& pieces);

/// Config and manifest, staged. The family of media types is the base's: for docker's, whose manifests have no
/// annotations, these become labels of the config, and zstd layers are Errc::invalid_argument.
Result<BuiltImage> assemble_image(const Pieces& pieces, StagedDocuments& documents);

/// The index over several images, staged; docker's list when all of them are docker's.
oci::Descriptor assemble_index(const std::vector<BuiltImage>& images, const oci::Annotations& annotations,
                               StagedDocuments& documents);

}  // namespace slipway::builder
