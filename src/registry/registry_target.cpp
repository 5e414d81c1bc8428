#include "registry/registry_target.h"

#include <algorithm>
#include <charconv>

#include "registry/blob_source.h"
#include "registry/upload.h"
#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kRememberedBytes = 8u << 20;

std::vector<http::Header> accept_documents() {
  return {{"Accept", fmt::format("{}, {}, {}, {}", oci::kIndexType, oci::kManifestType, oci::kDockerIndexType,
                                 oci::kDockerManifestType)}};
}

/// Content-Type without parameters, lower-case; empty for types that say nothing.
std::string media_type_of(const http::Response& response) {
  std::string type = to_lower(trim(split(response.header("content-type").value_or(""), ';').front()));
  if (type == "application/octet-stream" || type == "text/plain" || type == "application/json") type.clear();
  return type;
}

std::optional<std::int64_t> length_of(const http::Response& response) {
  const auto text = response.header("content-length");
  if (!text) return std::nullopt;
  std::int64_t length = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), length);
  if (problem != std::errc() || end != text->data() + text->size() || length < 0) return std::nullopt;
  return length;
}

}  // namespace

RegistryTarget::RegistryTarget(std::shared_ptr<Host> host, std::string repository)
    : host_(std::move(host)), repository_(std::move(repository)) {}

Call RegistryTarget::call(std::string method, const std::string& path, std::string what, std::string actions) const {
  Call call;
  call.method = std::move(method);
  call.path = "/v2/" + repository_ + path;
  call.repository = repository_;
  call.actions = actions.empty() ? reading_.load() : std::move(actions);
  call.what = std::move(what);
  return call;
}

Call RegistryTarget::manifest_call(std::string method, const std::string& reference, std::string actions) const {
  return call(std::move(method), "/manifests/" + reference, fmt::format("manifest {} of {}", reference, name()),
              std::move(actions));
}

Result<oci::Descriptor> RegistryTarget::resolve(const store::TagOrDigest& reference) {
  Call head = manifest_call("HEAD", store::to_string(reference));
  head.headers = accept_documents();
  head.accepts = {400, 403, 405};
  SLIPWAY_ASSIGN(const Reply reply, host_->send(head, {}));
  const auto digest_text = reply.response.header("docker-content-digest");
  const auto length = length_of(reply.response);
  const std::string type = media_type_of(reply.response);
  if (reply.status() == 200 && digest_text && length && oci::is_graph_node(type)) {
    const auto digest = Digest::parse(*digest_text);
    const auto* asked = std::get_if<Digest>(&reference);
    if (digest && (asked == nullptr || *asked == *digest)) return oci::Descriptor(type, *digest, *length);
  }
  // A HEAD that says too little, or is not allowed: the document itself tells.
  SLIPWAY_ASSIGN(store::Fetched fetched, fetch_document(reference));
  return std::move(fetched.descriptor);
}

Result<store::Fetched> RegistryTarget::checked_document(const Reply& reply, const store::TagOrDigest& reference) const {
  const Digest found = io::digest_of(reply.body);
  if (const auto* asked = std::get_if<Digest>(&reference); asked != nullptr && *asked != found) {
    const bool other_algorithm = asked->algorithm() != found.algorithm();
    io::Hasher hasher(asked->algorithm());
    hasher.update(io::as_bytes(reply.body));
    if (!other_algorithm || hasher.finish() != *asked) {
      return fail(Errc::verification_failed, "the manifest {} of {} hashes to {}", asked->str(), name(), found.str());
    }
  }
  const auto* asked = std::get_if<Digest>(&reference);
  SLIPWAY_ASSIGN(const oci::Document document, oci::parse_document(reply.body, media_type_of(reply.response)));
  const std::string type = std::visit([](const auto& d) { return d.media_type; }, document);
  return store::Fetched{
      oci::Descriptor(type, asked != nullptr ? *asked : found, static_cast<std::int64_t>(reply.body.size())),
      reply.body};
}

Result<store::Fetched> RegistryTarget::fetch_document(const store::TagOrDigest& reference) {
  Call get = manifest_call("GET", store::to_string(reference));
  get.headers = accept_documents();
  get.limit = oci::kMaxDocument;
  SLIPWAY_ASSIGN(const Reply reply, host_->send(get, {}));
  SLIPWAY_ASSIGN(store::Fetched fetched, checked_document(reply, reference));
  remember(fetched.descriptor, fetched.bytes);
  return fetched;
}

