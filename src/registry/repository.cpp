#include "registry/repository.h"

namespace slipway::registry {

Call Repository::call(std::string method, const std::string& path, std::string what, std::string actions) const {
  Call call;
  call.method = std::move(method);
  call.path = "/v2/" + path_ + path;
  call.repository = path_;
  call.actions = actions.empty() ? (is_written() ? "pull,push" : "pull") : std::move(actions);
  call.what = std::move(what);
  return call;
}

std::vector<int> Repository::absent_statuses() const {
  return is_written() ? std::vector<int>{401, 403, 404} : std::vector<int>{404};
}

Call Repository::manifest_call(std::string method, const std::string& reference, std::string actions) const {
  return call(std::move(method), "/manifests/" + reference, fmt::format("manifest {} of {}", reference, name()),
              std::move(actions));
}

Call Repository::blob_call(std::string method, const Digest& digest) const {
  return call(std::move(method), "/blobs/" + digest.str(), fmt::format("blob {} of {}", digest.str(), name()));
}

}  // namespace slipway::registry
