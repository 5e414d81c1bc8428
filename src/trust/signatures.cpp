#include "slipway/trust/signatures.h"

#include <algorithm>

#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "slipway/store/attachment_tag.h"
#include "trust/bundles.h"
#include "trust/judged.h"
#include "trust/legacy.h"

namespace slipway::trust {
namespace {

Result<Proof> judge_bundle(const AttachedBundle& attached, const Digest& image, const std::vector<PublicKey>& keys) {
  SLIPWAY_ASSIGN(const Bundle bundle, parse_bundle(attached.bytes));
  if (bundle.certificate)
    return fail(Errc::unsupported, "{} was signed with a certificate, which is not checked", attached.document.str());
  return judge_envelope(bundle.envelope, Form::bundle, attached.document, image, keys);
}

void note(Result<Proof> judged, Checked& checked) {
  if (judged) {
    checked.proofs.push_back(*std::move(judged));
  } else {
    checked.refused.push_back(std::move(judged).error());
  }
}

/// The bundles that sign the image itself, checked or not: by the key with this hint, and by others.
struct Counted {
  std::size_t ours = 0;
  std::size_t others = 0;
};

Result<Counted> signing_bundles(store::ReadTarget& from, const Digest& image, const std::string& hint) {
  Counted counted;
  SLIPWAY_ASSIGN(const auto attached, attached_bundles(from, image));
  for (const AttachedBundle& one : attached) {
    const auto bundle = parse_bundle(one.bytes);
    const auto statement = bundle ? parse_statement(bundle->envelope.payload) : Statement();
    if (!bundle || !statement || statement->predicate_type != kSignPredicate) continue;
    ++(bundle->hint == hint ? counted.ours : counted.others);
  }
  return counted;
}

/// A bundle hides `.sig` from cosign 3, so whoever signed there must have signed a bundle, too. The keys of others
/// cannot be told apart, so their signatures are counted.
Status refuse_to_hide(store::ReadTarget& from, const Digest& image, const PublicKey& ours, bool will_sign) {
  SLIPWAY_ASSIGN(const auto entries, legacy_entries(from, image, "sig"));
  if (entries.empty()) return {};
  const auto by_us =
      static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(), [&](const LegacyEntry& entry) {
        return judge_signature(entry, image, {ours}).has_value();
      }));
  SLIPWAY_ASSIGN(const Counted bundles, signing_bundles(from, image, ours.hint()));
  const bool hides_ours = by_us > 0 && bundles.ours == 0 && !will_sign;
  if (!hides_ours && entries.size() - by_us <= bundles.others) return {};
  return fail(error(Errc::policy_denied, "a bundle would hide signatures from cosign 3: {} signed the tag {} alone",
                    hides_ours ? "this key" : "another key", store::cosign_tag(image, "sig"))
                  .with_hint(hides_ours ? "sign the image with this key first: slipway sign REF --key KEY"
                                        : "write the older form alone: --format legacy; or let that key's owner sign a "
                                          "bundle: slipway sign REF --key KEY"));
}

Status write_bundle_of(store::Target& target, const oci::Descriptor& image, const Statement& statement, Signer& signer,
                       const std::stop_token& stop) {
  std::string payload = write_statement(statement);
  SLIPWAY_ASSIGN(std::string signature, signer.sign(signed_bytes(kInTotoType, payload)));
  const Bundle bundle{{std::string(kInTotoType), std::move(payload), {std::move(signature)}},
                      signer.public_key().hint()};
  return attach_bundle(target, image, bundle, statement.predicate_type, stop);
}