Result<bool> RegistryTarget::exists(const oci::Descriptor& descriptor) { return has(descriptor, true); }

Result<bool> RegistryTarget::has(const oci::Descriptor& descriptor, bool retry) {
  const bool document = oci::is_graph_node(descriptor.media_type);
  Call head = document ? manifest_call("HEAD", descriptor.digest.str())
                       : call("HEAD", "/blobs/" + descriptor.digest.str(),
                              fmt::format("blob {} of {}", descriptor.digest.str(), name()));
  if (document) head.headers = accept_documents();
  head.accepts = {404};
  head.retry = retry;
  const auto reply = host_->send(head, {});
  // What a registry cannot even look up (a link it wrote half when its disk was full) is mended by sending it again.
  const bool broken = !reply && !document && reply.error().http && reply.error().http->status == 500;
  if (broken) return false;
  SLIPWAY_TRY(reply);
  return reply->status() == 200;
}

Result<std::unique_ptr<io::Source>> RegistryTarget::fetch(const oci::Descriptor& descriptor) {
  const std::string what = fmt::format("blob {} of {}", descriptor.digest.str(), name());
  std::unique_ptr<io::Source> stream;
  if (oci::is_graph_node(descriptor.media_type)) {
    auto bytes = remembered(descriptor.digest);
    if (!bytes) {
      SLIPWAY_ASSIGN(store::Fetched fetched, fetch_document(descriptor.digest));
      bytes = std::move(fetched.bytes);
    }
    stream = std::make_unique<io::StringSource>(*std::move(bytes));
  } else {
    SLIPWAY_ASSIGN(stream, open_blob(host_, call("GET", "/blobs/" + descriptor.digest.str(), what), descriptor.size));
  }
  return std::unique_ptr<io::Source>(
      std::make_unique<io::VerifyingSource>(std::move(stream), descriptor.digest, descriptor.size, what));
}

Status RegistryTarget::push(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop) {
  if (!oci::is_graph_node(descriptor.media_type)) return push_blob(descriptor, bytes, std::move(stop));
  SLIPWAY_ASSIGN(const std::string text, io::read_all(bytes, oci::kMaxDocument));
  return put_document(descriptor, text, descriptor.digest.str(), std::move(stop));
}

Status RegistryTarget::push_tagged(const oci::Descriptor& root, std::string_view bytes, const std::string& tag_name) {
  if (!oci::is_valid_tag(tag_name)) return fail(Errc::invalid_argument, "'{}' is not a tag", printable(tag_name, 150));
  return put_document(root, bytes, tag_name, {});
}

Status RegistryTarget::put_document(const oci::Descriptor& descriptor, std::string_view bytes,
                                    const std::string& reference, std::stop_token stop) {
  io::TextSource plain(bytes);
  io::VerifyingSource checked(std::make_unique<io::TextSource>(bytes), descriptor.digest, descriptor.size,
                              "manifest " + descriptor.digest.str());
  io::NullSink nowhere;
  SLIPWAY_TRY(io::copy(checked, nowhere));
  Call put = manifest_call("PUT", reference, "pull,push");
  put.headers = {{"Content-Type", descriptor.media_type}};
  put.body = &plain;
  put.body_size = descriptor.size;
  auto sent = host_->send(put, stop);
  if (!sent && sent.error().http && sent.error().http->code == "MANIFEST_BLOB_UNKNOWN")
    host_->memory().learn_refuses_incomplete(true);
  SLIPWAY_ASSIGN(const Reply reply, std::move(sent));
  const auto stored = reply.response.header("docker-content-digest");
  const bool sure = reply.status() == 201 && (stored || reply.response.header("location"));
  if (stored && *stored != descriptor.digest.str() && stored->rfind(descriptor.digest.algorithm(), 0) == 0) {
    return fail(Errc::verification_failed, "{} stored {} under the digest {}", name(), descriptor.digest.str(),
                printable(*stored, 160));
  }
  if (!sure) {
    // Any web server answers 200 to anything: see whether the manifest is really there.
    SLIPWAY_TRY(see(descriptor, stop));
  }
  remember(descriptor, bytes);
  SLIPWAY_ASSIGN(const oci::Document document, oci::parse_document(std::string(bytes), descriptor.media_type));
  const auto& subject = oci::subject_of(document);
  if (!subject || reply.response.header("oci-subject")) return {};
  return add_fallback_referrer(descriptor, bytes, subject->digest);
}

