#include "release/journal.h"
#include "release/tags.h"
#include "slipway/oci/media_type.h"
#include "slipway/release/promote.h"

namespace slipway::release {
namespace {

Error stale(const Plan& plan, std::string_view why) {
  return Error(Errc::conflict, fmt::format("the plan for {} v{} is stale: {}", plan.entry.environment,
                                           plan.entry.number, why))
      .with_hint("somebody else released in between; look at slipway status and run the command again");
}

/// Carries out one plan.
class Application {
 public:
  Application(const Plan& plan, const Parts& parts)
      : plan_(plan), parts_(parts), ledger_(*parts.opener, plan.ledger),
        journal_(parts, plan.entry.app, plan.entry.environment) {}

  Result<Recorded> run() {
    SLIPWAY_ASSIGN(const auto turn, parts_.sequencer->take(plan_.entry.app, plan_.entry.environment));
    SLIPWAY_ASSIGN(const auto head, ledger_.head(plan_.entry.app, plan_.entry.environment));
    if (!plan_.changed) return unchanged(head);
    SLIPWAY_TRY(require_expected(head));
    SLIPWAY_ASSIGN(target_, parts_.opener->open_for_writing(plan_.repository, Side::destination));
    // Before anything is written: a tag that somebody moved must stop the release, not follow it.
    SLIPWAY_ASSIGN(const auto now, tag_state(*target_, plan_.moving.tag));
    if (now != plan_.moving.expected && now != plan_.image.digest) {
      return fail(drift_error(target_->name(), plan_.moving.tag, now));
    }
    const std::optional<Plan> before = journal_.unfinished();
    if (before && before->entry.number == plan_.entry.number) left_behind_ = before->image.digest;
    SLIPWAY_TRY(journal_.begin(plan_));
    SLIPWAY_TRY(copy_image());
    SLIPWAY_TRY(keep());
    SLIPWAY_TRY(put_config());
    SLIPWAY_ASSIGN(Recorded recorded, commit());
    SLIPWAY_TRY(push_evidence(recorded.entry, plan_.image, *target_));
    SLIPWAY_TRY(move_tag(*target_, plan_.image, plan_.moving));
    SLIPWAY_TRY(journal_.end());
    return recorded;
  }

 private:
  Result<Recorded> unchanged(const std::optional<Recorded>& head) const {
    if (!head || !head->entry.same_release(plan_.entry)) return fail(stale(plan_, "the active release changed"));
    return *head;
  }

  Status require_expected(const std::optional<Recorded>& head) const {
    const std::optional<Digest> id = head ? std::optional<Digest>(head->id) : std::nullopt;
    if (id == plan_.entry.prev) return {};
    return fail(stale(plan_, head ? fmt::format("v{} was released meanwhile", head->entry.number)
                                  : std::string("the ledger is empty")));
  }

  Status copy_image() {
    std::vector<std::shared_ptr<store::ReadTarget>> owned;
    std::vector<store::ReadTarget*> sources;
    for (const oci::Location& location : plan_.sources) {
      if (location.same_place(plan_.repository)) return require_there();
      SLIPWAY_ASSIGN(auto source, parts_.opener->open_for_reading(location, Side::source));
      sources.push_back(source.get());
      owned.push_back(std::move(source));
    }
    const copy::CopyOptions options{.lanes = parts_.lanes, .observer = parts_.observer, .stop = parts_.stop};
    // A repository that has the image already needs no source at all.
    SLIPWAY_ASSIGN(const bool there, target_->exists(plan_.image));
    if (!there) SLIPWAY_TRY(copy::copy_graph(sources, plan_.image, *target_, options));
    return {};
  }

  Status require_there() {
    SLIPWAY_ASSIGN(const bool there, target_->exists(plan_.image));
    if (there) return {};
    return fail(Errc::not_found, "{} is no longer in {}", plan_.image.digest.str(), plan_.repository.str());
  }

