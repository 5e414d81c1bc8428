#include "release/carry.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "release/tags.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {
namespace {

/// Verifiers fetch what is attached, and admission controllers refuse an image with more than 50 referrers.
constexpr std::size_t kMostOfOne = 20;

/// Types of signatures and attestations: sigstore's bundles, cosign's experimental referrers, Notation, DSSE and
/// in-toto.
constexpr std::array<std::string_view, 5> kSignatureTypes{
    "application/vnd.dev.sigstore.bundle", "application/vnd.dev.cosign.artifact.",
    "application/vnd.cncf.notary.signature", "application/vnd.dsse.envelope", "application/vnd.in-toto"};

bool is_signature(const copy::Attached& attached) {
  if (!attached.tag.empty()) return attached.tag.ends_with(".sig") || attached.tag.ends_with(".att");
  const std::string& type = attached.manifest.artifact_type;
  return std::any_of(kSignatureTypes.begin(), kSignatureTypes.end(),
                     [&](std::string_view known) { return type.starts_with(known); });
}

/// Evidence belongs to the environment it is about, and debug files to the build: neither travels.
bool is_our_own(const copy::Attached& attached) {
  return attached.manifest.artifact_type.starts_with("application/vnd.slipway.");
}

bool travels(Carry carry, const copy::Attached& attached) {
  if (carry == Carry::none || is_our_own(attached)) return false;
  return carry == Carry::all || is_signature(attached);
}

/// A subject stands before what is attached to it.
void put_subjects_first(std::vector<copy::Attached>& found) {
  std::set<Digest> attachments;
  for (const copy::Attached& attached : found)
    attachments.insert(attached.manifest.digest);
  std::vector<copy::Attached> ordered;
  while (!found.empty()) {
    const auto ready = std::stable_partition(found.begin(), found.end(), [&](const copy::Attached& attached) {
      return !attachments.contains(attached.subject);
    });
    // Those that are attached to each other in a circle, or to what a limit left out, come last.
    const auto end = ready == found.begin() ? found.end() : ready;
    for (auto at = found.begin(); at != end; ++at) {
      attachments.erase(at->manifest.digest);
      ordered.push_back(*at);
    }
    found.erase(found.begin(), end);
  }
  found = std::move(ordered);
}

/// Signatures first, so that a limit leaves out anything else.
void keep_most(std::vector<copy::Attached>& found, std::vector<Error>& warnings) {
  std::stable_partition(found.begin(), found.end(), is_signature);
  std::map<Digest, std::size_t> counts;
  for (const copy::Attached& attached : found)
    ++counts[attached.subject];
  for (const auto& [subject, count] : counts) {
    if (count <= kMostOfOne) continue;
    warnings.push_back(error(Errc::too_large, "{} has {} attachments that would travel: the first {} do", subject.str(),
                             count, kMostOfOne)
                           .with_hint("remove attachments that nobody verifies"));
  }
  std::map<Digest, std::size_t> taken;
  std::erase_if(found, [&](const copy::Attached& attached) { return ++taken[attached.subject] > kMostOfOne; });
  put_subjects_first(found);
}

copy::CopyOptions how(const ReleaseServices& services) { return {.lanes = services.lanes, .stop = services.stop}; }

/// The places that attachments come from.
std::vector<oci::Location> origins(const Plan& plan) {
  std::vector<oci::Location> places;
  for (const oci::Location& source : plan.sources) {
    if (!source.same_place(plan.repository)) places.push_back(source);
  }
  return places;
}

/// A tag or a list that the registry cannot read, as its death left it, is passed over with a warning.
Result<std::vector<copy::Attached>> find_at(const oci::Location& place, const Plan& plan, Carry carry,
                                            std::vector<Error>& warnings, const ReleaseServices& services) {
  SLIPWAY_ASSIGN(const auto source, services.opener->open_for_reading(place, Side::source));
  const auto wanted = [&](const copy::Attached& attached) { return travels(carry, attached); };
  std::vector<Error> unreadable;
  auto found =
      copy::find_attached(*source, plan.build, wanted, how(services), may_be_signed, {&is_unreadable, &unreadable});
  for (const Error& why : unreadable) {
    warnings.push_back(error(Errc::not_found,
                             "a tag of attachments of {} cannot be read in {}, so they do not travel: {}",
                             plan.build.digest.str(), place.place(), why.message)
                           .with_hint("attach it again, which writes the tag: cosign sign, cosign attest"));
  }
  if (found) return found;
  return fail(
      std::move(found).error().on(Side::source).in("looking for what is attached to " + plan.build.digest.str()));
}

Status copy_one(const copy::Attached& attached, const std::vector<std::shared_ptr<store::ReadTarget>>& sources,
                store::Target& target, const ReleaseServices& services) {
  Status copied = fail(Errc::not_found, "no source has {}", attached.manifest.digest.str());
  for (const auto& source : sources) {
    copied = copy::copy_attachment(*source, attached, target, how(services));
    if (copied || copied.error().code != Errc::not_found) break;
  }
  if (copied) return {};
  const std::string what = attached.tag.empty() ? attached.manifest.digest.str() : attached.tag;
  Error error = std::move(copied).error().in(fmt::format("carrying {}, which is attached to the build", what));
  error.hint = "write 'carry: none' into the environment of slipway.yaml to release without attachments";
  return fail(std::move(error));
}

Status copy_all(const Plan& plan, store::Target& target, const ReleaseServices& services) {
  std::vector<std::shared_ptr<store::ReadTarget>> sources;
  for (const oci::Location& place : origins(plan)) {
    SLIPWAY_ASSIGN(auto source, services.opener->open_for_reading(place, Side::source));
    sources.push_back(std::move(source));
  }
  for (const copy::Attached& attached : plan.attached)
    SLIPWAY_TRY(copy_one(attached, sources, target, services));
  return {};
}

}  // namespace

