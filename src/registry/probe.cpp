#include "registry/probe.h"

#include "registry/upload.h"
#include "slipway/base/clock.h"
#include "slipway/base/text.h"
#include "slipway/http/retry.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/document.h"
#include "slipway/oci/media_type.h"

namespace slipway::registry {
namespace {

std::string not_tried(std::string_view why) { return fmt::format("not tried: {}", why); }

/// Asks one thing after the other; what fails is an answer, too.
class Probe {
 public:
  Probe(Host& host, std::string repository) : host_(host), repository_(std::move(repository)) {}

  std::vector<ProbeFinding> run(bool upload) {
    api();
    if (repository_.empty()) {
      for (const char* name : {"tags", "digest in HEAD", "ranges", "referrers API", "collection", "deletes"})
        found(name, not_tried("needs a repository"));
    } else {
      tags();
      manifest();
      referrers();
      deletes();
    }
    if (upload && !repository_.empty()) {
      single_post();
      session();
      incomplete_manifest();
    } else {
      for (const char* name : {"single POST", "upload offset", "chunks", "cancel", "checks manifests"})
        found(name, not_tried("needs a repository and --upload"));
    }
    const std::int64_t largest = host_.memory().largest_body();
    const bool limited = largest != std::numeric_limits<std::int64_t>::max();
    found("largest request", limited ? human_bytes(static_cast<std::uint64_t>(largest)) : "no limit seen so far");
    return std::move(findings_);
  }

 private:
  void found(std::string name, std::string answer) { findings_.push_back({std::move(name), std::move(answer)}); }

  Call call(std::string method, const std::string& path, std::string what) const {
    Call call;
    call.method = std::move(method);
    call.path = "/v2/" + (repository_.empty() ? "" : repository_ + path);
    call.repository = repository_;
    call.what = std::move(what);
    return call;
  }

  static std::string refusal(const Error& error) {
    const std::string status = error.http ? fmt::format(" (HTTP {})", error.http->status) : "";
    return "no: " + error.message + status;
  }

  void api() {
    Call ping;
    ping.path = "/v2/";
    ping.what = host_.name();
    ping.accepts = {401, 403, 404};
    const auto reply = host_.send(ping, {});
    if (!reply) return found("API", refusal(reply.error()));
    const auto version = reply->response.header("docker-distribution-api-version");
    found("API", fmt::format("HTTP {}{}", reply->status(), version ? ", " + printable(*version, 60) : ""));
    found("TLS", reply->response.url.rfind("https:", 0) == 0 ? "yes" : "no, plain HTTP");
    found("login", host_.login_wanted());
    clock(reply->response.header("date").value_or(""));
  }

  /// The difference of two clocks, as far as a Date header tells it; a day at most.
  void clock(const std::string& date) {
    constexpr std::int64_t kDay = 86'400, kTolerated = 60;
    const std::int64_t now = system_clock().now();
    const auto seconds = [&](std::int64_t since) {
      const auto after = http::parse_retry_after(date, since);
      return after ? std::chrono::duration_cast<std::chrono::seconds>(*after).count() : 0;
    };
    const std::int64_t ahead = seconds(now);
    const std::int64_t behind = kDay - seconds(now - kDay);
    if (date.find("GMT") == std::string::npos) return found("clock", not_tried("the registry does not say its time"));
    if (ahead > kTolerated) return found("clock", fmt::format("no: the registry's is {} s ahead", ahead));
    if (ahead == 0 && behind > kTolerated)
      return found("clock", fmt::format("no: the registry's is {} s behind", behind));
    found("clock", "yes: that of the registry");
  }

  /// Nothing has the digest, so nothing goes.
  void deletes() {
    Call erase = call("DELETE", "/manifests/sha256:" + std::string(64, '0'), "a manifest that is not there");
    erase.actions = "delete";
    erase.accepts = {400, 404, 405};
    const auto reply = host_.send(erase, {});
    if (!reply) return found("deletes", refusal(reply.error()));
    if (reply->status() == 405) return found("deletes", "no: its configuration forbids it");
    found("deletes", reply->status() == 404 ? "yes" : fmt::format("unclear: HTTP {}", reply->status()));
  }

  void tags() {
    Call get = call("GET", "/tags/list?n=1000", "the tags of " + repository_);
    const auto reply = host_.send(get, {});
    if (!reply) return found("tags", refusal(reply.error()));
    const auto json = Json::parse(reply->body, "tags");
    const Json* list = json ? json->find("tags") : nullptr;
    const std::size_t count = list != nullptr && list->array() != nullptr ? list->array()->size() : 0;
    for (std::size_t i = 0; i < count && tag_.empty(); ++i) {
      const std::string* tag = (*list->array())[i].string();
      if (tag != nullptr && oci::is_valid_tag(*tag)) tag_ = *tag;
    }
    found("tags", fmt::format("{}{}", count, reply->response.header("link") ? ", and more pages" : ""));
  }

  void manifest() {
    if (tag_.empty()) {
      found("digest in HEAD", not_tried("the repository has no tag"));
      return found("ranges", not_tried("the repository has no tag"));
    }
    Call head = call("HEAD", "/manifests/" + tag_, "manifest " + tag_);
    head.headers = {{"Accept", fmt::format("{}, {}, {}, {}", oci::kIndexType, oci::kManifestType, oci::kDockerIndexType,
                                           oci::kDockerManifestType)}};
    const auto reply = host_.send(head, {});
    const bool says = reply && reply->response.header("docker-content-digest");
    found("digest in HEAD", !reply ? refusal(reply.error()) : says ? "yes" : "no: costs a GET each time");
    head.method = "GET";
    const auto body = host_.send(head, {});
    const auto document = body ? oci::parse_document(body->body, "") : fail(body.error());
    const auto* manifest = document ? std::get_if<oci::Manifest>(&*document) : nullptr;
    if (manifest == nullptr) return found("ranges", not_tried("the first tag is not an image manifest"));
    ranges(manifest->config);
  }

