#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "slipway/oci/descriptor.h"
#include "slipway/oci/location.h"
#include "slipway/release/config_artifact.h"
#include "slipway/release/entry.h"

namespace slipway::release {

struct LayerImage;

inline constexpr std::string_view kPlanSchema = "slipway/v1/plan";

/// A tag that moves and what it pointed to when the plan was made.
struct TagMove {
  std::string tag;
  std::optional<Digest> expected;  ///< nothing: the tag was not there
  bool operator==(const TagMove&) const = default;
};

/// Everything one release will do, frozen: the entry it will write, where the
/// bytes come from, which tags it touches and the state it expects. Applied by
/// apply() and nothing else; a value that prints, stores and compares.
struct Plan {
  bool changed = true;                 ///< false: build and config are active already, nothing will be written
  Entry entry;                         ///< as it will be appended
  oci::Descriptor image;               ///< what the tag will show
  oci::Descriptor build;               ///< what is copied; the image itself but in layer mode
  std::vector<oci::Location> sources;  ///< where its bytes are looked for, in order
  oci::Location repository;            ///< the environment's
  oci::Location ledger;
  std::string ledger_text;
  std::optional<ConfigValues> config;        ///< nothing: the config artifact is in the ledger already
  TagMove moving;                            ///< the environment's tag
  std::vector<std::string> fixed_tags;       ///< written once, never moved
  std::string rules;                         ///< the policy in canonical JSON; the entry has its digest
  bool claims = false;                       ///< the ledger's tags cannot be overwritten: the number is claimed first
  bool finish_active = false;                ///< the active release was committed, but not finished: do that first
  std::vector<Error> warnings;               ///< for whoever shows the plan; not stored
  std::shared_ptr<const LayerImage> layers;  ///< layer mode: the image, as it was put together; not stored
  bool stored = false;                       ///< was read back: the tags have to be looked at again

  Plan(Entry e, oci::Descriptor i, oci::Location r, oci::Location l)
      : entry(std::move(e)), image(std::move(i)), build(image), repository(std::move(r)), ledger(std::move(l)) {}

  /// docs/FORMATS.md "Plan"; canonical.
  Result<std::string> canonical() const;
  /// Of what it decides, which an approval names: release, build, config, place and policy, but not when, by whom
  /// and why. The same decision planned again has the same.
  Result<Digest> digest() const;
  /// Strict; refuses a plan whose parts contradict each other. Errc::malformed, invalid_argument.
  static Result<Plan> parse(std::string_view json);
  /// Lines for a person: what will be copied, tagged and recorded.
  std::string describe() const;
  /// `<repository>:<moving tag>@<image digest>`: what the command prints.
  oci::Location location() const;
};

}  // namespace slipway::release
