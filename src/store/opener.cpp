#include "slipway/store/opener.h"

#include <set>

#include "slipway/base/text.h"

namespace slipway::store {

Result<TagOrDigest> reference_of(const oci::Location& location, ReadTarget& target) {
  if (location.digest()) return TagOrDigest(*location.digest());
  if (location.tag()) return TagOrDigest(*location.tag());
  auto* lister = as<RootLister>(target);
  if (lister == nullptr) {
    return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" names no image", location.str()))
                    .with_hint(fmt::format("add a tag or a digest, for example {}:TAG; the tags: slipway ls {}",
                                           location.place(), location.place())));
  }
  SLIPWAY_ASSIGN(const auto roots, lister->roots());
  std::vector<std::string> tags;
  std::set<Digest> digests;
  for (const oci::Descriptor& root : roots) {
    const auto at = root.annotations.find(std::string(oci::kRefName));
    if (at != root.annotations.end()) tags.push_back(at->second);
    digests.insert(root.digest);
  }
  if (tags.size() == 1) return TagOrDigest(tags.front());
  // Several tags of one image leave no doubt.
  if (digests.size() == 1) return TagOrDigest(*digests.begin());
  if (digests.empty())
    return fail(error(Errc::not_found, "{} holds no image", target.name())
                    .with_hint("build one into it: slipway build --to " + location.without_reference().str()));
  constexpr std::size_t kShown = 10;
  const std::size_t count = std::min(tags.size(), kShown);
  return fail(
      Error(Errc::invalid_argument, fmt::format("{} holds more than one image", target.name()))
          .with_hint(fmt::format("add a tag: {}:TAG with one of {}{}", location.place(),
                                 fmt::join(tags.begin(), tags.begin() + static_cast<std::ptrdiff_t>(count), ", "),
                                 tags.size() > kShown ? ", ..." : "")));
}

}  // namespace slipway::store
