#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "slipway/base/digest.h"
#include "slipway/base/fs.h"
#include "slipway/base/json.h"

namespace slipway::image {

/// The name of the lock file, and the schema in it.
inline constexpr std::string_view kLockFile = "slipway.lock";
inline constexpr std::string_view kLockSchema = "slipway/v1/lock";

/// The digests that references were pinned to (slipway.lock, docs/FORMATS.md "Lock").
/// Written byte-sorted and indented, so that it merges line by line. A value.
class Lock {
 public:
  /// Errc::invalid_argument for another schema, a bad digest or broken JSON; `what` names the text.
  static Result<Lock> parse(std::string_view text, const std::string& what);
  /// Reads a lock file; a missing one is an empty lock. Errors of parse().
  static Result<Lock> read(FileSystem& fs, const std::filesystem::path& file);
  /// Writes the file in one step.
  Status write(FileSystem& fs, const std::filesystem::path& file) const;
  std::string serialize() const;

  /// Returns the digest of a reference: a full name with its tag, as Location::str() prints it.
  std::optional<Digest> find(const std::string& reference) const;
  /// Sets the digest of a reference; returns true if that changed the lock.
  bool set(const std::string& reference, const Digest& digest);
  const std::map<std::string, Digest>& images() const { return images_; }
  /// Returns the codec (io::parse_codec) that layers of a compression format must have; "" if the lock names none.
  std::string codec(const std::string& format) const;
  /// Sets it; "" removes it. Returns true if that changed the lock.
  bool set_codec(const std::string& format, const std::string& codec);

 private:
  std::map<std::string, Digest> images_;
  std::map<std::string, std::string> codecs_;
  Json::Object other_;  ///< unknown members, kept
};

}  // namespace slipway::image
