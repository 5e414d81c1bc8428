#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/base/json.h"
#include "slipway/oci/platform.h"

namespace slipway::oci {

/// One entry of a config's history (image-spec config.md "history"), the oldest first.
struct History {
  std::string created;
  std::string created_by;
  std::string author;
  std::string comment;
  bool empty_layer = false;
  Json::Object other;  ///< unknown members
  bool operator==(const History&) const = default;
};

/// An image config (image-spec config.md): what to run, and the diff IDs of the layers, the lowest first. A value.
/// Members that this struct does not name (Healthcheck, OnBuild, Shell, ArgsEscaped, unknown ones) are kept in
/// `other*`.
struct ImageConfig {
  std::string created;  ///< RFC 3339 or empty
  std::string author;
  Platform platform;

  std::string user;
  std::set<std::string> exposed_ports;
  std::vector<std::string> env;  ///< "K=V", order kept
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::set<std::string> volumes;
  std::string working_dir;
  std::map<std::string, std::string> labels;
  std::string stop_signal;

  std::vector<Digest> diff_ids;
  std::vector<History> history;
  Json::Object other;         ///< unknown top-level members
  Json::Object other_config;  ///< unknown members of "config"
  Json::Object other_rootfs;  ///< unknown members of "rootfs"

  /// Parses a config. Types are strict, null counts as absent, and texts stay as they are, because foreign images are
  /// often careless; check() is for our own. `history` is not compared with `diff_ids`. Errc::malformed, too_large.
  static Result<ImageConfig> parse(std::string_view raw);
  /// Returns compact JSON in a fixed member order without a final newline; empty members are left out.
  std::string serialize() const;
  /// Checks the rules of the spec for a config that slipway writes: times, Env entries "K=V", ports, counts of history
  /// and layers, no control characters. Errc::invalid_argument, naming the member.
  Status check() const;
  bool operator==(const ImageConfig&) const = default;
};

/// Sets KEY=VALUE: replaces the first entry of that key in place and drops its others, else appends.
void set_env(std::vector<std::string>& env, const std::string& key, const std::string& value);

}  // namespace slipway::oci
