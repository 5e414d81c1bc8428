#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "slipway/copy/attached.h"
#include "slipway/oci/descriptor.h"
#include "slipway/oci/location.h"
#include "slipway/release/config_artifact.h"
#include "slipway/release/entry.h"

/// A Plan is a value: everything that one release will do, and nothing about how that was found out. Two plans are
/// equal when they would do the same.
///
/// Order of calls: plan_release(), plan_promote() or plan_rollback() make it (planning.h), Policy judges it, describe()
/// prints it, canonical() stores it, parse() reads it back, an approval names its digest(), and apply() carries it out.
///
/// Threads: as any value. Cost: no function here reads anything; canonical(), digest() and seal() serialize all of it.
///
/// canonical() holds all of the plan; digest() covers the decision: which build and config become which release, from
/// where, to where, under which tags and rules. Actor, reason and time are left out, so that the same decision planned
/// again is covered by the same approval. The entry names the decision, so a plan whose decision was edited contradicts
/// itself; apply() takes actor and time from whoever applies it, never from the file. seal() covers every byte.
///
/// Example: a plan that comes back from a file is the same.
///
///     Result<bool> survives(const release::Plan& plan) {
///       SLIPWAY_ASSIGN(const std::string text, plan.canonical());
///       SLIPWAY_ASSIGN(const release::Plan same, release::Plan::parse(text));
///       return same == plan;
///     }
namespace slipway::release {

/// Seconds that a stored plan may be applied.
inline constexpr std::int64_t kPlanLifetime = 24 * 60 * 60;

inline constexpr std::string_view kPlanSchema = "slipway/v2/plan";

/// A tag that moves, with the digest it pointed to when the plan was made.
struct TagMove {
  std::string tag;
  std::optional<Digest> expected;  ///< nullopt: the tag did not exist
  bool operator==(const TagMove&) const = default;
};

/// Everything one release will do: the entry it will write, the places its bytes come from, the tags it touches and
/// the state it expects.
struct Plan {
  bool changed = true;                     ///< false: build and config are active already, nothing will be written
  Entry entry;                             ///< exactly as it will be appended
  oci::Descriptor image;                   ///< the image that the tag will point to
  oci::Descriptor build;                   ///< the image that is copied; in layer mode not `image`
  std::vector<oci::Location> sources;      ///< places to copy from, in order
  std::vector<copy::Attached> attached{};  ///< signatures and the like that travel with the build
  oci::Location repository;                ///< the environment's
  oci::Location ledger;
  std::string ledger_text;
  std::optional<ConfigValues> config;   ///< nothing: the config artifact is in the ledger already
  TagMove moving;                       ///< the environment's tag
  std::vector<std::string> fixed_tags;  ///< written once, never moved
  std::string rules;                    ///< Policy::canonical(); the entry has its digest
  bool claims = false;                  ///< the ledger's tags cannot be overwritten: the number is claimed first
  std::optional<Digest> first{};        ///< the id of the chain's first entry, which identifies the ledger
  std::int64_t expires = 0;    ///< unix seconds after which a stored plan is stale: kPlanLifetime after its time
  bool finish_active = false;  ///< the active release was committed, but not finished: finish it first

  Plan(Entry e, oci::Descriptor i, oci::Location r, oci::Location l)
      : entry(std::move(e)), image(std::move(i)), build(image), repository(std::move(r)), ledger(std::move(l)) {}

  /// Returns canonical JSON (docs/FORMATS.md "Plan").
  Result<std::string> canonical() const;
  /// Returns the digest of the decision, which an approval names: release, build, config, place and policy, but not
  /// time, actor and reason. The same decision planned again has the same digest.
  Result<Digest> digest() const;
  /// Returns the digest that edition 1 approvals name: build, config, place and number alone.
  Result<Digest> edition1_digest() const;
  /// Returns the digest of all bytes of the plan, which an approval of a file seals.
  Result<Digest> seal() const;
  /// Parses it, strictly. Errc::malformed, also for parts that contradict each other; invalid_argument for a newer
  /// version, verification_failed for a decision that was edited, conflict for a plan of edition 1.
  static Result<Plan> parse(std::string_view json);
  /// Returns lines for a person: what will be copied, tagged and recorded.
  std::string describe() const;
  /// Returns `<repository>:<moving tag>@<image digest>`, the result line of a release.
  oci::Location location() const;
  bool operator==(const Plan&) const = default;
};

}  // namespace slipway::release
