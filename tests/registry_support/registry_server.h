#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace slipway::test {

enum class Login { none, basic, bearer };

/// The kind of registry.
struct RegistryBehaviour {
  bool referrers_api = false;
  bool immutable_tags = false;  ///< another digest on a tag that is there: 400 TAG_INVALID
  bool mounts = true;           ///< false: every mount becomes an upload session
  bool single_post = false;     ///< takes a blob in the request that opens an upload
  bool says_digest = true;      ///< Docker-Content-Digest in responses
  Login login = Login::none;
  std::string username = "user";
  std::string password = "pass";
  int page_size = 1000;  ///< of tag lists, at most
};

/// Something that goes wrong with some requests.
struct Fault {
  std::string method;     ///< empty: any
  std::string path_part;  ///< in path or query
  int first = 1;          ///< the first matching request it hits, counted from 1
  int times = 1;          ///< how many it hits
  enum class Kind { status, truncate, wrong_body, lost_answer } kind = Kind::status;
  int status = 500;  ///< of Kind::status; lost_answer does the work, then answers 502
  std::vector<std::pair<std::string, std::string>> headers;  ///< added to Kind::status
};

/// A spec-shaped registry in this process, on a free port of loopback. It
/// refuses manifests whose children are missing, counts requests and fails on
/// demand. Thread-safe; stops in its destructor.
class TestRegistry {
 public:
  explicit TestRegistry(RegistryBehaviour behaviour = {});
  ~TestRegistry();
  TestRegistry(const TestRegistry&) = delete;
  TestRegistry& operator=(const TestRegistry&) = delete;

  std::string host() const;  ///< "127.0.0.1:PORT"
  void add_fault(Fault fault);
  void clear_faults();
  /// "METHOD path?query" of every request since the last call of forget_requests().
  std::vector<std::string> requests() const;
  int count(const std::string& method, const std::string& path_part = "") const;
  void forget_requests();
  /// Authorization headers seen, to prove who got which.
  std::vector<std::string> authorizations() const;
  /// Removes a blob, or a manifest with its tags, behind everybody's back.
  void lose_blob(const std::string& repository, const std::string& digest);
  void lose_manifest(const std::string& repository, const std::string& digest);
  /// Points a tag at a digest behind everybody's back.
  void move_tag(const std::string& repository, const std::string& tag, const std::string& digest);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::test