bool may_be_signed(const copy::Attached& attached) { return !is_signature(attached) && !is_our_own(attached); }

Result<std::vector<copy::Attached>> find_carried(const Plan& plan, Carry carry, std::vector<Error>& warnings,
                                                 const ReleaseServices& services) {
  std::vector<copy::Attached> all;
  if (carry == Carry::none) return all;
  for (const oci::Location& place : origins(plan)) {
    auto found = find_at(place, plan, carry, warnings, services);
    if (!found && plan.entry.kind != Kind::rollback) return fail(std::move(found).error());
    if (!found) {
      warnings.push_back(std::move(found).error());
      continue;
    }
    for (copy::Attached& attached : *found) {
      if (std::find(all.begin(), all.end(), attached) == all.end()) all.push_back(std::move(attached));
    }
  }
  keep_most(all, warnings);
  return all;
}

Result<bool> is_signed(const Plan& plan, const ReleaseServices& services) {
  if (std::any_of(plan.attached.begin(), plan.attached.end(), is_signature)) return true;
  const auto signs = [](const copy::Attached& attached) { return travels(Carry::signatures, attached); };
  // As a manifest, so that its children are not asked about: the loss is worth a word, not a request each.
  const oci::Descriptor root(std::string(oci::kManifestType), plan.build.digest, plan.build.size);
  for (const oci::Location& place : plan.sources) {
    if (!place.same_place(plan.repository)) continue;  // what is elsewhere would be in the plan
    SLIPWAY_ASSIGN(const auto source, services.opener->open_for_reading(place, Side::source));
    SLIPWAY_ASSIGN(const auto found, copy::find_attached(*source, root, signs, how(services), {}, {&is_unreadable}));
    if (!found.empty()) return true;
  }
  return false;
}

Status carry_attached(const Plan& plan, store::Target& target, const ReleaseServices& services) {
  if (plan.attached.empty()) return {};
  Status carried = copy_all(plan, target, services);
  if (carried || plan.entry.kind != Kind::rollback || carried.error().code == Errc::cancelled) return carried;
  if (services.warn) services.warn(carried.error());
  return {};
}

}  // namespace slipway::release
