#include <algorithm>
#include <set>

#include "registry/registry_target.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kMaxPages = 1'000;
constexpr std::size_t kMaxPageBytes = 8u << 20;
constexpr int kMergeTries = 5;

/// The entry of a referrers list for a document (distribution-spec "Pushing Manifests with Subject").
oci::Descriptor list_entry(const oci::Descriptor& descriptor, const oci::Document& document) {
  oci::Descriptor entry(descriptor.media_type, descriptor.digest, descriptor.size);
  if (const auto* manifest = std::get_if<oci::Manifest>(&document)) {
    entry.artifact_type = manifest->artifact_type.empty() ? manifest->config.media_type : manifest->artifact_type;
    entry.annotations = manifest->annotations;
  } else {
    entry.artifact_type = std::get<oci::Index>(document).artifact_type;
    entry.annotations = std::get<oci::Index>(document).annotations;
  }
  return entry;
}

std::vector<oci::Descriptor> filtered(std::vector<oci::Descriptor> list, const std::string& artifact_type) {
  std::erase_if(list, [&](const auto& d) { return !artifact_type.empty() && d.artifact_type != artifact_type; });
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.digest < b.digest; });
  return list;
}

}  // namespace

std::string fallback_tag(const Digest& subject) {
  return fmt::format("{}-{}", subject.algorithm(), subject.hex().substr(0, 64));
}

std::optional<std::string> next_link(std::string_view header) {
  for (const std::string& part : split(header, ',')) {
    const std::size_t open = part.find('<');
    const std::size_t close = part.find('>', open);
    if (open == std::string::npos || close == std::string::npos) continue;
    const std::string rest = to_lower(part.substr(close + 1));
    if (rest.find("rel=\"next\"") == std::string::npos && rest.find("rel=next") == std::string::npos) continue;
    return part.substr(open + 1, close - open - 1);
  }
  return std::nullopt;
}

Result<std::vector<std::string>> RegistryTarget::list_tags() {
  std::set<std::string> tags;
  Call get = call("GET", "/tags/list?n=1000", "the tags of " + name());
  get.limit = kMaxPageBytes;
  for (std::size_t page = 0;; ++page) {
    if (page == kMaxPages) return fail(Errc::too_large, "{} lists its tags on more than {} pages", name(), kMaxPages);
    SLIPWAY_ASSIGN(const Reply reply, host_->send(get, {}));
    SLIPWAY_ASSIGN(const Json json, Json::parse(reply.body, "the tags of " + name(), {.max_bytes = kMaxPageBytes}));
    const Json* list = json.find("tags");
    const std::size_t before = tags.size();
    if (list != nullptr && list->array() != nullptr) {
      for (const Json& tag : *list->array()) {
        // Some registries list digests or null among the tags.
        if (tag.string() != nullptr && oci::is_valid_tag(*tag.string())) tags.insert(*tag.string());
      }
    }
    SLIPWAY_ASSIGN(auto next, next_page(reply, "tags"));
    if (!next) break;
    if (page > 0 && tags.size() == before)
      return fail(Errc::malformed, "{} repeats its list of tags without end", name());
    get.path = *std::move(next);
  }
  return std::vector<std::string>(tags.begin(), tags.end());
}

Result<std::optional<std::string>> RegistryTarget::next_page(const Reply& reply, std::string_view list) const {
  const auto link = reply.response.header("link");
  const auto next = link ? next_link(*link) : std::nullopt;
  if (!next) return std::optional<std::string>();
  SLIPWAY_ASSIGN(const auto here, http::Url::parse(reply.response.url));
  SLIPWAY_ASSIGN(const auto there, http::resolve(here, *next));
  if (!there.same_origin(here)) {
    return fail(Errc::malformed, "{} continues its list of {} on another host ({}), which is refused", name(), list,
                there.host);
  }
  return std::optional<std::string>(there.path + (there.query.empty() ? "" : "?" + there.query));
}

Result<std::vector<oci::Descriptor>> RegistryTarget::referrers(const Digest& subject,
                                                               const std::string& artifact_type) {
  if (host_->memory().referrers_api().value_or(true)) {
    SLIPWAY_ASSIGN(auto listed, api_referrers(subject));
    if (listed) return filtered(*std::move(listed), artifact_type);
  }
  SLIPWAY_ASSIGN(auto index, fallback_index(subject));
  if (!index) return std::vector<oci::Descriptor>();
  return filtered(std::move(index->manifests), artifact_type);
}

