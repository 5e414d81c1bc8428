#include <cstdlib>

#include "slipway/oci/document.h"
#include "slipway/oci/media_type.h"

namespace oci = slipway::oci;

namespace {

std::string written(const oci::Document& document) {
  if (const auto* index = std::get_if<oci::Index>(&document)) return oci::write_index(*index);
  return oci::write_manifest(std::get<oci::Manifest>(document));
}

const std::string& type_of(const oci::Document& document) {
  return std::visit([](const auto& d) -> const std::string& { return d.media_type; }, document);
}

}  // namespace

// The kind never depends on who asks: a text is not a manifest for one media type and an index for another.
// A document that was read and written again reads as the same children, and writes as the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string raw(reinterpret_cast<const char*>(data), size);
  bool manifest = false;
  bool index = false;
  for (const std::string_view promised :
       {std::string_view(), oci::kManifestType, oci::kIndexType, oci::kDockerManifestType, oci::kDockerIndexType}) {
    const auto document = oci::parse_document(raw, promised);
    if (!document) continue;
    (std::holds_alternative<oci::Index>(*document) ? index : manifest) = true;
    if (oci::raw_of(*document) != raw || !oci::is_graph_node(type_of(*document))) std::abort();
    const auto again = oci::parse_document(written(*document), type_of(*document));
    // Numbers keep their text and base64 has one form, so only size can forbid a text that was written.
    if (!again) {
      if (again.error().code != slipway::Errc::too_large) std::abort();
      continue;
    }
    if (oci::children(*again) != oci::children(*document) || written(*again) != written(*document)) std::abort();
    if (oci::subject_of(*again) != oci::subject_of(*document)) std::abort();
  }
  if (manifest && index) std::abort();
  return 0;
}
