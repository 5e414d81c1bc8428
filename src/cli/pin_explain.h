#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/context.h"
#include "slipway/run/pin.h"

namespace slipway::cli {

/// The properties of one image that a reader of a pull request asks about.
struct ImageFacts {
  std::string digest, version, revision;        ///< empty without such a label
  std::vector<oci::Descriptor> layers;          ///< in order
  std::map<std::string, std::string> packages;  ///< name -> version
};

/// Returns the differences of two images as Markdown: a table of digests, labels, sizes and layers, and the packages
/// that changed. Texts of the images cannot break out of their cells.
std::string facts_markdown(const ImageFacts& before, const ImageFacts& after);

/// Returns what the changes of reports mean, as Markdown for a pull request: a section for each pair of an old and a
/// new image, with the places that name them. A reference that had no digest has nothing to compare with. An image that
/// cannot be read is said in its section and is not an error.
std::string explain_pins(Context& context, const std::vector<run::PinReport>& reports);

}  // namespace slipway::cli
