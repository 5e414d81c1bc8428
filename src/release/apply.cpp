#include <set>

#include "release/entry_artifact.h"
#include "release/facts.h"
#include "release/journal.h"
#include "release/layer_image.h"
#include "release/planner.h"
#include "release/standing.h"
#include "release/tags.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/release/promote.h"

namespace slipway::release {
namespace {

Error stale(const Plan& plan, std::string_view why) {
  return Error(Errc::conflict,
               fmt::format("the plan for {} v{} is stale: {}", plan.entry.environment, plan.entry.number, why))
      .with_hint("somebody else released in between; look at slipway status and run the command again");
}

/// The keep tags of an index's children. Every child gets one, also those without a platform or
/// with the same one as another child: a registry that collects untagged manifests would break the index.
std::vector<std::pair<std::string, oci::Descriptor>> child_tags(const std::string& keep, const oci::Index& index) {
  std::vector<std::pair<std::string, oci::Descriptor>> tags;
  std::set<std::string> taken;
  std::set<Digest> seen;
  for (const oci::Descriptor& child : index.manifests) {
    if (!oci::is_graph_node(child.media_type) || !seen.insert(child.digest).second) continue;
    std::string name = keep;
    if (child.platform) name += fmt::format("-{}-{}", child.platform->os, child.platform->architecture);
    if (child.platform && !child.platform->variant.empty()) name += "-" + child.platform->variant;
    if (!child.platform || !oci::is_valid_tag(name) || taken.contains(name)) {
      name = fmt::format("{}-{}", keep, child.digest.short_hex());
    }
    taken.insert(name);
    tags.emplace_back(std::move(name), oci::Descriptor(child.media_type, child.digest, child.size));
  }
  return tags;
}

/// Carries out one plan.
class Application {
 public:
  Application(const Plan& plan, const Parts& parts)
      : plan_(plan),
        parts_(parts),
        ledger_(parts.ledger(plan.ledger)),
        journal_(parts, plan.entry.app, plan.entry.environment),
        tag_now_(plan.moving.expected) {}

  Result<Recorded> run() {
    SLIPWAY_ASSIGN(const auto turn, parts_.sequencer->take(plan_.entry.app, plan_.entry.environment));
    SLIPWAY_ASSIGN(const auto head, ledger_.head(plan_.entry.app, plan_.entry.environment));
    SLIPWAY_ASSIGN(const bool committed, is_committed(head));
    if (committed) return finish(*head);
    if (!plan_.changed) return stay(head);
    SLIPWAY_TRY(require_expected(head));
    SLIPWAY_TRY(judge_again());
    SLIPWAY_TRY(open_target());
    if (head) SLIPWAY_TRY(settle_claim(*head));
    if (head && plan_.finish_active) SLIPWAY_TRY(finish(*head));
    // A plan of this very run looked a moment ago; before the tag moves it is looked at in any case.
    if (plan_.stored || plan_.finish_active) SLIPWAY_TRY(require_unmoved(head));
    return release();
  }

 private:
  /// An earlier run of this very plan got as far as its commit.
  Result<bool> is_committed(const std::optional<Recorded>& head) const {
    if (!head || !plan_.changed) return false;
    SLIPWAY_ASSIGN(const std::string bytes, plan_.entry.canonical());
    return head->bytes == bytes;
  }

  Result<Recorded> stay(const std::optional<Recorded>& head) {
    if (!head || !head->entry.same_release(plan_.entry)) return fail(stale(plan_, "the active release changed"));
    return plan_.finish_active ? finish(*head) : Result<Recorded>(*head);
  }

  Status require_expected(const std::optional<Recorded>& head) const {
    const std::optional<Digest> id = head ? std::optional<Digest>(head->id) : std::nullopt;
    if (id == plan_.entry.prev) return {};
    return fail(stale(plan_, head ? fmt::format("v{} was released meanwhile", head->entry.number)
                                  : std::string("the ledger is empty")));
  }

