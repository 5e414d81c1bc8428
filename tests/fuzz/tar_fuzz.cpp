#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "slipway/io/filters.h"
#include "slipway/layer/layer_reader.h"

using namespace slipway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  io::TextSource source(std::string_view(reinterpret_cast<const char*>(data), size));
  layer::ReadLimits limits;
  limits.max_entries = 1000;
  limits.max_bytes = 1u << 22;
  const Status status =
      layer::read_tar(source, limits, [](const layer::FileEntry& entry, io::Source& content) -> Status {
        // Paths that come through are safe to show and to join to a root.
        if (entry.path.starts_with('/') || entry.path.find("//") != std::string::npos) std::abort();
        if (("/" + entry.path + "/").find("/../") != std::string::npos) std::abort();
        SLIPWAY_ASSIGN(const std::string bytes, io::read_all(content, 1u << 22));
        if (bytes.size() != entry.size) std::abort();
        return {};
      });
  (void)status.has_value();
  return 0;
}
