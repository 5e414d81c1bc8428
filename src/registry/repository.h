#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "registry/host.h"

namespace slipway::registry {

/// One repository on a host: makes the calls of its parts. Thread-safe.
class Repository {
 public:
  Repository(std::shared_ptr<Host> host, std::string path) : host_(std::move(host)), path_(std::move(path)) {}

  Host& host() const { return *host_; }
  const std::shared_ptr<Host>& shared_host() const { return host_; }
  /// "team/app".
  const std::string& path() const { return path_; }
  /// "host/team/app".
  std::string name() const { return host_->name() + "/" + path_; }

  /// From now on reading asks for the rights to write, too: one token serves both.
  void request_write_scope() { written_ = true; }
  bool is_written() const { return written_; }
  /// The statuses that mean "not there" when content is asked for by digest. Some registries answer 401 or 403 then; a
  /// repository that is written to may take them for absence, because the push that follows decides.
  std::vector<int> absent_statuses() const;

  /// A call below /v2/NAME; `what` is the object in messages; without `actions` those of reading.
  Call call(std::string method, const std::string& path, std::string what, std::string actions = {}) const;
  Call manifest_call(std::string method, const std::string& reference, std::string actions = {}) const;
  Call blob_call(std::string method, const Digest& digest) const;

 private:
  const std::shared_ptr<Host> host_;
  const std::string path_;
  std::atomic<bool> written_ = false;
};

}  // namespace slipway::registry