oci::Descriptor layer_of(std::string_view type, std::string_view bytes, oci::Annotations annotations) {
  oci::Descriptor layer(std::string(type), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
  layer.annotations = std::move(annotations);
  return layer;
}

Status write_legacy_signature(store::Target& target, const Signing& signing, Signer& signer) {
  std::string payload = legacy_payload(signing.image.digest, signing.reference, signing.annotations);
  SLIPWAY_ASSIGN(const std::string signature, signer.sign(payload));
  const auto layer = layer_of(kPayloadType, payload, {{std::string(kSignatureKey), base64_encode(signature)}});
  return add_legacy_entry(target, signing.image.digest, "sig", {layer, std::move(payload)}, signing.stop);
}

Status write_legacy_attestation(store::Target& target, const Attesting& attesting, const Statement& statement,
                                Signer& signer) {
  std::string payload = write_statement(statement);
  SLIPWAY_ASSIGN(std::string signature, signer.sign(signed_bytes(kInTotoType, payload)));
  std::string envelope = write_envelope({std::string(kInTotoType), std::move(payload), {std::move(signature)}});
  const auto layer =
      layer_of(kEnvelopeType, envelope,
               {{std::string(kSignatureKey), ""}, {std::string(kPredicateKey), statement.predicate_type}});
  return add_legacy_entry(target, attesting.image.digest, "att", {layer, std::move(envelope)}, attesting.stop);
}

/// Returns true if one of the proofs has the form and passes.
template <class Same>
bool has(const Checked& checked, Form form, Same same) {
  return std::any_of(checked.proofs.begin(), checked.proofs.end(),
                     [&](const Proof& proof) { return proof.form == form && same(proof); });
}

}  // namespace

Result<Checked> check(store::ReadTarget& from, const oci::Descriptor& image, const std::vector<PublicKey>& keys,
                      std::stop_token stop) {
  Checked checked;
  SLIPWAY_ASSIGN(const auto bundles, attached_bundles(from, image.digest));
  for (const AttachedBundle& bundle : bundles)
    note(judge_bundle(bundle, image.digest, keys), checked);
  for (const auto& [suffix, judge] : {std::pair("sig", &judge_signature), {"att", &judge_attestation}}) {
    if (stop.stop_requested()) return fail(Errc::cancelled, "cancelled");
    SLIPWAY_ASSIGN(const auto entries, legacy_entries(from, image.digest, suffix));
    for (const LegacyEntry& entry : entries)
      note(judge(entry, image.digest, keys), checked);
  }
  return checked;
}

Result<Written> sign(store::Target& target, const Signing& signing, Signer& signer) {
  SLIPWAY_ASSIGN(const Checked there, check(target, signing.image, {signer.public_key()}, signing.stop));
  const auto same = [&](const Proof& proof) {
    return proof.predicate_type == kSignPredicate && proof.annotations == signing.annotations;
  };
  Written written;
  if (signing.bundle && !has(there, Form::bundle, same)) {
    SLIPWAY_TRY(refuse_to_hide(target, signing.image.digest, signer.public_key(), true));
    const Statement statement{
        {{"", {signing.image.digest}, signing.annotations}}, std::string(kSignPredicate), Json(Json::Object{})};
    SLIPWAY_TRY(write_bundle_of(target, signing.image, statement, signer, signing.stop));
    ++written.bundles;
  }
  const auto named = [&](const Proof& proof) { return same(proof) && proof.reference == signing.reference; };
  if (signing.legacy && !signing.reference.empty() && !has(there, Form::legacy, named)) {
    SLIPWAY_TRY(write_legacy_signature(target, signing, signer));
    ++written.legacy;
  }
  return written;
}

Result<Written> attest(store::Target& target, const Attesting& attesting, Signer& signer) {
  SLIPWAY_ASSIGN(const Checked there, check(target, attesting.image, {signer.public_key()}, attesting.stop));
  const auto same = [&](const Proof& proof) {
    return proof.predicate_type == attesting.predicate_type && proof.predicate == attesting.predicate;
  };
  const Statement statement{
      {{attesting.name, {attesting.image.digest}, {}}}, attesting.predicate_type, attesting.predicate};
  Written written;
  if (attesting.bundle && !has(there, Form::bundle, same)) {
    SLIPWAY_TRY(refuse_to_hide(target, attesting.image.digest, signer.public_key(), false));
    SLIPWAY_TRY(write_bundle_of(target, attesting.image, statement, signer, attesting.stop));
    ++written.bundles;
  }
  if (attesting.legacy && !has(there, Form::legacy, same)) {
    SLIPWAY_TRY(write_legacy_attestation(target, attesting, statement, signer));
    ++written.legacy;
  }
  return written;
}

}  // namespace slipway::trust
