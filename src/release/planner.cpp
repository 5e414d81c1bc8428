#include <algorithm>

#include "release/journal.h"
#include "release/tags.h"
#include "slipway/image/image.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/release/policy.h"
#include "slipway/release/promote.h"

namespace slipway::release {
namespace {

/// The build that a release binds.
struct Build {
  oci::Descriptor image;
  Content content;
  std::string revision;
  oci::Annotations annotations;
  std::vector<oci::Location> sources;
};

Status refuse_unhonoured(const Environment& environment) {
  Diagnostics diagnostics;
  for (const Unhonoured& item : environment.unhonoured) {
    diagnostics.error(item.where, fmt::format("{}: this version cannot honour it", item.key),
                      "remove it, or use a newer slipway");
  }
  return std::move(diagnostics).status();
}

/// The annotations that describe a build: the manifest's own, for an index those of its first image.
Result<oci::Annotations> annotations_of(store::ReadTarget& target, const oci::Descriptor& root) {
  SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(target, root));
  if (const auto* manifest = std::get_if<oci::Manifest>(&document)) return manifest->annotations;
  const auto& index = std::get<oci::Index>(document);
  if (index.annotations.contains(std::string(oci::kRevision))) return index.annotations;
  for (const oci::Descriptor& child : index.manifests) {
    if (!oci::is_manifest(child.media_type)) continue;
    SLIPWAY_ASSIGN(const oci::Document inner, copy::fetch_document(target, child));
    return std::get<oci::Manifest>(inner).annotations;
  }
  return index.annotations;
}

std::string annotation(const oci::Annotations& annotations, std::string_view key) {
  const auto at = annotations.find(std::string(key));
  return at == annotations.end() ? "" : at->second;
}

/// As slipway.yaml writes the place, where it does: records should not hold paths of one machine.
std::string record_text(const Project& project, const oci::Location& location) {
  for (const Environment& environment : project.environments) {
    if (environment.repository.same_place(location)) return environment.repository_text;
  }
  if (project.image_repository && project.image_repository->same_place(location)) {
    const oci::Location& image = *project.image_repository;
    if (image.is_registry()) return image.place();
    return "oci:" + std::filesystem::path(image.path()).lexically_proximate(project.folder).string();
  }
  return location.place();
}

/// Makes one plan.
class Planner {
 public:
  Planner(const Project& project, const Environment& environment, const Remarks& remarks, const Parts& parts)
      : project_(project), environment_(environment), remarks_(remarks), parts_(parts),
        ledger_(*parts.opener, project.ledger) {}

  /// Reads the ledger and refuses what must be refused whatever the plan.
  Status begin() {
    SLIPWAY_TRY(refuse_unhonoured(environment_));
    SLIPWAY_TRY(finish_pending(project_, environment_, parts_));
    SLIPWAY_ASSIGN(chain_, ledger_.read(project_.app, environment_.name));
    SLIPWAY_TRY(refuse_lost_ledger());
    return {};
  }

  const Chain& chain() const { return chain_; }
  const Recorded* active() const { return chain_.head(); }

  Result<Build> build_at(const oci::Location& location) {
    auto target = parts_.opener->open_for_reading(location, Side::source);
    if (!target) return fail(std::move(target).error().on(Side::source));
    SLIPWAY_ASSIGN(const auto reference, store::reference_of(location, **target));
    auto image = (*target)->resolve(reference);
    if (!image) return fail(std::move(image).error().on(Side::source).in("looking for " + location.str()));
    return described(**target, *std::move(image), location);
  }

  Result<Build> active_build() {
    if (active() == nullptr) {
      return fail(Error(Errc::not_found, fmt::format("nothing was ever released to {}", environment_.name))
                      .with_hint(fmt::format("release a build first: slipway release {} REF", environment_.name)));
    }
    return recorded_build(active()->entry, environment_.repository);
  }