  /// The world may have changed since the plan was made; the rules are those of the plan.
  Status judge_again() {
    SLIPWAY_ASSIGN(const Policy policy, Policy::parse(plan_.rules));
    SLIPWAY_ASSIGN(const Facts facts, gather_facts(policy, plan_, ledger_, parts_, Approvals::needed));
    return enforce(policy, plan_, facts);
  }

  Status open_target() {
    if (target_ != nullptr) return {};
    SLIPWAY_ASSIGN(target_, parts_.opener->open_for_writing(plan_.repository, Side::destination));
    return {};
  }

  /// Before anything is written: a tag that somebody moved must stop the release, not follow it.
  Status require_unmoved(const std::optional<Recorded>& head) {
    SLIPWAY_ASSIGN(tag_now_, tag_state(*target_, plan_.moving.tag));
    const bool finished = head && plan_.finish_active && tag_now_ == head->entry.image.digest;
    if (finished || tag_now_ == plan_.moving.expected || tag_now_ == plan_.image.digest) return {};
    return fail(drift());
  }

  Error drift() const {
    const std::string place = plan_.repository.with_tag(plan_.moving.tag).str();
    return stale(plan_, fmt::format("the tag {} was moved to {}", place, tag_now_ ? tag_now_->str() : "nothing"))
        .with_hint("find out who moved it; slipway status shows where it should be");
  }

  Result<Recorded> release() {
    const std::optional<Plan> before = journal_.unfinished();
    if (before && before->entry.number == plan_.entry.number) left_behind_ = before;
    if (plan_.stored) SLIPWAY_TRY(require_free_keep_tags());
    SLIPWAY_TRY(journal_.begin(plan_));
    SLIPWAY_TRY(copy_image());
    SLIPWAY_TRY(keep());
    SLIPWAY_TRY(put_config());
    SLIPWAY_ASSIGN(const Recorded recorded, commit());
    auto finished = finish(recorded);
    if (finished) return finished;
    return fail(std::move(finished).error().in(
        fmt::format("finishing v{}, which is committed: run the command again to finish it", recorded.entry.number)));
  }

  /// What comes after the commit. Idempotent, also for the release of an earlier run or another machine.
  Result<Recorded> finish(const Recorded& recorded) {
    SLIPWAY_TRY(open_target());
    oci::Descriptor image = plan_.image;
    if (image.digest != recorded.entry.image.digest) {
      SLIPWAY_ASSIGN(image, target_->resolve(recorded.entry.image.digest));
    }
    SLIPWAY_TRY(settle_claim(recorded));
    SLIPWAY_TRY(push_evidence(recorded, image, plan_.ledger, *target_));
    SLIPWAY_ASSIGN(const auto now, tag_state(*target_, plan_.moving.tag));
    if (now != recorded.entry.image.digest) {
      // Between the look before the commit and this one somebody may have moved it.
      if (now != plan_.moving.expected && now != tag_now_) SLIPWAY_TRY(require_lost(now, recorded));
      SLIPWAY_TRY(target_->tag(image, plan_.moving.tag));
    }
    SLIPWAY_TRY(journal_.end());
    return recorded;
  }

  /// The writer of a claim may have come no further than that.
  Status settle_claim(const Recorded& recorded) {
    SLIPWAY_ASSIGN(const bool there, ledger_.has_tag(entry_tag(recorded.entry, recorded.id)));
    if (!there) SLIPWAY_TRY(ledger_.append(recorded.entry));
    return {};
  }

  /// A writer that lost the fork may have moved the tag before it saw that; anybody else is drift.
  Status require_lost(const std::optional<Digest>& now, const Recorded& recorded) {
    SLIPWAY_ASSIGN(const Chain chain, ledger_.read(plan_.entry.app, plan_.entry.environment));
    if (chain.lost(now)) return {};
    return fail(drift_error(plan_.repository.with_tag(plan_.moving.tag), now, &recorded));
  }

