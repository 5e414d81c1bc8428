#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "slipway/base/text.h"
#include "slipway/release/config_artifact.h"

using namespace slipway;

// A file that is read without a problem must be text on one line that writes and reads back the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  const auto values = release::parse_env_file(text, "fuzz.env", diagnostics);
  for (const Error& error : diagnostics.errors()) {
    if (!error.where || error.where->row < 1 || error.where->col < 1) std::abort();
  }
  if (diagnostics.has_errors()) return 0;
  std::string written;
  for (const auto* map : {&values.values, &values.secrets}) {
    for (const auto& [name, value] : *map) {
      if (!is_valid_utf8(value) || value.find('\n') != std::string::npos) std::abort();
      // A value that ends in CR cannot be told from one with a Windows line end, and is never read.
      if (value.ends_with('\r')) return 0;
      written += name + "=" + value + "\n";
    }
  }
  Diagnostics again;
  if (release::parse_env_file(written, "again.env", again) != values || again.has_errors()) std::abort();
  return 0;
}