  /// The build of an entry, found in `repository`.
  Result<Build> recorded_build(const Entry& entry, const oci::Location& repository) {
    auto target = parts_.opener->open_for_reading(repository, Side::source);
    if (!target) return fail(std::move(target).error().on(Side::source));
    auto image = (*target)->resolve(entry.image.digest);
    if (!image) {
      return fail(std::move(image).error().on(Side::source).in(
          fmt::format("looking for the build of {} v{}", entry.environment, entry.number)));
    }
    Build build{*image, entry.build, entry.revision, {}, {repository}};
    SLIPWAY_ASSIGN(build.annotations, annotations_of(**target, *image));
    return build;
  }

  Result<ConfigValues> config_of_today() {
    if (!environment_.env_file) return ConfigValues{};
    auto text = read_file(*parts_.fs, *environment_.env_file, 1u << 20);
    if (!text) {
      return fail(Error(Errc::invalid_argument, text.error().message).at(environment_.env_file_where));
    }
    return parse_env_file(*text, environment_.env_file->string());
  }

  Result<Plan> plan(Kind kind, Build build, Digest config_digest, std::optional<ConfigValues> config,
                    std::optional<Origin> from) {
    const Recorded* head = active();
    Entry entry{.app = project_.app,
                .environment = environment_.name,
                .number = head == nullptr ? 1 : head->entry.number + 1,
                .kind = kind,
                .mode = environment_.mode,
                .build = build.content,
                .revision = build.revision,
                .image = {environment_.repository_text, build.image.digest},
                .config = std::move(config_digest)};
    if (head != nullptr) entry.prev = head->id;
    entry.from = std::move(from);
    entry.ledger = project_.ledger_text;
    entry.actor = parts_.actor.name;
    entry.reason = remarks_.reason;
    entry.bypass = remarks_.bypass;
    entry.time = parts_.clock->now();
    entry.tool = parts_.tool;
    const Policy policy(environment_);
    SLIPWAY_ASSIGN(const std::string rules, policy.canonical());
    entry.policy = io::digest_of(rules);

    Plan plan(std::move(entry), build.image, environment_.repository, project_.ledger);
    plan.ledger_text = project_.ledger_text;
    plan.config = std::move(config);
    plan.sources = order(std::move(build.sources));
    plan.changed = head == nullptr || !head->entry.same_release(plan.entry);
    plan.moving.tag = environment_.tag;
    if (head != nullptr) plan.moving.expected = head->entry.image.digest;
    SLIPWAY_ASSIGN(plan.fixed_tags, fixed_tags(plan.entry, build.annotations));
    if (plan.changed) {
      SLIPWAY_ASSIGN(const Facts facts, gather());
      SLIPWAY_TRY(enforce(policy, plan, facts));
    }
    return plan;
  }

 private:
  Result<Build> described(store::ReadTarget& target, const oci::Descriptor& image, const oci::Location& location) {
    if (!oci::is_graph_node(image.media_type)) {
      return fail(Errc::invalid_argument, "{} is {}, not an image", image.digest.str(), image.media_type);
    }
    Build build{image, {record_text(project_, location), image.digest}, {}, {}, {location.without_reference()}};
    SLIPWAY_ASSIGN(build.annotations, annotations_of(target, image));
    build.revision = annotation(build.annotations, oci::kRevision);
    return build;
  }

  /// A repository of the destination's registry first: from there blobs are mounted, not moved.
  std::vector<oci::Location> order(std::vector<oci::Location> sources) const {
    const auto near = [&](const oci::Location& source) {
      return source.is_registry() && environment_.repository.is_registry() &&
             source.host() == environment_.repository.host();
    };
    std::stable_sort(sources.begin(), sources.end(),
                     [&](const auto& a, const auto& b) { return near(a) && !near(b); });
    return sources;
  }

