#include <cstdint>

#include "slipway/io/filters.h"
#include "slipway/store/archive.h"

/// A whole archive as it arrives on standard input, of both kinds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto kind : {store::ArchiveKind::oci, store::ArchiveKind::docker}) {
    io::TextSource input(text);
    const auto archive =
        store::ArchiveTarget::open("-", {.kind = kind, .spool_folder = "/tmp", .standard_input = &input});
    if (!archive) continue;
    const auto roots = (*archive)->roots();
    if (!roots) continue;
    for (const auto& root : *roots) {
      if (const auto source = (*archive)->fetch(root)) (void)io::read_all(**source, 1u << 20).has_value();
    }
  }
  return 0;
}
