#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "slipway/run/drift.h"

// A cluster's answer is read or refused; comparing whatever was read ends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto found = slipway::run::parse_pods(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.json");
  if (!found.has_value()) return 0;
  const auto findings = slipway::run::compare_pods(*found, {"v1", {"sha256:" + std::string(64, 'a')}, {}, {}});
  if (findings.differences.size() > findings.containers || findings.containers > found->size()) std::abort();
  return 0;
}