  void ranges(const oci::Descriptor& blob) {
    Call get = call("GET", "/blobs/" + blob.digest.str(), "a blob");
    get.headers = {{"Range", "bytes=1-"}};
    const auto reply = host_.send(get, {});
    if (!reply) return found("ranges", refusal(reply.error()));
    found("ranges", reply->status() == 206 ? "yes: an interrupted download resumes" : "no: it starts again");
  }

  void referrers() {
    Call get = call("GET", "/referrers/sha256:" + std::string(64, '0'), "the referrers API");
    get.accepts = {400, 404, 405};
    const auto reply = host_.send(get, {});
    if (!reply) return found("referrers API", refusal(reply.error()));
    const std::string type = reply->response.header("content-type").value_or("");
    const bool has = reply->status() == 200 && type.rfind(oci::kIndexType, 0) == 0;
    found("referrers API", has ? "yes" : "no: a tag lists them instead");
    found("collection", has ? "keeps what belongs to an image, as far as the API tells"
                            : "may take manifests that no tag names; slipway tags what it keeps");
  }

  void single_post() {
    static const std::string kEmpty = "{}";
    io::TextSource body(kEmpty);
    Call post = call("POST", "/blobs/uploads/", "a blob of two bytes");
    post.path = http::with_query(post.path, "digest", io::digest_of(kEmpty).str());
    post.actions = "pull,push";
    post.body = &body;
    post.body_size = static_cast<std::int64_t>(kEmpty.size());
    post.headers = {{"Content-Type", "application/octet-stream"}};
    const auto reply = host_.send(post, {});
    if (!reply) return found("single POST", refusal(reply.error()));
    host_.memory().learn_single_post(reply->status() == 201);
    found("single POST", reply->status() == 201 ? "yes: a small blob needs one request" : "no: it needs two");
    if (reply->status() == 202) cancel(*reply);
  }

  /// A manifest whose one blob nobody has.
  void incomplete_manifest() {
    const oci::Descriptor nowhere(std::string(oci::kConfigType), io::digest_of(repository_ + " has no such blob"), 1);
    const std::string bytes = oci::write_manifest({.raw = {},
                                                   .media_type = std::string(oci::kManifestType),
                                                   .artifact_type = {},
                                                   .config = nowhere,
                                                   .layers = {},
                                                   .subject = {},
                                                   .annotations = {}});
    io::TextSource body(bytes);
    Call put = call("PUT", "/manifests/" + io::digest_of(bytes).str(), "a manifest without its blob");
    put.actions = "pull,push";
    put.body = &body;
    put.body_size = static_cast<std::int64_t>(bytes.size());
    put.headers = {{"Content-Type", std::string(oci::kManifestType)}};
    put.accepts = {400, 404, 422};
    const auto reply = host_.send(put, {});
    if (!reply) return found("checks manifests", refusal(reply.error()));
    const bool refuses = reply->status() >= 400;
    host_.memory().learn_refuses_incomplete(refuses);
    found("checks manifests", refuses ? "yes: one whose blobs are missing is refused" : "no: any is accepted");
    if (refuses) return;
    put.method = "DELETE";
    put.actions = "delete";
    put.body = nullptr;
    put.body_size = 0;
    put.accepts = {400, 401, 403, 404, 405};
    static_cast<void>(host_.send(put, {}));
  }

  void session() {
    Call post = call("POST", "/blobs/uploads/", "an upload");
    post.actions = "pull,push";
    const auto opened = host_.send(post, {});
    const auto location = opened ? location_of(*opened, host_.name()) : fail(opened.error());
    if (!location) {
      for (const char* name : {"upload offset", "chunks", "cancel"})
        found(name, refusal(location.error()));
      return;
    }
    static const std::string kChunk = "{";
    io::TextSource body(kChunk);
    Call patch = post;
    patch.method = "PATCH";
    patch.path = *location;
    patch.body = &body;
    patch.body_size = 1;
    patch.headers = {{"Content-Type", "application/octet-stream"}, {"Content-Range", "0-0"}};
    const auto patched = host_.send(patch, {});
    Call get = post;
    get.method = "GET";
    get.path = *location;
    const auto stale = host_.send(get, {});
    const bool tells = stale && stale->response.header("range");
    found("upload offset", tells ? "yes: an interrupted upload resumes" : "no: it starts again");
    found("chunks", patched ? "yes" : refusal(patched.error()));
    const auto gone = patched ? cancel(*patched) : cancel(*opened);
    found("cancel", gone ? "yes" : "no: a cancelled upload stays until the registry collects it");
  }

  bool cancel(const Reply& reply) {
    const auto location = location_of(reply, host_.name());
    if (!location) return false;
    Call erase = call("DELETE", "", "an upload");
    erase.path = *location;
    erase.actions = "pull,push";
    erase.retry = false;
    return host_.send(erase, {}).has_value();
  }

  Host& host_;
  std::string repository_;
  std::string tag_;
  std::vector<ProbeFinding> findings_;
};

}  // namespace

std::vector<ProbeFinding> probe_host(Host& host, const std::string& repository, bool upload) {
  return Probe(host, repository).run(upload);
}

}  // namespace slipway::registry
