#include "registry/referrers.h"

#include <algorithm>

#include "registry/pages.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/attachment_tag.h"

namespace slipway::registry {
namespace {

constexpr int kMergeTries = 5;
constexpr std::string_view kEmptyType = "application/vnd.oci.empty.v1+json";

/// Returns the entry of a referrers list for a document (distribution-spec "Pushing Manifests with Subject").
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

bool by_digest(const oci::Descriptor& a, const oci::Descriptor& b) { return a.digest < b.digest; }

oci::Index empty_index() {
  return {.raw = {},
          .media_type = std::string(oci::kIndexType),
          .artifact_type = {},
          .manifests = {},
          .subject = {},
          .annotations = {}};
}

bool is_index_answer(const Reply& reply) {
  const std::string type = to_lower(trim(split(reply.response.header("content-type").value_or(""), ';').front()));
  return reply.status() == 200 && type == oci::kIndexType;
}

}  // namespace

/// The right of one lane to change the list of a subject, until destroyed. No lock is held in the meantime.
class Referrers::Turn {
 public:
  Turn(Referrers& referrers, const Digest& subject) : referrers_(referrers), subject_(subject) {
    std::unique_lock lock(referrers_.mutex_);
    referrers_.changed_.wait(lock, [&] { return referrers_.subjects_in_change_.insert(subject_).second; });
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    const std::scoped_lock lock(referrers_.mutex_);
    referrers_.subjects_in_change_.erase(subject_);
    referrers_.changed_.notify_all();
  }

 private:
  Referrers& referrers_;
  const Digest subject_;
};

Result<std::vector<oci::Descriptor>> Referrers::list(const Digest& subject, const std::string& artifact_type) {
  std::optional<std::vector<oci::Descriptor>> listed;
  if (repository_.host().memory().referrers_api().value_or(true)) {
    SLIPWAY_ASSIGN(listed, by_api(subject));
  }
  if (!listed) {
    SLIPWAY_ASSIGN(auto index, fallback_index(subject));
    listed = index ? std::move(index->manifests) : std::vector<oci::Descriptor>();
  } else if (listed->empty() && !repository_.host().memory().trusts_referrers_api()) {
    // An API that never found anything may be one that ignores subjects: a list that clients keep is believed then.
    auto index = fallback_index(subject);
    if (index && *index) listed = std::move((*index)->manifests);
    if (!index && index.error().code != Errc::conflict) return fail(std::move(index).error());
  }
  SLIPWAY_TRY(complete(*listed));
  std::erase_if(*listed, [&](const auto& d) { return !artifact_type.empty() && d.artifact_type != artifact_type; });
  std::sort(listed->begin(), listed->end(), by_digest);
  return *std::move(listed);
}

/// The type of the empty config is never an artifact's type: where a list has it, the manifest itself is asked.
Status Referrers::complete(std::vector<oci::Descriptor>& list) {
  for (oci::Descriptor& entry : list) {
    if (entry.artifact_type != kEmptyType || !oci::is_manifest(entry.media_type)) continue;
    auto bytes = manifests_.bytes_of(entry.digest);
    if (!bytes && bytes.error().code == Errc::not_found) continue;  // listed, and collected since
    SLIPWAY_TRY(bytes);
    SLIPWAY_ASSIGN(const oci::Document document, oci::parse_document(*std::move(bytes), entry.media_type));
    entry.artifact_type = list_entry(entry, document).artifact_type;
  }
  return {};
}

Result<std::optional<std::vector<oci::Descriptor>>> Referrers::by_api(const Digest& subject) {
  const std::string what = fmt::format("the referrers of {} in {}", subject.str(), repository_.name());
  Call get = repository_.call("GET", "/referrers/" + subject.str(), what);
  get.headers = {{"Accept", std::string(oci::kIndexType)}};
  get.accepts = {400, 404, 405};
  HostMemory& memory = repository_.host().memory();
  Pages pages(repository_.host(), get, what);
  std::vector<oci::Descriptor> all;
  std::set<Digest> seen;
  for (bool first = true;; first = false) {
    SLIPWAY_ASSIGN(const auto page, pages.next());
    if (!page) return std::optional(std::move(all));
    if (first && !is_index_answer(*page)) {
      if (!memory.referrers_api()) memory.learn_referrers_api(false);
      return std::optional<std::vector<oci::Descriptor>>();
    }
    memory.learn_referrers_api(true);
    SLIPWAY_ASSIGN(oci::Index index, oci::parse_index(page->body, oci::kIndexType));
    if (!index.manifests.empty()) memory.trust_referrers_api();
    for (oci::Descriptor& entry : index.manifests) {
      if (seen.insert(entry.digest).second) all.push_back(std::move(entry));
    }
  }
}

Result<std::optional<oci::Index>> Referrers::fallback_index(const Digest& subject) {
  auto fetched = manifests_.fetch(store::referrers_tag(subject));
  if (!fetched && fetched.error().code == Errc::not_found) return std::optional<oci::Index>();
  SLIPWAY_TRY(fetched);
  auto index = oci::parse_index(fetched->bytes, fetched->descriptor.media_type);
  // One registry resolves sha256-<hex> to the subject itself: such a thing is never overwritten.
  if (!index || fetched->descriptor.digest == subject || index->subject || index->media_type != oci::kIndexType) {
    return fail(error(Errc::conflict, "the tag {} of {} is not a list of referrers", store::referrers_tag(subject),
                      repository_.name())
                    .with_hint("use a registry that has the referrers API: this one cannot hold attachments"));
  }
  return std::optional<oci::Index>(*std::move(index));
}

Status Referrers::add(const oci::Descriptor& referrer, std::string_view bytes, const Digest& subject) {
  SLIPWAY_ASSIGN(const oci::Document document, oci::parse_document(std::string(bytes), referrer.media_type));
  const Turn mine(*this, subject);
  const auto of_this_machine = repository_.host().memory().turn();
  return merge(list_entry(referrer, document), subject);
}

/// Another machine may write the list between our read and our write: it is looked at again after writing.
Status Referrers::merge(const oci::Descriptor& entry, const Digest& subject) {
  for (int attempt = 0; attempt < kMergeTries; ++attempt) {
    SLIPWAY_ASSIGN(auto found, fallback_index(subject));
    oci::Index index = found ? *std::move(found) : empty_index();
    const bool listed = std::any_of(index.manifests.begin(), index.manifests.end(),
                                    [&](const auto& d) { return d.digest == entry.digest; });
    if (listed) return {};
    index.manifests.push_back(entry);
    std::sort(index.manifests.begin(), index.manifests.end(), by_digest);
    const std::string text = oci::write_index(index);
    const oci::Descriptor descriptor(index.media_type, io::digest_of(text), static_cast<std::int64_t>(text.size()));
    SLIPWAY_TRY(manifests_.put(descriptor, text, store::referrers_tag(subject), {}));
  }
  return fail(Errc::conflict, "other writers keep changing the list of referrers of {} in {}", subject.str(),
              repository_.name());
}

}  // namespace slipway::registry
