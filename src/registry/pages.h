#pragma once

#include <optional>
#include <set>
#include <string>

#include "registry/host.h"

namespace slipway::registry {

/// The pages of a list, by the Link headers of a registry (distribution-spec "Listing Tags"). A list that cannot be
/// read to its end is an error, never a shorter list: pages that repeat, more than 1000 of them, or a next page on
/// another host are Errc::network and too_large. An empty page does not end a list that has a next one.
class Pages {
 public:
  /// `first` is the call for the first page, `what` the list in messages: "the tags of host/repo". `host` outlives
  /// this.
  Pages(Host& host, Call first, std::string what) : host_(host), call_(std::move(first)), what_(std::move(what)) {}

  /// Returns the next page; nullopt after the last. The statuses that the first call accepts end the list: they are
  /// returned, once, and not accepted for later pages.
  Result<std::optional<Reply>> next();

 private:
  Result<std::optional<std::string>> path_after(const Reply& reply) const;

  Host& host_;
  Call call_;
  const std::string what_;
  bool ended_ = false;
  std::set<std::string> asked_;  // paths
};

}  // namespace slipway::registry
