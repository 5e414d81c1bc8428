#include "registry/manifests.h"

#include <algorithm>
#include <array>

#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kRememberedBytes = 8u << 20;

/// Content-Type without parameters, lower-case; empty for types that say nothing.
std::string media_type_of(const http::Response& response) {
  std::string type = to_lower(trim(split(response.header("content-type").value_or(""), ';').front()));
  if (type == "application/octet-stream" || type == "text/plain" || type == "application/json") type.clear();
  return type;
}

std::optional<std::int64_t> length_of(const http::Response& response) {
  const auto length = parse_whole<std::int64_t>(response.header("content-length").value_or(""));
  return length && *length >= 0 ? length : std::nullopt;
}

Status require_content(const oci::Descriptor& descriptor, std::string_view bytes) {
  io::VerifyingSource checked(std::make_unique<io::TextSource>(bytes), descriptor.digest, descriptor.size,
                              "manifest " + descriptor.digest.str());
  io::NullSink nowhere;
  SLIPWAY_TRY(io::copy(checked, nowhere));
  return {};
}

/// docker-registry answers so now and then where several put the same manifest at once.
bool may_be_race(const Error& error) { return error.http && error.http->code == "DIGEST_INVALID"; }

/// Returns true for the ways in which registries refuse to change an immutable tag.
bool may_be_immutable(const Error& error, const std::string& reference) {
  constexpr std::array kStatuses{400, 403, 405, 409, 412, 422};
  if (!error.http || error.code == Errc::not_found || Digest::parse(reference)) return false;
  return std::find(kStatuses.begin(), kStatuses.end(), error.http->status) != kStatuses.end();
}

}  // namespace

std::vector<http::Header> accept_documents() {
  return {{"Accept", fmt::format("{}, {}, {}, {}", oci::kIndexType, oci::kManifestType, oci::kDockerIndexType,
                                 oci::kDockerManifestType)}};
}

Result<oci::Descriptor> Manifests::resolve(const store::TagOrDigest& reference) {
  Call head = repository_.manifest_call("HEAD", store::to_string(reference));
  head.headers = accept_documents();
  head.accepts = {400, 403, 405};
  auto sent = repository_.host().send(head, {});
  if (!sent && is_doubtful(sent.error(), reference)) return resolve_by_get(reference);
  SLIPWAY_ASSIGN(const Reply reply, std::move(sent));
  const auto length = length_of(reply.response);
  const std::string type = media_type_of(reply.response);
  const auto digest = Digest::parse(reply.response.header("docker-content-digest").value_or(""));
  const auto* asked = std::get_if<Digest>(&reference);
  const bool says_all = reply.status() == 200 && digest && length && oci::is_graph_node(type);
  if (reply.status() == 200) repository_.host().memory().trust_head();
  if (says_all && (asked == nullptr || *asked == *digest)) return oci::Descriptor(type, *digest, *length);
  return resolve_by_get(reference);
}

/// Some servers answer 404 to every HEAD. For readers a tag that is not there costs a GET, until a HEAD
/// of the host has found something; for writers absence is common, and the push decides.
bool Manifests::is_doubtful(const Error& error, const store::TagOrDigest& reference) const {
  const bool is_tag = std::holds_alternative<std::string>(reference);
  return error.code == Errc::not_found && is_tag && !repository_.is_written() &&
         !repository_.host().memory().trusts_head();
}

Result<oci::Descriptor> Manifests::resolve_by_get(const store::TagOrDigest& reference) {
  auto fetched = fetch(reference);
  if (!fetched && fetched.error().code == Errc::not_found) repository_.host().memory().trust_head();
  SLIPWAY_TRY(fetched);
  return std::move(fetched->descriptor);
}

Result<store::Fetched> Manifests::fetch(const store::TagOrDigest& reference) {
  Call get = repository_.manifest_call("GET", store::to_string(reference));
  get.headers = accept_documents();
  get.limit = oci::kMaxDocument;
  SLIPWAY_ASSIGN(const Reply reply, repository_.host().send(get, {}));
  SLIPWAY_TRY(require_no_web_page(reply, get));
  SLIPWAY_ASSIGN(store::Fetched fetched, checked(reply, reference));
  remember(fetched.descriptor, fetched.bytes);
  return fetched;
}

Result<store::Fetched> Manifests::checked(const Reply& reply, const store::TagOrDigest& reference) const {
  Digest digest = io::digest_of(reply.body);
  if (const auto* asked = std::get_if<Digest>(&reference)) {
    io::Hasher hasher(asked->algorithm());
    hasher.update(io::as_bytes(reply.body));
    const Digest found = hasher.finish();
    if (found != *asked) {
      return fail(Errc::verification_failed, "the manifest {} of {} hashes to {}", asked->str(), repository_.name(),
                  found.str());
    }
    digest = *asked;
  }
  SLIPWAY_ASSIGN(const oci::Document document, oci::parse_document(reply.body, media_type_of(reply.response)));
  const std::string type = std::visit([](const auto& d) { return d.media_type; }, document);
  return store::Fetched{oci::Descriptor(type, digest, static_cast<std::int64_t>(reply.body.size())), reply.body};
}

Result<std::string> Manifests::bytes_of(const Digest& digest) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto at = documents_.find(digest); at != documents_.end()) return at->second;
  }
  SLIPWAY_ASSIGN(store::Fetched fetched, fetch(digest));
  return std::move(fetched.bytes);
}