Status RegistryTarget::see(const oci::Descriptor& descriptor, std::stop_token stop) {
  for (int tries = 1;; ++tries) {
    SLIPWAY_ASSIGN(const bool there, exists(descriptor));
    if (there) return {};
    // Some stores show what they took a moment later.
    SLIPWAY_ASSIGN(const bool again, host_->wait_to_retry(tries, 0, stop));
    if (!again) return fail(Errc::failed, "{} took {} but does not have it", name(), descriptor.digest.str());
  }
}

Status RegistryTarget::tag(const oci::Descriptor& root, const std::string& tag_name) {
  if (!oci::is_valid_tag(tag_name)) return fail(Errc::invalid_argument, "'{}' is not a tag", printable(tag_name, 150));
  auto bytes = remembered(root.digest);
  if (!bytes) {
    SLIPWAY_ASSIGN(store::Fetched fetched, fetch_document(root.digest));
    bytes = std::move(fetched.bytes);
  }
  return put_document(root, *bytes, tag_name, {});
}

Result<bool> RegistryTarget::mount(const oci::Descriptor& blob, const std::string& from_repository) {
  std::string path = http::with_query("/blobs/uploads/", "mount", blob.digest.str());
  path = http::with_query(path, "from", from_repository);
  Call post = call("POST", path, fmt::format("blob {} of {}", blob.digest.str(), name()), "pull,push");
  post.mount_from = from_repository;
  // A mount that is refused in whatever way is only a reason to send the bytes.
  post.accepts = {400, 401, 403, 404, 405, 500, 501};
  const auto reply = host_->send(post, {});
  // A login that may not read the other repository may still write this one.
  const bool no_token = !reply && (reply.error().code == Errc::unauthorized || reply.error().code == Errc::forbidden);
  if (no_token) return false;
  SLIPWAY_TRY(reply);
  if (reply->status() == 201) return true;
  if (reply->status() != 202) return false;
  const auto location = location_of(*reply, name());
  if (!location) return false;
  const std::scoped_lock lock(mutex_);
  sessions_.insert_or_assign(blob.digest, *location);
  return false;
}

Status RegistryTarget::push_blob(const oci::Descriptor& descriptor, io::RestartableSource& bytes,
                                 std::stop_token stop) {
  std::string session;
  {
    const std::scoped_lock lock(mutex_);
    if (auto found = sessions_.extract(descriptor.digest)) session = std::move(found.mapped());
  }
  const std::string what = fmt::format("blob {} of {}", descriptor.digest.str(), name());
  Upload upload(*host_, call("POST", "/blobs/uploads/", what, "pull,push"), descriptor, bytes, std::move(session));
  return upload.run([&] { return has(descriptor, false); }, std::move(stop));
}

Status RegistryTarget::delete_tag(const std::string& tag_name) {
  Call request = manifest_call("DELETE", tag_name, "delete");
  // What registries answer that only know digests here.
  request.accepts = {400, 405, 501};
  SLIPWAY_ASSIGN(const Reply reply, host_->send(request, {}));
  if (reply.status() < 400) return {};
  Error refused = error_of(reply, request, host_->name());
  refused.code = Errc::unsupported;
  return fail(std::move(refused));
}

Status RegistryTarget::delete_manifest(const Digest& digest) {
  Call request = manifest_call("DELETE", digest.str(), "delete");
  request.accepts = {405};
  SLIPWAY_ASSIGN(const Reply reply, host_->send(request, {}));
  if (reply.status() == 405) {
    return fail(Error(Errc::unsupported, name() + " does not allow to delete anything")
                    .with_hint("its configuration forbids it (docker-registry: storage.delete.enabled)"));
  }
  const std::scoped_lock lock(mutex_);
  if (auto gone = documents_.extract(digest)) document_bytes_ -= gone.mapped().size();
  return {};
}

void RegistryTarget::remember(const oci::Descriptor& descriptor, std::string_view bytes) {
  const std::scoped_lock lock(mutex_);
  if (document_bytes_ + bytes.size() > kRememberedBytes) {
    documents_.clear();
    document_bytes_ = 0;
  }
  if (documents_.emplace(descriptor.digest, bytes).second) document_bytes_ += bytes.size();
}

std::optional<std::string> RegistryTarget::remembered(const Digest& digest) {
  const std::scoped_lock lock(mutex_);
  const auto at = documents_.find(digest);
  if (at == documents_.end()) return std::nullopt;
  return at->second;
}

}  // namespace slipway::registry
