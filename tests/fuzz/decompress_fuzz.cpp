#include "slipway/io/compress.h"
#include "slipway/io/filters.h"

// Foreign compressed bytes give bytes or an error, within the limit, and never a crash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::io;
  std::string text(reinterpret_cast<const char*>(data), size);
  const auto source = decompressor(std::make_unique<StringSource>(std::move(text)));
  (void)read_all(*source, 8u << 20).has_value();
  return 0;
}
