#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "slipway/oci/descriptor.h"

namespace slipway::cli {

/// An image at a place: one line of `build`, `copy` and `tag`.
struct ImageLine {
  oci::Location location;
  oci::Descriptor root;
  std::vector<std::string> platforms;
};

/// `LOCATION@sha256:...` a line, or with -o json one document of schema slipway/v1/images.
Status print_images(Context& context, const std::vector<ImageLine>& lines);

/// Prints the document where -o asks for one, else the lines, each ending in a newline.
Status print_result(Context& context, const Json& document, std::string_view lines);

/// Files that machines read afterwards.
struct ResultFiles {
  std::optional<std::string> digest_file, iid_file, metadata_file, image_refs, dotenv;
};
void bind_result_files(OptionSet& options, ResultFiles& files);

/// The image ID: the config digest of an image manifest; nothing for an index.
Result<std::optional<Digest>> image_id(store::ReadTarget& target, const oci::Descriptor& root);
/// The error of --iidfile with an index; reported before anything is written.
Error no_image_id();

/// Reports result files that cannot be written, before anything else is. Errc::invalid_argument.
Status check_result_files(const Context& context, const ResultFiles& files);

/// Writes the files asked for and GitHub's; each in one step. `config` is the image ID of a single image.
Status write_result_files(Context& context, const ResultFiles& files, const std::vector<ImageLine>& lines,
                          const std::optional<Digest>& config);

}  // namespace slipway::cli
