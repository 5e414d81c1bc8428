#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "slipway/image/file_list.h"

using namespace slipway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto list = image::FileList::parse(text);
  if (!list) return 0;
  if (list->serialize() != text) std::abort();
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto found = list->file(list->at(i).entry.path);
    if (!found || found->member != list->at(i).member) std::abort();
    (void)list->open(list->at(i).entry.path).has_value();
  }
  return 0;
}