Result<std::optional<std::vector<oci::Descriptor>>> RegistryTarget::api_referrers(const Digest& subject) {
  std::vector<oci::Descriptor> all;
  std::set<Digest> seen;
  Call get =
      call("GET", "/referrers/" + subject.str(), fmt::format("the referrers of {} in {}", subject.str(), name()));
  get.headers = {{"Accept", std::string(oci::kIndexType)}};
  get.accepts = {400, 404, 405};
  for (std::size_t page = 0; page < kMaxPages; ++page) {
    SLIPWAY_ASSIGN(const Reply reply, host_->send(get, {}));
    const std::string type = to_lower(trim(split(reply.response.header("content-type").value_or(""), ';').front()));
    if (page == 0 && (reply.status() != 200 || type != oci::kIndexType)) {
      if (!host_->memory().referrers_api()) host_->memory().learn_referrers_api(false);
      return std::optional<std::vector<oci::Descriptor>>();
    }
    host_->memory().learn_referrers_api(true);
    SLIPWAY_ASSIGN(oci::Index index, oci::parse_index(reply.body, oci::kIndexType));
    const std::size_t before = seen.size();
    for (oci::Descriptor& entry : index.manifests) {
      if (seen.insert(entry.digest).second) all.push_back(std::move(entry));
    }
    SLIPWAY_ASSIGN(auto next, next_page(reply, "referrers"));
    if (!next) return std::optional<std::vector<oci::Descriptor>>(std::move(all));
    if (page > 0 && seen.size() == before) {
      return fail(Errc::malformed, "{} repeats its list of referrers without end", name());
    }
    get.path = *std::move(next);
    get.accepts.clear();  // half a list is no list: what is missing may be the signature
  }
  return fail(Errc::too_large, "{} lists the referrers of {} on more than {} pages", name(), subject.str(), kMaxPages);
}

Result<std::optional<oci::Index>> RegistryTarget::fallback_index(const Digest& subject) {
  auto fetched = fetch_document(fallback_tag(subject));
  if (!fetched && fetched.error().code == Errc::not_found) return std::optional<oci::Index>();
  SLIPWAY_TRY(fetched);
  auto index = oci::parse_index(fetched->bytes, fetched->descriptor.media_type);
  // One registry resolves sha256-<hex> to the subject itself: such a thing is never overwritten.
  if (!index || fetched->descriptor.digest == subject || index->subject || index->media_type != oci::kIndexType) {
    return fail(
        Error(Errc::conflict, fmt::format("the tag {} of {} is not a list of referrers", fallback_tag(subject), name()))
            .with_hint("this registry has no place for attachments; use one with the referrers API"));
  }
  return std::optional<oci::Index>(*std::move(index));
}

Status RegistryTarget::add_fallback_referrer(const oci::Descriptor& referrer, std::string_view bytes,
                                             const Digest& subject) {
  SLIPWAY_ASSIGN(const oci::Document document, oci::parse_document(std::string(bytes), referrer.media_type));
  const oci::Descriptor entry = list_entry(referrer, document);
  const std::scoped_lock lock(fallback_mutex_);
  const auto turn = host_->memory().turn();
  // Another machine may write the list between our read and our write: look again after writing.
  for (int attempt = 0; attempt < kMergeTries; ++attempt) {
    SLIPWAY_ASSIGN(auto found, fallback_index(subject));
    oci::Index index = found.value_or(oci::Index{.raw = {},
                                                 .media_type = std::string(oci::kIndexType),
                                                 .artifact_type = {},
                                                 .manifests = {},
                                                 .subject = {},
                                                 .annotations = {}});
    const bool listed = std::any_of(index.manifests.begin(), index.manifests.end(),
                                    [&](const auto& d) { return d.digest == entry.digest; });
    if (listed) return {};
    index.manifests.push_back(entry);
    std::sort(index.manifests.begin(), index.manifests.end(),
              [](const auto& a, const auto& b) { return a.digest < b.digest; });
    const std::string text = oci::write_index(index);
    const oci::Descriptor descriptor(index.media_type, io::digest_of(text), static_cast<std::int64_t>(text.size()));
    SLIPWAY_TRY(put_document(descriptor, text, fallback_tag(subject), {}));
  }
  return fail(Errc::conflict, "others keep writing the list of referrers of {} in {}", subject.str(), name());
}

}  // namespace slipway::registry
