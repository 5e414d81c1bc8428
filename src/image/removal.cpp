#include "slipway/image/removal.h"

#include <algorithm>
#include <map>

#include "slipway/base/text.h"
#include "slipway/oci/media_type.h"

namespace slipway::image {
namespace {

constexpr std::size_t kShownTags = 8;

/// Which manifests reach a digest; each is read once.
class Reach {
 public:
  Reach(store::ReadTarget& place, const Digest& digest) : place_(place), digest_(digest) {}

  Result<bool> of(const oci::Descriptor& from, int depth = 0) {
    if (from.digest == digest_) return true;
    if (!oci::is_index(from.media_type) || depth == oci::kMaxIndexDepth) return false;
    if (const auto known = known_.find(from.digest); known != known_.end()) return known->second;
    known_.emplace(from.digest, false);  // a cycle ends here
    SLIPWAY_ASSIGN(const store::Fetched fetched, place_.fetch_document(from.digest));
    SLIPWAY_ASSIGN(const oci::Document document, oci::parse_document(fetched.bytes, from.media_type));
    for (const oci::Descriptor& child : oci::children(document)) {
      SLIPWAY_ASSIGN(const bool reached, of(child, depth + 1));
      if (reached) return known_[from.digest] = true;
    }
    return false;
  }

 private:
  store::ReadTarget& place_;
  const Digest& digest_;
  std::map<Digest, bool> known_;
};

std::string some_of(const std::vector<std::string>& tags) {
  const std::size_t shown = std::min(tags.size(), kShownTags);
  std::string text =
      fmt::format("{}", fmt::join(tags.begin(), tags.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (tags.size() > shown) text += fmt::format(" and {} more", tags.size() - shown);
  return text;
}

Result<store::Deleter*> deleter_of(store::ReadTarget& place) {
  if (auto* deleter = store::as<store::Deleter>(place)) return deleter;
  return fail(error(Errc::unsupported, "{} cannot delete", place.name())
                  .with_hint("copy what stays to another place: slipway copy SRC DST"));
}

}  // namespace

Result<std::vector<std::string>> tags_that_reach(store::ReadTarget& place, const Digest& digest) {
  auto* lister = store::as<store::TagLister>(place);
  if (lister == nullptr)
    return fail(error(Errc::unsupported, "{} cannot list its tags", place.name())
                    .with_hint("name the tag that is to go: slipway delete REPOSITORY:TAG"));
  SLIPWAY_ASSIGN(const auto tags, lister->list_tags());
  Reach reach(place, digest);
  std::vector<std::string> found;
  for (const std::string& tag : tags) {
    const auto root = place.resolve(tag);
    if (!root && root.error().code == Errc::not_found) continue;  // gone since
    SLIPWAY_TRY(root);
    SLIPWAY_ASSIGN(const bool reached, reach.of(*root));
    if (reached) found.push_back(tag);
  }
  return found;
}

Result<bool> remove_tag(store::ReadTarget& place, const std::string& tag, const oci::Descriptor& root) {
  SLIPWAY_ASSIGN(store::Deleter * deleter, deleter_of(place));
  const Status removed = deleter->delete_tag(tag);
  if (removed) return false;
  if (removed.error().code != Errc::unsupported) return fail(removed.error());
  SLIPWAY_ASSIGN(auto others, tags_that_reach(place, root.digest));
  std::erase(others, tag);
  if (others.empty()) {
    SLIPWAY_TRY(deleter->delete_manifest(root.digest));
    return true;
  }
  return fail(
      Error(Errc::unsupported,
            fmt::format("{} cannot delete a tag alone, and the manifest of {} is also that of {}: nothing was "
                        "deleted",
                        place.name(), tag, some_of(others)))
          .with_hint(fmt::format("move the tag to another image instead: slipway tag REPOSITORY:OTHER {}", tag)));
}

Status remove_manifest(store::ReadTarget& place, const oci::Descriptor& root) {
  SLIPWAY_ASSIGN(store::Deleter * deleter, deleter_of(place));
  SLIPWAY_ASSIGN(const auto tags, tags_that_reach(place, root.digest));
  if (tags.empty()) return deleter->delete_manifest(root.digest);
  return fail(
      Error(Errc::conflict, fmt::format("{} is what {} of {} {} made of: nothing was deleted", root.digest.str(),
                                        some_of(tags), place.name(), tags.size() == 1 ? "is" : "are"))
          .with_hint("delete the tags first, one by one: slipway delete REPOSITORY:TAG"));
}

}  // namespace slipway::image