  Result<std::vector<std::string>> fixed_tags(const Entry& entry, const oci::Annotations& annotations) const {
    std::vector<std::string> tags;
    for (std::string tag : environment_.tags) {
      for (const auto& [name, value] :
           {std::pair{std::string("{number}"), std::to_string(entry.number)},
            std::pair{std::string("{revision}"), annotation(annotations, oci::kRevision)},
            std::pair{std::string("{version}"), annotation(annotations, oci::kVersion)}}) {
        const std::size_t at = tag.find(name);
        if (at == std::string::npos) continue;
        if (value.empty()) {
          return fail(Error(Errc::invalid_argument,
                            fmt::format("the tag '{}' of {} needs {}, which the build does not have", tag,
                                        environment_.name, name))
                          .at(environment_.where)
                          .with_hint("set the annotation org.opencontainers.image." + name.substr(1, name.size() - 2) +
                                     " when building"));
        }
        tag.replace(at, name.size(), value);
      }
      if (!oci::is_valid_tag(tag)) {
        return fail(Error(Errc::invalid_argument, fmt::format("'{}' is not a tag", tag)).at(environment_.where));
      }
      tags.push_back(std::move(tag));
    }
    return tags;
  }

  Result<Facts> gather() {
    Facts facts;
    facts.now = parts_.clock->now();
    for (const std::string& name : environment_.after) {
      SLIPWAY_ASSIGN(const auto head, ledger_.head(project_.app, name));
      facts.active_builds[name] = head ? std::optional<Digest>(head->entry.build.digest) : std::nullopt;
    }
    return facts;
  }

  /// Keep tags without a ledger mean that the ledger was lost or is another one.
  Status refuse_lost_ledger() {
    if (active() != nullptr) return {};
    auto target = parts_.opener->open_for_reading(environment_.repository, Side::destination);
    if (!target) return target.error().code == Errc::not_found ? Status() : Status(fail(target.error()));
    auto* lister = store::as<store::TagLister>(**target);
    if (lister == nullptr) return {};
    auto tags = lister->list_tags();
    if (!tags) return tags.error().code == Errc::not_found ? Status() : Status(fail(tags.error()));
    const auto unfinished = Journal(parts_, project_.app, environment_.name).unfinished();
    const std::string own = keep_tag(project_.app, environment_.name, 1);
    const std::string prefix = project_.app + "." + environment_.name + "-v";
    for (const std::string& tag : *tags) {
      if (tag.rfind(prefix, 0) != 0) continue;
      if (unfinished && tag.rfind(own, 0) == 0) continue;
      return fail(Error(Errc::conflict, fmt::format("{} has the keep tag {}, but the ledger {} has no release of {}",
                                                    environment_.repository.str(), tag, project_.ledger.str(),
                                                    environment_.name))
                      .with_hint("check ledger.repository in slipway.yaml: the ledger is lost or elsewhere"));
    }
    return {};
  }

