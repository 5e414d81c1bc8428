#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "slipway/release/config_schema.h"

using namespace slipway;

// The part before a NUL is a schema, the rest a value: problems have places, and no value makes the check fail.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view yaml = text.substr(0, text.find('\0'));
  // The cost of a regular expression is its author's affair.
  if (yaml.find("pattern") != std::string_view::npos) return 0;
  Diagnostics diagnostics;
  const auto schema = release::ConfigSchema::parse(yaml, "fuzz.yaml", diagnostics);
  for (const Error& error : diagnostics.errors()) {
    if (error.message.empty()) std::abort();
  }
  if (diagnostics.has_errors() || yaml.size() == size) return 0;
  release::ConfigValues config{{{"K", std::string(text.substr(yaml.size() + 1))}}, {}};
  schema.apply(config, {{"K", {"fuzz.env", 1, 1}}}, "fuzz", diagnostics);
  if (!config.values.contains("K")) std::abort();
  return 0;
}