  std::vector<std::string> once_written() const {
    std::vector<std::string> tags = plan_.fixed_tags;
    tags.push_back(keep_tag(plan_.entry.app, plan_.entry.environment, plan_.entry.number));
    return tags;
  }

  std::optional<Digest> ours() const {
    return left_behind_ ? std::optional<Digest>(left_behind_->image.digest) : std::nullopt;
  }

  Status require_free_keep_tags() {
    for (const std::string& tag : once_written()) {
      SLIPWAY_TRY(require_free(*target_, plan_.image.digest, tag, ours()));
    }
    return {};
  }

  /// In layer mode the image is made here: from the build, which is copied first, and the plan's config.
  bool is_made_here() const { return plan_.build.digest != plan_.image.digest && plan_.config.has_value(); }

  Status copy_image() {
    if (is_made_here()) {
      SLIPWAY_TRY(copy_from_sources(plan_.build));
      SLIPWAY_TRY(put_layer_image());
    } else {
      SLIPWAY_TRY(copy_from_sources(plan_.image));
    }
    return verify_copy();
  }

  Status put_layer_image() {
    SLIPWAY_TRY(write_once(*target_, plan_.build, "build-" + plan_.build.digest.short_hex(), std::nullopt));
    std::shared_ptr<const LayerImage> layers = plan_.layers;
    if (!layers) {
      SLIPWAY_ASSIGN(LayerImage made, make_layer_image(*target_, plan_.build, *plan_.config, plan_.entry.config));
      layers = std::make_shared<const LayerImage>(std::move(made));
    }
    if (layers->root.digest != plan_.image.digest) {
      return fail(Error(Errc::verification_failed, fmt::format("build and config give {}, the plan says {}",
                                                               layers->root.digest.str(), plan_.image.digest.str()))
                      .with_hint("the plan was made by another version of slipway: plan it again"));
    }
    for (const MadeContent& blob : layers->blobs) {
      io::TextSource bytes(blob.bytes);
      SLIPWAY_TRY(target_->push(blob.descriptor, bytes, parts_.stop));
    }
    return put_manifests(*layers);
  }

  /// Children with their keep tags at once, where children get any; the root last.
  Status put_manifests(const LayerImage& layers) {
    std::map<Digest, std::string> tags;
    std::map<std::string, Digest> theirs;
    const std::string keep = keep_tag(plan_.entry.app, plan_.entry.environment, plan_.entry.number);
    if (target_->traits().collects_untagged && oci::is_index(layers.root.media_type)) {
      SLIPWAY_ASSIGN(const oci::Index index, oci::parse_index(layers.manifests.back().bytes, layers.root.media_type));
      for (const auto& [tag, child] : child_tags(keep, index))
        tags.emplace(child.digest, tag);
      SLIPWAY_ASSIGN(theirs, children_left_behind(keep));
    }
    for (const auto& [descriptor, text] : layers.manifests) {
      const auto tag = tags.find(descriptor.digest);
      if (tag == tags.end()) {
        io::TextSource bytes(text);
        SLIPWAY_TRY(target_->push(descriptor, bytes, parts_.stop));
        continue;
      }
      const auto left = theirs.find(tag->second);
      SLIPWAY_TRY(require_free(*target_, descriptor.digest, tag->second,
                               left == theirs.end() ? std::nullopt : std::optional<Digest>(left->second)));
      SLIPWAY_TRY(target_->push_tagged(descriptor, text, tag->second));
    }
    return {};
  }

  Status copy_from_sources(const oci::Descriptor& root) {
    SLIPWAY_ASSIGN(const bool there, target_->exists(root));
    std::vector<std::shared_ptr<store::ReadTarget>> owned;
    std::vector<store::ReadTarget*> sources;
    for (const oci::Location& location : plan_.sources) {
      if (there || location.same_place(plan_.repository)) continue;
      SLIPWAY_ASSIGN(auto source, parts_.opener->open_for_reading(location, Side::source));
      sources.push_back(source.get());
      owned.push_back(std::move(source));
    }
    if (!there && sources.empty()) {
      return fail(Errc::not_found, "{} is no longer in {}", root.digest.str(), plan_.repository.str());
    }
    const copy::CopyOptions options{.lanes = parts_.lanes, .observer = parts_.observer, .stop = parts_.stop};
    return there ? Status() : copy::copy_graph(sources, root, *target_, options);
  }

