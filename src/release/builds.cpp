#include "slipway/release/builds.h"

#include <algorithm>

#include "release/entry_artifact.h"
#include "release/removal_plan.h"
#include "slipway/base/json_reader.h"
#include "slipway/io/filters.h"

namespace slipway::release {
namespace {

constexpr std::string_view kBuildType = "application/vnd.slipway.build.v1+json";
constexpr std::string_view kBuildSchema = "slipway/v1/build";
constexpr std::size_t kTagSize = std::string_view("build-").size() + 12;

std::string record_tag(const Digest& build) { return "build-" + build.short_hex() + ".r"; }
std::string mark_tag(const Digest& build) { return "build-" + build.short_hex() + ".m"; }

/// Record and mark have one form: a build and a time.
Status put_time(store::Target& target, const Digest& build, std::int64_t time, const std::string& tag) {
  Json json;
  json.set("schema", kBuildSchema).set("build", build.str()).set("time", time);
  SLIPWAY_ASSIGN(const std::string bytes, json.canonical());
  const RecordArtifact artifact = make_record_artifact(kBuildType, bytes);
  io::TextSource blob(bytes);
  SLIPWAY_TRY(target.push(artifact.blob, blob));
  return target.push_tagged(artifact.manifest, artifact.manifest_bytes, tag);
}

/// Returns the time of a record; nothing when there is none, or one that is not about this build.
Result<std::optional<std::int64_t>> recorded_time(store::ReadTarget& target, const Digest& build,
                                                  const std::string& tag) {
  auto found = target.fetch_document(tag);
  if (!found && found.error().code == Errc::not_found) return std::optional<std::int64_t>();
  SLIPWAY_TRY(found);
  store::Fetched fetched = *std::move(found);
  const auto read = [&]() -> Result<std::int64_t> {
    SLIPWAY_ASSIGN(const auto manifest, oci::parse_manifest(std::move(fetched.bytes), fetched.descriptor.media_type));
    SLIPWAY_ASSIGN(const std::string bytes, record_bytes(manifest, kBuildType, target));
    SLIPWAY_ASSIGN(const Json json, Json::parse(bytes, "build record"));
    SLIPWAY_ASSIGN(auto reader, JsonReader::of(json, "build record"));
    SLIPWAY_ASSIGN(const Digest named, reader.required_digest("build"));
    if (named != build) return fail(Errc::malformed, "the record {} is of another build", tag);
    return reader.required_integer("time", 0, 1ll << 53);
  }();
  return read ? std::optional<std::int64_t>(*read) : std::nullopt;
}

/// As recorded_time, without a request for a tag that is not listed.
Result<std::optional<std::int64_t>> time_at(store::ReadTarget& target, const RemovalPlan& plan, const Digest& build,
                                            const std::string& tag) {
  const auto& tags = plan.tags();
  if (!std::binary_search(tags.begin(), tags.end(), tag)) return std::optional<std::int64_t>();
  return recorded_time(target, build, tag);
}

/// The builds of every release that was not given up.
Result<std::set<Digest>> needed_builds(const std::vector<const Project*>& projects, const ReleaseServices& services) {
  std::set<Digest> needed;
  for (const Project* project : projects) {
    Ledger ledger = services.ledger(project->ledger);
    ledger.require_everything_seen();
    for (const Environment& environment : project->environments) {
      SLIPWAY_ASSIGN(const Chain chain, ledger.read(project->app, environment.name));
      SLIPWAY_ASSIGN(const auto events, EventLog(ledger).read(project->app, environment.name));
      const auto gone = retired_in(events);
      for (const Recorded& recorded : chain.entries) {
        if (std::binary_search(gone.begin(), gone.end(), recorded.entry.number)) continue;
        needed.insert(recorded.entry.build.digest);
        needed.insert(recorded.entry.image.digest);
      }
    }
  }
  return needed;
}

struct Aged {
  Digest build;
  std::int64_t time;
};

/// The builds that have a record, newest first.
Result<std::vector<Aged>> builds_with_age(store::ReadTarget& target, RemovalPlan& plan, std::size_t& without_record) {
  std::vector<Aged> builds;
  for (const std::string& tag : std::vector<std::string>(plan.tags())) {
    if (!tag.starts_with("build-") || tag.size() != kTagSize) continue;
    SLIPWAY_ASSIGN(const auto root, plan.at(tag));
    if (!root || "build-" + root->digest.short_hex() != tag) continue;
    SLIPWAY_ASSIGN(const auto time, time_at(target, plan, root->digest, record_tag(root->digest)));
    if (time) builds.push_back({root->digest, *time});
    if (!time) ++without_record;
  }
  std::stable_sort(builds.begin(), builds.end(), [](const Aged& a, const Aged& b) { return a.time > b.time; });
  return builds;
}

/// Puts one old build where it belongs; a mark from before the build was pushed again does not count.
Status sort_in(const Aged& aged, std::int64_t wait, std::int64_t now, store::ReadTarget& target, RemovalPlan& plan,
               BuildsPlan& found) {
  SLIPWAY_ASSIGN(const auto mark, time_at(target, plan, aged.build, mark_tag(aged.build)));
  const bool counts = mark && *mark >= aged.time;
  if (counts && *mark + wait > now) {
    found.waiting.emplace_back(aged.build, *mark + wait);
    return {};
  }
  RemovalPlan trial = plan;
  SLIPWAY_ASSIGN(const bool free, trial.take_build(aged.build));
  if (!free) return {};
  if (!counts) {
    found.marked.push_back(aged.build);
    return {};
  }
  plan = std::move(trial);
  found.removed.push_back(aged.build);
  return {};
}

}  // namespace

Status record_build(store::Target& target, const Digest& build, std::int64_t time) {
  constexpr std::int64_t kDay = 24 * 60 * 60;
  const auto before = recorded_time(target, build, record_tag(build));
  if (before && *before && **before <= time && time < **before + kDay) return {};
  const Status put = put_time(target, build, time, record_tag(build));
  return put || put.error().code == Errc::conflict ? Status() : put;
}

Result<BuildsPlan> plan_builds(const std::vector<const Project*>& projects, const oci::Location& repository,
                               const BuildsRequest& request, const ReleaseServices& services) {
  BuildsPlan found;
  auto target = services.opener->open_for_reading(repository, Side::destination);
  if (!target && target.error().code == Errc::not_found) return found;
  SLIPWAY_TRY(target);
  SLIPWAY_ASSIGN(auto needed, needed_builds(projects, services));
  needed.insert(request.in_use.begin(), request.in_use.end());
  SLIPWAY_ASSIGN(RemovalPlan plan, RemovalPlan::of(*target, std::move(needed)));
  SLIPWAY_ASSIGN(const auto builds, builds_with_age(**target, plan, found.without_record));
  const std::int64_t now = services.clock->now();
  for (std::size_t i = request.keep; i < builds.size(); ++i) {
    const bool old_enough = builds[i].time + request.age <= now;
    if (old_enough && !plan.is_needed(builds[i].build))
      SLIPWAY_TRY(sort_in(builds[i], request.wait, now, **target, plan, found));
  }
  found.removal = std::move(plan).result();
  return found;
}

Status give_up_builds(const BuildsPlan& plan, store::Target& target, std::int64_t now) {
  if (plan.marked.empty() && plan.removed.empty()) return {};
  SLIPWAY_TRY(require_deletable(target));
  for (const Digest& build : plan.marked)
    SLIPWAY_TRY(put_time(target, build, now, mark_tag(build)));
  return remove(plan.removal, target);
}

}  // namespace slipway::release
