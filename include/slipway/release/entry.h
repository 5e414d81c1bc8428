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

/// The command that made a release: release, promote, release with --same-build, rollback, release with --adopt.
enum class Kind { release, promote, config, rollback, adopt };
std::string_view name_of(Kind kind);

/// A manifest in a repository.
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
  std::string revision{};                ///< of the build's source; may be empty
  Content image;                         ///< the image that the moving tag points to; in layer mode not `build`
  Digest config;                         ///< of the config artifact's manifest
  std::optional<Digest> prev{};          ///< id of the entry before
  std::optional<Origin> from{};          ///< promote: where the build was active; rollback: the release restored
  std::string ledger{};                  ///< the ledger's repository, as slipway.yaml writes it
  std::optional<Digest> policy{};        ///< Policy::canonical() of the rules that it was judged by
  std::string actor{};                   ///< who applied it: a claim (Actor)
  std::string reason{};                  ///< --reason
  std::string bypass{};                  ///< --bypass: rule names, or the reason of its old form
  std::int64_t time = 0;                 ///< unix seconds
  std::string tool{};                    ///< "slipway 0.1.0"
  std::optional<Digest> decision{};      ///< Plan::digest(), by which a plan that is applied again is recognised
  std::string planned_by{};              ///< the plan's author, where somebody else applied it
  std::vector<std::string> abandoned{};  ///< tags of this number whose entries were never committed, or lost
  std::optional<std::int64_t> held{};    ///< the number of the rollback whose hold still lasts
  Json::Object other{};                  ///< unknown members, kept

  /// Returns the canonical JSON, whose sha256 is the entry's id.
  Result<std::string> canonical() const;
  /// Parses it, strictly. Errc::malformed; invalid_argument for another major version.
  static Result<Entry> parse(std::string_view json);
  /// Returns true for the same build with the same config in the same mode.
  bool same_release(const Entry& o) const {
    return build.digest == o.build.digest && config == o.config && mode == o.mode;
  }
  bool operator==(const Entry&) const = default;
};

/// Returns `<app>.<env>-v<N>`: the tag that keeps the registry from collecting a release's image.
std::string keep_tag(std::string_view app, std::string_view environment, std::int64_t number);

}  // namespace slipway::release
