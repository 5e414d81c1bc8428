#include "release/proof_of_attached.h"

#include "release/carry.h"
#include "release/tags.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {
namespace {

/// Returns the digest of the first part that is missing; nothing when all of it is there.
Result<std::optional<Digest>> missing_part(store::ReadTarget& target, const oci::Descriptor& manifest) {
  auto document = copy::fetch_document(target, manifest);
  if (!document && document.error().code == Errc::not_found) return std::optional<Digest>(manifest.digest);
  SLIPWAY_TRY(document);
  for (const oci::Descriptor& child : oci::children(*document)) {
    if (!child.urls.empty()) continue;
    SLIPWAY_ASSIGN(const bool there, target.exists(child));
    if (!there) return std::optional<Digest>(child.digest);
  }
  return std::optional<Digest>();
}

/// A registry without a place for lists of referrers has nothing attached.
bool has_no_list(const Error& error) { return error.code == Errc::conflict || error.code == Errc::unsupported; }

}  // namespace

Status prove_attached(store::ReadTarget& target, const oci::Descriptor& image, const std::string& what,
                      const copy::CopyOptions& how, std::vector<Error>& problems, std::vector<std::string>& notes) {
  const auto any = [](const copy::Attached&) { return true; };
  std::vector<Error> unreadable;
  const auto found = copy::find_attached(target, image, any, how, may_be_signed, {&is_unreadable, &unreadable});
  for (const Error& why : unreadable)
    notes.push_back(fmt::format("something attached to {} cannot be read: {}", what, why.message));
  if (!found && found.error().code == Errc::not_found)
    return {};  // the image itself is missing, which is said elsewhere
  if (!found && has_no_list(found.error())) {
    notes.push_back("the attachments of " + what + " cannot be listed: " + found.error().message);
    return {};
  }
  SLIPWAY_TRY(found);
  for (const copy::Attached& attached : *found) {
    SLIPWAY_ASSIGN(const auto missing, missing_part(target, attached.manifest));
    if (!missing) continue;
    problems.emplace_back(
        Errc::verification_failed,
        fmt::format("{} is listed as attached to {} of {}, and {} is not there", attached.manifest.digest.str(),
                    attached.subject.str(), what, *missing == attached.manifest.digest ? "it" : missing->str()));
  }
  return {};
}

}  // namespace slipway::release
