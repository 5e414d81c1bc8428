#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "slipway/release/config_artifact.h"
#include "slipway/release/plan.h"
#include "slipway/release/policy.h"

using namespace slipway;

namespace {

/// A record that was read must write back as one that reads the same.
template <class Record>
void round_trip(std::string_view text) {
  const auto record = Record::parse(text);
  if (!record) return;
  const auto bytes = record->canonical();
  if (!bytes) return;
  const auto again = Record::parse(*bytes);
  if (!again || again->canonical() != *bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  round_trip<release::Entry>(text);
  round_trip<release::ConfigValues>(text);
  round_trip<release::Plan>(text);
  round_trip<release::Policy>(text);
  return 0;
}
