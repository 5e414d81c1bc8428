#include "cli/proved_signatures.h"

#include <algorithm>

#include "cli/config_flags.h"
#include "cli/signing_keys.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kReasonsShown = 3;

bool has_annotations(const trust::Proof& proof, const oci::Annotations& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& annotation) {
    const auto at = proof.annotations.find(annotation.first);
    return at != proof.annotations.end() && at->second == annotation.second;
  });
}

/// Names what is missing and, in part, why what is there does not count.
Error missing(const store::ReadTarget& from, const oci::Descriptor& image, const std::string& wanted,
              const trust::Checked& checked) {
  std::string reasons;
  for (std::size_t i = 0; i < std::min(checked.refused.size(), kReasonsShown); ++i)
    reasons += "; " + checked.refused[i].message;
  if (checked.refused.size() > kReasonsShown)
    reasons += fmt::format("; and {} more", checked.refused.size() - kReasonsShown);
  const std::string place = fmt::format("{}@{}", from.name(), image.digest.str());
  return error(Errc::verification_failed, "{} has no {}{}", place, wanted, reasons)
      .with_hint("see what is attached with: slipway referrers " + place);
}

std::string_view name_of(trust::Form form) { return form == trust::Form::bundle ? "bundle" : "legacy"; }

}  // namespace

void bind_signatures(OptionSet& options, SignatureFlags& flags) {
  options.list("--key", "PUB", flags.keys, "fail unless this public key, or another one named, signed it (repeatable)");
  options.list("--type", "TYPE", flags.types,
               "with --key: fail without an attestation of this type, e.g. slsaprovenance1 (repeatable)");
  options.list("-a,--annotation", "K=V", flags.annotations, "with --key: an annotation of the signature (repeatable)");
}

Result<std::vector<trust::Proof>> prove_signatures(Context& context, store::ReadTarget& from,
                                                   const oci::Descriptor& image, const SignatureFlags& flags) {
  std::vector<trust::PublicKey> keys;
  for (const std::string& name : flags.keys) {
    SLIPWAY_ASSIGN(trust::PublicKey key, open_public_key(context, name));
    keys.push_back(std::move(key));
  }
  SLIPWAY_ASSIGN(const oci::Annotations annotations, parse_annotations(flags.annotations));
  SLIPWAY_ASSIGN(const trust::Checked checked, trust::check(from, image, keys, context.stop()));
  std::vector<trust::Proof> proofs;
  const auto take = [&](const std::string& type, const oci::Annotations& wanted) {
    const std::size_t before = proofs.size();
    std::copy_if(
        checked.proofs.begin(), checked.proofs.end(), std::back_inserter(proofs),
        [&](const trust::Proof& proof) { return proof.predicate_type == type && has_annotations(proof, wanted); });
    return proofs.size() > before;
  };
  const std::string signature =
      annotations.empty() ? "signature by the keys given" : "signature by the keys given with these annotations";
  if (flags.types.empty() && !take(std::string(trust::kSignPredicate), annotations))
    return fail(missing(from, image, signature, checked));
  for (const std::string& type : flags.types) {
    if (take(trust::predicate_type_named(type), {})) continue;
    return fail(
        missing(from, image, fmt::format("attestation \"{}\" by the keys given", printable(type, 200)), checked));
  }
  return proofs;
}

Json::Array signatures_json(const std::vector<trust::Proof>& proofs) {
  Json::Array signatures;
  for (const trust::Proof& proof : proofs) {
    Json annotations{Json::Object{}};
    for (const auto& [key, value] : proof.annotations)
      annotations.set(key, value);
    Json json;
    json.set("form", name_of(proof.form)).set("type", proof.predicate_type).set("key", proof.key.str());
    json.set("document", proof.document.str()).set("annotations", std::move(annotations));
    if (!proof.reference.empty()) json.set("reference", proof.reference);
    if (proof.predicate_type != trust::kSignPredicate) json.set("predicate", proof.predicate);
    signatures.push_back(std::move(json));
  }
  return signatures;
}

void note_signatures(Context& context, const std::vector<trust::Proof>& proofs) {
  for (const trust::Proof& proof : proofs) {
    const bool signature = proof.predicate_type == trust::kSignPredicate;
    context.note(fmt::format("{} by key {} ({})", signature ? "signed" : printable(proof.predicate_type, 200),
                             proof.key.short_hex(), name_of(proof.form)));
  }
}

}  // namespace slipway::cli