  /// Keep tags: on the image, and on the platform manifests where a registry may collect untagged children.
  Status keep() {
    const std::string tag = keep_tag(plan_.entry.app, plan_.entry.environment, plan_.entry.number);
    SLIPWAY_TRY(write_once(*target_, plan_.image, tag, left_behind_));
    if (plan_.repository.is_registry() && oci::is_index(plan_.image.media_type)) SLIPWAY_TRY(keep_children(tag));
    for (const std::string& fixed : plan_.fixed_tags) SLIPWAY_TRY(write_once(*target_, plan_.image, fixed, left_behind_));
    return {};
  }

  Status keep_children(const std::string& tag) {
    SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(*target_, plan_.image));
    for (const oci::Descriptor& child : std::get<oci::Index>(document).manifests) {
      if (!child.platform || !oci::is_manifest(child.media_type)) continue;
      std::string name = fmt::format("{}-{}-{}", tag, child.platform->os, child.platform->architecture);
      if (!child.platform->variant.empty()) name += "-" + child.platform->variant;
      if (!oci::is_valid_tag(name)) continue;
      SLIPWAY_TRY(write_once(*target_, child, name, child_left_behind(name)));
    }
    return {};
  }

  /// What an unfinished run of this machine may have left under a child's keep tag.
  std::optional<Digest> child_left_behind(const std::string& name) {
    if (!left_behind_) return std::nullopt;
    const auto found = tag_state(*target_, name);
    return found ? *found : std::nullopt;
  }

  Status put_config() {
    if (!plan_.config) return {};
    SLIPWAY_ASSIGN(const ConfigArtifact artifact, make_config_artifact(*plan_.config));
    SLIPWAY_ASSIGN(const auto ledger, ledger_.open_for_writing());
    return push_config(artifact, *ledger,
                       fmt::format("{}.{}.c.{}", plan_.entry.app, plan_.entry.environment,
                                   artifact.manifest.digest.short_hex()));
  }

  /// The commit, and a look whether it was the only one.
  Result<Recorded> commit() {
    SLIPWAY_ASSIGN(Recorded recorded, ledger_.append(plan_.entry));
    SLIPWAY_ASSIGN(const auto head, ledger_.head(plan_.entry.app, plan_.entry.environment));
    if (!head || head->id != recorded.id) return fail(stale(plan_, "another release was committed at the same time"));
    return recorded;
  }

  const Plan& plan_;
  const Parts& parts_;
  Ledger ledger_;
  Journal journal_;
  std::shared_ptr<store::Target> target_;
  std::optional<Digest> left_behind_;
};

}  // namespace

Result<Recorded> apply(const Plan& plan, const Parts& parts) { return Application(plan, parts).run(); }

Status finish_pending(const Project& project, const Environment& environment, const Parts& parts) {
  Ledger ledger(*parts.opener, project.ledger);
  SLIPWAY_ASSIGN(const Chain chain, ledger.read(project.app, environment.name));
  const Recorded* head = chain.head();
  SLIPWAY_ASSIGN(const auto now, tag_state(*parts.opener, environment.repository, environment.tag));
  if (head == nullptr) {
    if (!now) return {};
    return fail(drift_error(environment.repository.str(), environment.tag, now));
  }
  if (now == head->entry.image.digest) return {};
  const Recorded* before = chain.number(head->entry.number - 1);
  TagMove move{environment.tag, before ? std::optional<Digest>(before->entry.image.digest) : std::nullopt};
  if (now != move.expected) return fail(drift_error(environment.repository.str(), environment.tag, now));
  SLIPWAY_ASSIGN(const auto target, parts.opener->open_for_writing(environment.repository, Side::destination));
  SLIPWAY_ASSIGN(const oci::Descriptor image, target->resolve(head->entry.image.digest));
  SLIPWAY_TRY(push_evidence(head->entry, image, *target));
  SLIPWAY_TRY(move_tag(*target, image, move));
  return Journal(parts, project.app, environment.name).end();
}

}  // namespace slipway::release
