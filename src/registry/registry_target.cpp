#include "registry/registry_target.h"

#include "registry/blob_source.h"
#include "registry/tag_list.h"
#include "registry/upload.h"
#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/attachment_tag.h"

namespace slipway::registry {
namespace {

Status require_tag(const std::string& tag) {
  constexpr std::size_t kShown = 150;
  if (oci::is_valid_tag(tag)) return {};
  return fail(Errc::invalid_argument, "\"{}\" is not a tag", printable(tag, kShown));
}

}  // namespace

RegistryTarget::RegistryTarget(std::shared_ptr<Host> host, std::string repository)
    : repository_(std::move(host), std::move(repository)),
      manifests_(repository_),
      referrers_(repository_, manifests_) {}

store::Traits RegistryTarget::traits() const {
  // A registry with the referrers API knows what belongs together; others may collect whatever no tag names.
  return {.asks_cost_a_request = true,
          .collects_untagged = !repository_.host().memory().referrers_api().value_or(false),
          .refuses_incomplete = repository_.host().memory().refuses_incomplete()};
}

Result<bool> RegistryTarget::exists(const oci::Descriptor& descriptor) {
  if (oci::is_graph_node(descriptor.media_type)) return manifests_.exists(descriptor.digest);
  return has_blob(descriptor, true);
}

Result<bool> RegistryTarget::has_blob(const oci::Descriptor& blob, bool retry) {
  Call head = repository_.blob_call("HEAD", blob.digest);
  head.accepts = repository_.absent_statuses();
  head.retry = retry;
  const auto reply = repository_.host().send(head, {});
  // A blob that the registry cannot even look up (a link it wrote half when its disk was full) is sent again.
  if (!reply && reply.error().http && reply.error().http->status == 500) return false;
  SLIPWAY_TRY(reply);
  return reply->status() == 200;
}

Result<std::int64_t> RegistryTarget::blob_size(const Digest& digest) {
  const Call head = repository_.blob_call("HEAD", digest);
  SLIPWAY_ASSIGN(const Reply reply, repository_.host().send(head, {}));
  const auto size = parse_whole<std::int64_t>(reply.response.header("content-length").value_or(""));
  if (!size || *size < 0) return fail(Errc::network, "the answer for {} does not say its size", head.what);
  return *size;
}

Result<std::unique_ptr<io::Source>> RegistryTarget::fetch(const oci::Descriptor& descriptor) {
  const Call get = repository_.blob_call("GET", descriptor.digest);
  std::unique_ptr<io::Source> stream;
  if (oci::is_graph_node(descriptor.media_type)) {
    SLIPWAY_ASSIGN(std::string bytes, manifests_.bytes_of(descriptor.digest));
    stream = std::make_unique<io::StringSource>(std::move(bytes));
  } else {
    SLIPWAY_ASSIGN(stream, open_blob(repository_.shared_host(), get, descriptor.size));
  }
  return std::make_unique<io::VerifyingSource>(std::move(stream), descriptor.digest, descriptor.size, get.what);
}

Status RegistryTarget::push(const oci::Descriptor& descriptor, io::RestartableSource& bytes, std::stop_token stop) {
  if (!oci::is_graph_node(descriptor.media_type)) return push_blob(descriptor, bytes, std::move(stop));
  SLIPWAY_ASSIGN(const std::string text, io::read_all(bytes, oci::kMaxDocument));
  return put_document(descriptor, text, descriptor.digest.str(), std::move(stop));
}

Status RegistryTarget::push_tagged(const oci::Descriptor& root, std::string_view bytes, const std::string& tag_name) {
  SLIPWAY_TRY(require_tag(tag_name));
  return put_document(root, bytes, tag_name, {});
}

Status RegistryTarget::tag(const oci::Descriptor& root, const std::string& tag_name) {
  SLIPWAY_TRY(require_tag(tag_name));
  SLIPWAY_ASSIGN(const std::string bytes, manifests_.bytes_of(root.digest));
  return put_document(root, bytes, tag_name, {});
}

Status RegistryTarget::put_document(const oci::Descriptor& descriptor, std::string_view bytes,
                                    const std::string& reference, std::stop_token stop) {
  auto is_listed = manifests_.put(descriptor, bytes, reference, std::move(stop));
  auto document = oci::parse_document(std::string(bytes), descriptor.media_type);
  const bool has_subject = document && oci::subject_of(*document);
  if (!is_listed) {
    Error refused = std::move(is_listed).error();
    const bool by_registry = refused.http && refused.http->status < 500 && refused.hint.empty();
    if (by_registry && has_subject) {
      refused.hint = "a registry that refuses manifests with a subject cannot hold attached artifacts";
    }
    return fail(std::move(refused));
  }
  SLIPWAY_TRY(document);
  if (!has_subject || *is_listed) return {};
  const Digest& subject = oci::subject_of(*document)->digest;
  if (Digest::parse(reference))
    SLIPWAY_TRY(manifests_.put(descriptor, bytes, store::attachment_tag(subject, descriptor.digest), {}));
  return referrers_.add(descriptor, bytes, subject);
}

Result<bool> RegistryTarget::mount(const oci::Descriptor& blob, const std::string& from_repository) {
  std::string path = http::with_query("/blobs/uploads/", "mount", blob.digest.str());
  path = http::with_query(path, "from", from_repository);
  Call post = repository_.call("POST", path, fmt::format("blob {} of {}", blob.digest.str(), name()), "pull,push");
  post.mount_from = from_repository;
  // Any refusal of a mount is only a reason to send the bytes.
  post.accepts = {400, 401, 403, 404, 405, 500, 501};
  const auto reply = repository_.host().send(post, {});
  // A login that may not read the other repository may still write this one.
  const bool no_token = !reply && (reply.error().code == Errc::unauthorized || reply.error().code == Errc::forbidden);
  if (no_token) return false;
  SLIPWAY_TRY(reply);
  if (reply->status() == 201) return true;
  if (reply->status() != 202) return false;
  const auto location = location_of(*reply, registry());
  if (!location) return false;
  const std::scoped_lock lock(mutex_);
  sessions_.insert_or_assign(blob.digest, *location);
  return false;
}

Status RegistryTarget::push_blob(const oci::Descriptor& blob, io::RestartableSource& bytes, std::stop_token stop) {
  std::string session;
  {
    const std::scoped_lock lock(mutex_);
    if (auto found = sessions_.extract(blob.digest)) session = std::move(found.mapped());
  }
  const std::string what = fmt::format("blob {} of {}", blob.digest.str(), name());
  Call post = repository_.call("POST", "/blobs/uploads/", what, "pull,push");
  Upload upload(repository_.host(), std::move(post), blob, bytes, std::move(session));
  return upload.run([&] { return has_blob(blob, false); }, std::move(stop));
}

Result<std::vector<std::string>> RegistryTarget::list_tags() { return registry::list_tags(repository_); }

Status RegistryTarget::delete_tag(const std::string& tag_name) {
  Call request = repository_.manifest_call("DELETE", tag_name, "delete");
  request.accepts = {400, 405, 501};  // from registries that delete by digest only
  SLIPWAY_ASSIGN(const Reply reply, repository_.host().send(request, {}));
  if (reply.status() < 400) return {};
  Error refused = error_of(reply, request, registry());
  refused.code = Errc::unsupported;
  return fail(std::move(refused));
}

Status RegistryTarget::delete_manifest(const Digest& digest) {
  Call request = repository_.manifest_call("DELETE", digest.str(), "delete");
  request.accepts = {405};
  SLIPWAY_ASSIGN(const Reply reply, repository_.host().send(request, {}));
  if (reply.status() == 405) {
    return fail(error(Errc::unsupported, "{} does not allow deleting", name())
                    .with_hint("its configuration forbids it (docker-registry: storage.delete.enabled)"));
  }
  manifests_.forget(digest);
  return {};
}

}  // namespace slipway::registry
