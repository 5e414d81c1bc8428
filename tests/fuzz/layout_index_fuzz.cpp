#include <cstdlib>

#include "store/layout_index.h"

using slipway::store::LayoutIndex;

// An index that is accepted is written back to something that reads the same, and a tag
// that is set, moved and removed changes nothing else.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  auto index = LayoutIndex::parse(bytes, "index.json");
  if (!index) {
    if (index.error().message.empty()) std::abort();
    return 0;
  }
  const auto again = LayoutIndex::parse(index->serialize(), "index.json");
  if (!again || again->entries() != index->entries() || again->serialize() != index->serialize()) std::abort();
  if (index->entries().empty()) return 0;

  const std::size_t before = index->entries().size();
  const slipway::oci::Descriptor first = index->entries().front();
  const slipway::oci::Descriptor last = index->entries().back();
  for (const auto* root : {&first, &last}) {
    index->set_tag(*root, "fuzz");
    if (index->by_tag("fuzz") == nullptr || index->by_tag("fuzz")->digest != root->digest) std::abort();
    if (!LayoutIndex::parse(index->serialize(), "index.json")) std::abort();
  }
  if (index->entries().size() > before + 2) std::abort();
  if (!index->remove_tag("fuzz") || index->by_tag("fuzz") != nullptr || index->remove_tag("fuzz")) std::abort();
  return 0;
}
