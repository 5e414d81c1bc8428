#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "slipway/base/digest.h"
#include "slipway/base/json.h"
#include "slipway/release/environment.h"

namespace slipway::release {

inline constexpr std::string_view kEntryType = "application/vnd.slipway.release.v1+json";
inline constexpr std::string_view kEntrySchema = "slipway/v1/entry";

/// Why a release was made.
enum class Kind { release, promote, config, rollback, adopt };
std::string_view name_of(Kind kind);

/// Content in a repository.
struct Content {
  std::string repository;  ///< as slipway.yaml or the user wrote it
  Digest digest;
  Json::Object other{};  ///< unknown members, kept
  bool operator==(const Content&) const = default;
};

/// Another release that this one takes its build from.
struct Origin {
  std::string environment;
  std::int64_t number = 0;
  Digest entry;
  Json::Object other{};  ///< unknown members, kept
  bool operator==(const Origin&) const = default;
};

/// One release: immutable, its id the digest of its canonical JSON (docs/FORMATS.md "Release entry").
struct Entry {
  std::string app;
  std::string environment;
  std::int64_t number = 0;
  Kind kind = Kind::release;
  Mode mode = Mode::env_file;
  Content build;
  std::string revision{};          ///< of the build's source; may be empty
  Content image;                   ///< what the tag points to
  Digest config;                   ///< of the config artifact's manifest
  std::optional<Digest> prev{};    ///< id of the entry before
  std::optional<Origin> from{};    ///< promote: where the build was active; rollback: the release restored
  std::string ledger{};            ///< where the authority is
  std::optional<Digest> policy{};  ///< of the rules it was judged by
  std::string actor{};
  std::string reason{};
  std::string bypass{};
  std::int64_t time = 0;  ///< unix seconds
  std::string tool{};
  std::optional<Digest> decision{};      ///< Plan::digest(), by which a plan that is applied again is recognised
  std::string planned_by{};              ///< the plan's author, where somebody else applied it
  std::vector<std::string> abandoned{};  ///< tags of the ledger that were taken for never committed entries
  std::optional<std::int64_t> held{};    ///< the rollback whose hold lasts until somebody lifts it
  Json::Object other{};                  ///< unknown members, kept

  Result<std::string> canonical() const;
  /// Strict. Errc::malformed; invalid_argument for another major version.
  static Result<Entry> parse(std::string_view json);
  /// The same build with the same config: nothing a user could tell apart.
  bool same_release(const Entry& o) const {
    return build.digest == o.build.digest && config == o.config && mode == o.mode;
  }
  bool operator==(const Entry&) const = default;
};

/// `<app>.<env>-v<N>`: the tag that keeps a release's image from being collected.
std::string keep_tag(std::string_view app, std::string_view environment, std::int64_t number);

}  // namespace slipway::release