Result<bool> Manifests::put(const oci::Descriptor& descriptor, std::string_view bytes, const std::string& reference,
                            std::stop_token stop) {
  SLIPWAY_TRY(require_content(descriptor, bytes));
  auto sent = send_put(descriptor, bytes, reference, stop);
  if (!sent && (may_be_race(sent.error()) || may_be_immutable(sent.error(), reference))) {
    const auto digest = Digest::parse(reference);
    const auto found = resolve(digest ? store::TagOrDigest(*digest) : store::TagOrDigest(reference));
    if (found && found->digest == descriptor.digest) {
      remember(descriptor, bytes);
      return false;
    }
    constexpr int kRaces = 3;
    const bool is_race = may_be_race(sent.error());
    for (int tries = 0; tries < kRaces && !sent && may_be_race(sent.error()); ++tries)
      sent = send_put(descriptor, bytes, reference, stop);
    if (!is_race && found) {
      return fail(explain_refusal(std::move(sent).error(), descriptor, bytes, reference, found->digest, stop));
    }
  }
  SLIPWAY_ASSIGN(const Reply reply, std::move(sent));
  const auto stored = reply.response.header("docker-content-digest");
  if (stored && *stored != descriptor.digest.str() && stored->starts_with(descriptor.digest.algorithm())) {
    constexpr std::size_t kShown = 160;
    return fail(Errc::verification_failed, "{} stored {} under the digest {}", repository_.name(),
                descriptor.digest.str(), printable(*stored, kShown));
  }
  // Any web server answers 200 to anything.
  const bool sure = reply.status() == 201 && (stored || reply.response.header("location"));
  if (!sure) SLIPWAY_TRY(wait_until_visible(descriptor, stop));
  remember(descriptor, bytes);
  return reply.response.header("oci-subject").has_value();
}

Result<Reply> Manifests::send_put(const oci::Descriptor& descriptor, std::string_view bytes,
                                  const std::string& reference, std::stop_token stop) {
  io::TextSource body(bytes);
  Call put = repository_.manifest_call("PUT", reference, "pull,push");
  put.headers = {{"Content-Type", descriptor.media_type}};
  put.body = &body;
  put.body_size = descriptor.size;
  auto sent = repository_.host().send(put, std::move(stop));
  if (!sent && sent.error().http && sent.error().http->code == "MANIFEST_BLOB_UNKNOWN") {
    repository_.host().memory().learn_refuses_incomplete(true);
  }
  return sent;
}

/// Registries refuse to move an immutable tag with 400, 403, 405, 409, 412 or 422, and a lack of permission or a bad
/// document with some of these: only where the same document is taken by its digest the tag is the reason.
Error Manifests::explain_refusal(Error refused, const oci::Descriptor& descriptor, std::string_view bytes,
                                 const std::string& tag, const Digest& found, std::stop_token stop) {
  if (!send_put(descriptor, bytes, descriptor.digest.str(), std::move(stop))) return refused;
  refused.code = Errc::conflict;
  refused.message =
      fmt::format("{} does not move the tag {} from {}: the tag is immutable", repository_.name(), tag, found.str());
  refused.hint = "use a new tag, or let the registry's settings except this tag from immutability";
  return refused;
}

Result<bool> Manifests::exists(const Digest& digest) {
  Call head = repository_.manifest_call("HEAD", digest.str());
  head.headers = accept_documents();
  head.accepts = repository_.absent_statuses();
  head.accepts.insert(head.accepts.end(), {400, 405});
  SLIPWAY_ASSIGN(const Reply reply, repository_.host().send(head, {}));
  if (reply.status() == 404 || reply.status() < 400) return reply.status() == 200;
  // A registry that does not allow a HEAD: the document itself tells.
  const auto fetched = fetch(digest);
  if (fetched) return true;
  const Errc code = fetched.error().code;
  const bool refused = code == Errc::unauthorized || code == Errc::forbidden;
  if (code == Errc::not_found || (refused && repository_.is_written())) return false;
  return fail(fetched.error());
}

Status Manifests::wait_until_visible(const oci::Descriptor& descriptor, std::stop_token stop) {
  for (int tries = 1;; ++tries) {
    SLIPWAY_ASSIGN(const bool there, exists(descriptor.digest));
    if (there) return {};
    // Some stores show what they took a moment later.
    SLIPWAY_ASSIGN(const bool again, repository_.host().wait_to_retry(tries, 0, stop));
    if (!again) {
      return fail(Errc::failed, "{} accepted {}, but does not have it", repository_.name(), descriptor.digest.str());
    }
  }
}

void Manifests::remember(const oci::Descriptor& descriptor, std::string_view bytes) {
  const std::scoped_lock lock(mutex_);
  if (document_bytes_ + bytes.size() > kRememberedBytes) {
    documents_.clear();
    document_bytes_ = 0;
  }
  if (documents_.emplace(descriptor.digest, bytes).second) document_bytes_ += bytes.size();
}

void Manifests::forget(const Digest& digest) {
  const std::scoped_lock lock(mutex_);
  if (auto gone = documents_.extract(digest)) document_bytes_ -= gone.mapped().size();
}

}  // namespace slipway::registry
