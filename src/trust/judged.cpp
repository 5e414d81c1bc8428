#include "trust/judged.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::trust {

const PublicKey* signer_among(const std::vector<PublicKey>& keys, std::string_view message,
                              const std::vector<std::string>& signatures) {
  const auto made = [&](const PublicKey& key) {
    return std::any_of(signatures.begin(), signatures.end(),
                       [&](const std::string& signature) { return key.verifies(message, signature); });
  };
  const auto at = std::find_if(keys.begin(), keys.end(), made);
  return at == keys.end() ? nullptr : &*at;
}

Result<Proof> judge_envelope(const Envelope& envelope, Form form, const Digest& document, const Digest& image,
                             const std::vector<PublicKey>& keys) {
  const PublicKey* const key =
      signer_among(keys, signed_bytes(envelope.payload_type, envelope.payload), envelope.signatures);
  if (key == nullptr) return fail(Errc::verification_failed, "{} was signed by none of the keys", document.str());
  if (envelope.payload_type != kInTotoType) {
    return fail(Errc::malformed, "{} has a payload of type \"{}\", not an in-toto statement", document.str(),
                printable(envelope.payload_type, 120));
  }
  SLIPWAY_ASSIGN(Statement statement, parse_statement(envelope.payload));
  const auto about = std::find_if(statement.subjects.begin(), statement.subjects.end(), [&](const Subject& subject) {
    return std::find(subject.digests.begin(), subject.digests.end(), image) != subject.digests.end();
  });
  if (about == statement.subjects.end())
    return fail(Errc::verification_failed, "{} is about another image", document.str());
  return Proof{form,
               std::move(statement.predicate_type),
               std::move(statement.predicate),
               std::move(about->annotations),
               {},
               key->fingerprint(),
               document};
}

}  // namespace slipway::trust