  /// The destination's own word that it has these very bytes under this digest.
  Status verify_copy() {
    SLIPWAY_ASSIGN(const oci::Descriptor found, target_->resolve(plan_.image.digest));
    if (found.same_content(plan_.image) && found.media_type == plan_.image.media_type) return {};
    return fail(
        Error(Errc::verification_failed,
              fmt::format("{} says {} is {} of {} bytes, but {} of {} bytes was copied", plan_.repository.str(),
                          found.digest.str(), found.media_type, found.size, plan_.image.media_type, plan_.image.size))
            .with_hint("the registry altered the manifest; nothing was released"));
  }

  /// Keep tags: children before their index, as in every copy.
  Status keep() {
    const std::string tag = keep_tag(plan_.entry.app, plan_.entry.environment, plan_.entry.number);
    const bool has_children = target_->traits().collects_untagged && oci::is_index(plan_.image.media_type);
    if (has_children && !is_made_here()) SLIPWAY_TRY(keep_children(tag));
    for (const std::string& name : once_written())
      SLIPWAY_TRY(write_once(*target_, plan_.image, name, ours()));
    return {};
  }

  Status keep_children(const std::string& keep) {
    SLIPWAY_ASSIGN(const auto theirs, children_left_behind(keep));
    SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(*target_, plan_.image));
    for (const auto& [tag, child] : child_tags(keep, std::get<oci::Index>(document))) {
      const auto left = theirs.find(tag);
      SLIPWAY_TRY(
          write_once(*target_, child, tag, left == theirs.end() ? std::nullopt : std::optional<Digest>(left->second)));
    }
    return {};
  }

  /// The children's keep tags that an unfinished run of this machine may have written for another image.
  Result<std::map<std::string, Digest>> children_left_behind(const std::string& keep) {
    std::map<std::string, Digest> tags;
    if (!left_behind_ || left_behind_->image.digest == plan_.image.digest) return tags;
    if (!oci::is_index(left_behind_->image.media_type)) return tags;
    auto document = copy::fetch_document(*target_, left_behind_->image);
    if (!document && document.error().code == Errc::not_found) return tags;
    SLIPWAY_TRY(document);
    for (const auto& [tag, child] : child_tags(keep, std::get<oci::Index>(*document)))
      tags.emplace(tag, child.digest);
    return tags;
  }

  Status put_config() {
    if (!plan_.config) return {};
    SLIPWAY_ASSIGN(const ConfigArtifact artifact, make_config_artifact(*plan_.config));
    const std::string tag =
        fmt::format("{}.{}.c.{}", plan_.entry.app, plan_.entry.environment, artifact.manifest.digest.short_hex());
    SLIPWAY_ASSIGN(const bool there, ledger_.has_tag(tag));
    if (there) return {};
    SLIPWAY_ASSIGN(const auto ledger, ledger_.open_for_writing());
    return push_config(artifact, *ledger, tag);
  }

  /// The commit, and a look whether it was the only one.
  Result<Recorded> commit() {
    if (parts_.stop.stop_requested()) return fail(Errc::cancelled, "interrupted before the release was committed");
    if (plan_.claims) SLIPWAY_TRY(ledger_.claim(plan_.entry));
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
  std::optional<Digest> tag_now_;    ///< the moving tag, as last seen before the commit
  std::optional<Plan> left_behind_;  ///< what an unfinished run of this machine was writing under this number
};

}  // namespace

Result<Recorded> apply(const Plan& plan, const Parts& parts) { return Application(plan, parts).run(); }

}  // namespace slipway::release
