#include "registry_support/registry_server.h"

#include <httplib.h>

#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "slipway/base/json.h"
#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "slipway/oci/document.h"
#include "slipway/oci/media_type.h"

namespace slipway::test {
namespace {

using httplib::Request;
using httplib::Response;

struct Document {
  std::string type;
  std::string bytes;
};

struct Repository {
  std::map<std::string, std::string> blobs;
  std::map<std::string, Document> documents;  // by digest
  std::map<std::string, std::string> tags;    // tag -> digest
};

void answer_error(Response& response, int status, const std::string& code, const std::string& message = "no") {
  Json error;
  error.set("code", code).set("message", message);
  Json body;
  body.set("errors", Json::Array{std::move(error)});
  response.status = status;
  response.set_content(body.compact(), "application/json");
}

}  // namespace

struct TestRegistry::Impl {
  explicit Impl(RegistryBehaviour b) : behaviour(std::move(b)) {
    const auto route = [this](const Request& request, Response& response) { serve(request, response); };
    server.Get(".*", route).Post(".*", route).Put(".*", route).Patch(".*", route).Delete(".*", route);
    server.new_task_queue = [] { return new httplib::ThreadPool(8); };
    server.set_keep_alive_max_count(1000);
    server.set_tcp_nodelay(true);
    server.set_keep_alive_timeout(1);
    port = server.bind_to_any_port("127.0.0.1");
    thread = std::thread([this] { server.listen_after_bind(); });
    while (!server.is_running())
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  ~Impl() {
    server.stop();
    thread.join();
  }

  void serve(const Request& request, Response& response) {
    const std::scoped_lock lock(mutex);
    requests.push_back(request.method + " " + request.target);
    if (request.has_header("Authorization")) authorizations.push_back(request.get_header_value("Authorization"));
    const Fault* fault = hit(request);
    if (fault != nullptr && fault->kind == Fault::Kind::status) {
      answer_error(response, fault->status, "FAULT");
      for (const auto& [name, value] : fault->headers)
        response.set_header(name, value);
      return;
    }
    if (request.path == "/token") return give_token(request, response);
    if (!allowed(request, response)) return;
    dispatch(request, response);
    if (fault != nullptr) spoil(*fault, response);
  }

  const Fault* hit(const Request& request) {
    for (auto& [fault, seen] : faults) {
      if (!fault.method.empty() && fault.method != request.method) continue;
      if (request.target.find(fault.path_part) == std::string::npos) continue;
      ++seen;
      if (seen >= fault.first && seen < fault.first + fault.times) return &fault;
    }
    return nullptr;
  }

  static void spoil(const Fault& fault, Response& response) {
    if (fault.kind == Fault::Kind::lost_answer) {
      response = Response();
      return answer_error(response, 502, "BAD_GATEWAY");
    }
    if (fault.kind == Fault::Kind::wrong_body) {
      if (!response.body.empty()) response.body[response.body.size() / 2] ^= 1;
      return;
    }
    const std::string body = response.body;
    const std::string type = response.get_header_value("Content-Type");
    response.body.clear();
    response.headers.erase("Content-Type");
    response.set_content_provider(body.size(), type, [body](std::size_t offset, std::size_t, httplib::DataSink& sink) {
      if (offset > 0 || body.size() < 2) return false;
      sink.write(body.data(), body.size() / 2);
      return true;
    });
  }

  void give_token(const Request& request, Response& response) {
    const std::string basic = "Basic " + base64_encode(behaviour.username + ":" + behaviour.password);
    const std::string sent = request.get_header_value("Authorization");
    if (sent != basic && !sent.empty()) return answer_error(response, 401, "UNAUTHORIZED");
    std::string token = sent.empty() ? "anonymous" : "full";
    for (const auto& [name, value] : request.params) {
      if (name == "scope") token += "|" + value;
    }
    response.set_content(R"({"token":")" + base64_encode(token) + R"(","expires_in":300})", "application/json");
  }

  bool allowed(const Request& request, Response& response) {
    if (behaviour.login == Login::none) return true;
    const std::string sent = request.get_header_value("Authorization");
    if (behaviour.login == Login::basic) {
      if (sent == "Basic " + base64_encode(behaviour.username + ":" + behaviour.password)) return true;
      answer_error(response, 401, "UNAUTHORIZED");
      response.set_header("WWW-Authenticate", "Basic realm=\"test\"");
      return false;
    }
    const std::string repository = repository_of(request.path);
    const bool writes = request.method != "GET" && request.method != "HEAD";
    const auto token = sent.rfind("Bearer ", 0) == 0 ? base64_decode(sent.substr(7)) : std::nullopt;
    const std::string scope = "|repository:" + repository + ":";
    if (token && token->rfind("full", 0) == 0 && token->find(scope) != std::string::npos &&
        (!writes || token->find(scope + "pull,push") != std::string::npos ||
         token->find(scope + "delete") != std::string::npos)) {
      return true;
    }
    answer_error(response, token && !writes ? 403 : 401, "DENIED");
    if (!token || writes) {
      response.status = 401;
      response.set_header("WWW-Authenticate", fmt::format("Bearer realm=\"http://127.0.0.1:{}/token\",service=\"test\","
                                                          "scope=\"repository:{}:pull\"",
                                                          port, repository));
    }
    return false;
  }

  static std::string repository_of(const std::string& path) {
    for (const char* mark : {"/manifests/", "/blobs/", "/tags/", "/referrers/"}) {
      const std::size_t at = path.find(mark);
      if (at != std::string::npos) return path.substr(4, at - 4);
    }
    return {};
  }

  void dispatch(const Request& request, Response& response) {
    const std::string name = repository_of(request.path);
    if (request.path == "/v2/" || name.empty()) return response.set_content("{}", "application/json");
    const std::string rest = request.path.substr(4 + name.size());
    if (rest.rfind("/manifests/", 0) == 0) return manifest(request, response, name, rest.substr(11));
    if (rest.rfind("/blobs/uploads/", 0) == 0) return upload(request, response, name, rest.substr(15));
    if (rest.rfind("/blobs/", 0) == 0) return blob(response, name, rest.substr(7));
    if (rest == "/tags/list") return tags(request, response, name);
    if (rest.rfind("/referrers/", 0) == 0) return referrers(response, name, rest.substr(11));
    answer_error(response, 404, "NAME_UNKNOWN");
  }

  void blob(Response& response, const std::string& name, const std::string& digest) {
    const auto& blobs = repositories[name].blobs;
    const auto at = blobs.find(digest);
    if (at == blobs.end()) return answer_error(response, 404, "BLOB_UNKNOWN");
    response.set_content(at->second, "application/octet-stream");
    if (behaviour.says_digest) response.set_header("Docker-Content-Digest", digest);
  }

  void upload(const Request& request, Response& response, const std::string& name, const std::string& session) {
    if (request.method == "POST") {
      const std::string from = request.get_param_value("from");
      const std::string digest = request.get_param_value("mount");
      if (!digest.empty() && behaviour.mounts && repositories.contains(from) &&
          repositories[from].blobs.contains(digest)) {
        repositories[name].blobs[digest] = repositories[from].blobs[digest];
        response.status = 201;
        response.set_header("Location", "/v2/" + name + "/blobs/" + digest);
        return;
      }
      const std::string whole = request.get_param_value("digest");
      if (behaviour.single_post && !whole.empty() && io::digest_of(request.body).str() == whole) {
        repositories[name].blobs[whole] = request.body;
        response.status = 201;
        response.set_header("Location", "/v2/" + name + "/blobs/" + whole);
        return;
      }
      const std::string id = std::to_string(++last_session);
      sessions.insert(id);
      response.status = 202;
      response.set_header("Location", "/v2/" + name + "/blobs/uploads/" + id + "?state=a%2Fb");
      return;
    }
    if (request.method != "PUT") return answer_error(response, 405, "UNSUPPORTED");
    if (sessions.erase(session) == 0) return answer_error(response, 404, "BLOB_UPLOAD_UNKNOWN");
    const std::string digest = request.get_param_value("digest");
    if (request.get_param_value("state") != "a/b") return answer_error(response, 400, "BLOB_UPLOAD_INVALID");
    if (io::digest_of(request.body).str() != digest) return answer_error(response, 400, "DIGEST_INVALID");
    repositories[name].blobs[digest] = request.body;
    response.status = 201;
    response.set_header("Location", "/v2/" + name + "/blobs/" + digest);
  }

  void manifest(const Request& request, Response& response, const std::string& name, const std::string& reference) {
    Repository& repository = repositories[name];
    const auto tag = repository.tags.find(reference);
    const std::string digest = tag == repository.tags.end() ? reference : tag->second;
    if (request.method == "PUT") return put_manifest(request, response, name, reference);
    const auto at = repository.documents.find(digest);
    if (at == repository.documents.end()) return answer_error(response, 404, "MANIFEST_UNKNOWN", "manifest unknown");
    if (request.method == "DELETE") {
      repository.tags.erase(reference);
      response.status = 202;
      return;
    }
    response.set_content(at->second.bytes, at->second.type.c_str());
    if (behaviour.says_digest) response.set_header("Docker-Content-Digest", digest);
  }

  void put_manifest(const Request& request, Response& response, const std::string& name, const std::string& reference) {
    Repository& repository = repositories[name];
    const std::string type = request.get_header_value("Content-Type");
    const std::string digest = io::digest_of(request.body).str();
    const auto document = oci::parse_document(request.body, type);
    if (!document) return answer_error(response, 400, "MANIFEST_INVALID", document.error().message);
    for (const oci::Descriptor& child : oci::children(*document)) {
      const bool there = oci::is_graph_node(child.media_type) ? repository.documents.contains(child.digest.str())
                                                              : repository.blobs.contains(child.digest.str());
      if (!there) return answer_error(response, 400, "MANIFEST_BLOB_UNKNOWN", child.digest.str());
    }
    const bool by_digest = reference.find(':') != std::string::npos;
    if (by_digest && reference != digest) return answer_error(response, 400, "DIGEST_INVALID");
    if (!by_digest) {
      const auto old = repository.tags.find(reference);
      if (behaviour.immutable_tags && old != repository.tags.end() && old->second != digest) {
        return answer_error(response, 400, "TAG_INVALID", "the tag is immutable");
      }
      repository.tags[reference] = digest;
    }
    repository.documents[digest] = {type, request.body};
    const auto& subject = oci::subject_of(*document);
    if (subject && behaviour.referrers_api) response.set_header("OCI-Subject", subject->digest.str());
    response.status = 201;
    response.set_header("Location", "/v2/" + name + "/manifests/" + digest);
    if (behaviour.says_digest) response.set_header("Docker-Content-Digest", digest);
  }

  void tags(const Request& request, Response& response, const std::string& name) {
    if (!repositories.contains(name)) return answer_error(response, 404, "NAME_UNKNOWN");
    const std::string last = request.get_param_value("last");
    Json::Array page;
    std::string next;
    for (const auto& [tag, digest] : repositories[name].tags) {
      if (!last.empty() && tag <= last) continue;
      if (static_cast<int>(page.size()) == behaviour.page_size) {
        next = *page.back().string();
        break;
      }
      page.emplace_back(tag);
    }
    Json body;
    body.set("name", name).set("tags", page.empty() ? Json() : Json(page));
    if (!next.empty()) response.set_header("Link", "</v2/" + name + "/tags/list?last=" + next + ">; rel=\"next\"");
    response.set_content(body.compact(), "application/json");
  }

  void referrers(Response& response, const std::string& name, const std::string& subject) {
    if (!behaviour.referrers_api) return answer_error(response, 404, "UNSUPPORTED");
    oci::Index index{.raw = {},
                     .media_type = std::string(oci::kIndexType),
                     .artifact_type = {},
                     .manifests = {},
                     .subject = {},
                     .annotations = {}};
    for (const auto& [digest, stored] : repositories[name].documents) {
      const auto document = oci::parse_document(stored.bytes, stored.type);
      if (!document || !oci::subject_of(*document) || oci::subject_of(*document)->digest.str() != subject) continue;
      oci::Descriptor entry(stored.type, Digest::parse(digest).value(), static_cast<std::int64_t>(stored.bytes.size()));
      if (const auto* manifest = std::get_if<oci::Manifest>(&*document)) entry.artifact_type = manifest->artifact_type;
      index.manifests.push_back(std::move(entry));
    }
    response.set_content(oci::write_index(index), std::string(oci::kIndexType).c_str());
  }

  RegistryBehaviour behaviour;
  httplib::Server server;
  int port = 0;
  std::thread thread;
  mutable std::mutex mutex;
  std::map<std::string, Repository> repositories;
  std::set<std::string> sessions;
  int last_session = 0;
  std::vector<std::pair<Fault, int>> faults;
  std::vector<std::string> requests;
  std::vector<std::string> authorizations;
};

TestRegistry::TestRegistry(RegistryBehaviour behaviour) : impl_(std::make_unique<Impl>(std::move(behaviour))) {}
TestRegistry::~TestRegistry() = default;

std::string TestRegistry::host() const { return fmt::format("127.0.0.1:{}", impl_->port); }

void TestRegistry::add_fault(Fault fault) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->faults.emplace_back(std::move(fault), 0);
}

void TestRegistry::clear_faults() {
  const std::scoped_lock lock(impl_->mutex);
  impl_->faults.clear();
}

std::vector<std::string> TestRegistry::requests() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->requests;
}

int TestRegistry::count(const std::string& method, const std::string& path_part) const {
  int found = 0;
  for (const std::string& line : requests()) {
    if (line.rfind(method + " ", 0) == 0 && line.find(path_part) != std::string::npos) ++found;
  }
  return found;
}

void TestRegistry::forget_requests() {
  const std::scoped_lock lock(impl_->mutex);
  impl_->requests.clear();
  impl_->authorizations.clear();
}

std::vector<std::string> TestRegistry::authorizations() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->authorizations;
}

void TestRegistry::lose_blob(const std::string& repository, const std::string& digest) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->repositories[repository].blobs.erase(digest);
}

void TestRegistry::lose_manifest(const std::string& repository, const std::string& digest) {
  const std::scoped_lock lock(impl_->mutex);
  Repository& there = impl_->repositories[repository];
  there.documents.erase(digest);
  std::erase_if(there.tags, [&](const auto& tag) { return tag.second == digest; });
}

void TestRegistry::move_tag(const std::string& repository, const std::string& tag, const std::string& digest) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->repositories[repository].tags[tag] = digest;
}

}  // namespace slipway::test