  const Project& project_;
  const Environment& environment_;
  const Remarks& remarks_;
  const Parts& parts_;
  Ledger ledger_;
  Chain chain_;
};

Result<Plan> plan_with_config_of_today(Planner& planner, Kind kind, Build build, std::optional<Origin> from) {
  SLIPWAY_ASSIGN(ConfigValues values, planner.config_of_today());
  SLIPWAY_ASSIGN(const ConfigArtifact artifact, make_config_artifact(values));
  return planner.plan(kind, std::move(build), artifact.manifest.digest, std::move(values), std::move(from));
}

/// Builds and configs that somebody rolled back from: never the default to go back to.
bool was_rolled_back(const Chain& chain, const Recorded& candidate) {
  for (std::size_t i = 1; i < chain.entries.size(); ++i) {
    if (chain.entries[i].entry.kind != Kind::rollback) continue;
    if (chain.entries[i - 1].entry.same_release(candidate.entry)) return true;
  }
  return false;
}

Result<const Recorded*> choose(const Chain& chain, const Environment& environment, const RollbackTarget& target) {
  const Recorded* head = chain.head();
  if (head == nullptr) return fail(Errc::not_found, "nothing was ever released to {}", environment.name);
  if (target.number) {
    if (const Recorded* found = chain.number(*target.number)) return found;
    return fail(Error(Errc::not_found, fmt::format("{} has no release v{}", environment.name, *target.number))
                    .with_hint("list the releases with: slipway history " + environment.name));
  }
  for (std::size_t i = chain.entries.size() - 1; i-- > 0;) {
    const Recorded& candidate = chain.entries[i];
    if (target.previous) return &candidate;
    if (!candidate.entry.same_release(head->entry) && !was_rolled_back(chain, candidate)) return &candidate;
  }
  return fail(Error(Errc::not_found, fmt::format("{} has no earlier release to go back to", environment.name))
                  .with_hint(fmt::format("name one: slipway rollback {} vN", environment.name)));
}

/// Refuses before anything moves when a part of the image is gone.
Status require_complete(const oci::Location& repository, const oci::Descriptor& root, const Parts& parts) {
  SLIPWAY_ASSIGN(const auto target, parts.opener->open_for_reading(repository, Side::destination));
  std::vector<oci::Descriptor> waiting{root};
  while (!waiting.empty()) {
    const oci::Descriptor next = std::move(waiting.back());
    waiting.pop_back();
    SLIPWAY_ASSIGN(const bool there, target->exists(next));
    if (!there && next.urls.empty()) {
      return fail(Error(Errc::not_found, fmt::format("{} is no longer in {}", next.digest.str(), repository.str()))
                      .with_hint("this release cannot come back; choose another one"));
    }
    if (!oci::is_graph_node(next.media_type)) continue;
    SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(*target, next));
    for (oci::Descriptor& child : oci::children(document)) waiting.push_back(std::move(child));
  }
  return {};
}

}  // namespace

Result<Plan> plan_release(const Project& project, const Environment& environment,
                          const std::optional<oci::Location>& location, const Remarks& remarks, const Parts& parts) {
  Planner planner(project, environment, remarks, parts);
  SLIPWAY_TRY(planner.begin());
  if (!location) {
    SLIPWAY_ASSIGN(Build build, planner.active_build());
    return plan_with_config_of_today(planner, Kind::config, std::move(build), std::nullopt);
  }
  SLIPWAY_ASSIGN(Build build, planner.build_at(*location));
  const bool same = planner.active() != nullptr && planner.active()->entry.build.digest == build.content.digest;
  return plan_with_config_of_today(planner, same ? Kind::config : Kind::release, std::move(build), std::nullopt);
}

Result<Plan> plan_promote(const Project& project, const Environment& from, const Environment& to,
                          const Remarks& remarks, const Parts& parts) {
  Ledger ledger(*parts.opener, project.ledger);
  SLIPWAY_ASSIGN(const auto source, ledger.head(project.app, from.name));
  if (!source) {
    return fail(Error(Errc::not_found, fmt::format("nothing is active in {}", from.name))
                    .with_hint(fmt::format("release a build there first: slipway release {}", from.name)));
  }
  Planner planner(project, to, remarks, parts);
  SLIPWAY_TRY(planner.begin());
  SLIPWAY_ASSIGN(Build build, planner.recorded_build(source->entry, from.repository));
  return plan_with_config_of_today(planner, Kind::promote, std::move(build),
                                   Origin{from.name, source->entry.number, source->id});
}

Result<Plan> plan_rollback(const Project& project, const Environment& environment, const RollbackTarget& target,
                           const Remarks& remarks, const Parts& parts) {
  Planner planner(project, environment, remarks, parts);
  SLIPWAY_TRY(planner.begin());
  SLIPWAY_ASSIGN(const Recorded* older, choose(planner.chain(), environment, target));
  SLIPWAY_ASSIGN(Build build, planner.recorded_build(older->entry, environment.repository));
  SLIPWAY_TRY(require_complete(environment.repository, build.image, parts));
  return planner.plan(Kind::rollback, std::move(build), older->entry.config, std::nullopt,
                      Origin{environment.name, older->entry.number, older->id});
}

}  // namespace slipway::release
