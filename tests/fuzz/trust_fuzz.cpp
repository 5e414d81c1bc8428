#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "slipway/trust/bundle.h"
#include "slipway/trust/key.h"
#include "slipway/trust/statement.h"

using namespace slipway;

namespace {

/// Aborts unless a document that was read comes back from its own writer.
void round_trip(std::string_view text) {
  if (const auto statement = trust::parse_statement(text)) {
    if (!trust::parse_statement(trust::write_statement(*statement))) std::abort();
  }
  if (const auto envelope = trust::parse_envelope(text)) {
    if (trust::parse_envelope(trust::write_envelope(*envelope))->payload != envelope->payload) std::abort();
  }
  if (const auto bundle = trust::parse_bundle(text)) {
    if (trust::parse_bundle(trust::write_bundle(*bundle))->envelope.payload != bundle->envelope.payload) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  round_trip(text);
  if (const auto key = trust::PublicKey::parse(text, "it")) (void)key->verifies("message", text);
  (void)trust::PrivateKey::parse(Secret(std::string(text)), "it", [] { return Result<Secret>(Secret("secret")); });
  return 0;
}
