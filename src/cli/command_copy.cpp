#include <algorithm>

#include "cli/command.h"
#include "cli/copy_jobs.h"
#include "cli/image_results.h"
#include "cli/index_source.h"
#include "cli/next_step.h"
#include "cli/progress.h"
#include "cli/project.h"
#include "slipway/base/lanes.h"
#include "slipway/copy/attached.h"
#include "slipway/image/image.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"

namespace slipway::cli {
namespace {

struct CopyFlags {
  CopyWords words;
  std::vector<std::string> platforms;
  bool no_clobber = false, referrers = false;
  bool all = false;  ///< accepted, and always so
  ResultFiles files;
};

Result<std::vector<std::string>> platform_names(store::ReadTarget& target, const oci::Descriptor& root) {
  std::vector<std::string> names;
  const auto offers = image::list_platforms(target, root);
  if (!offers) return names;  // an artifact has no platforms
  for (const image::Offer& offer : *offers)
    names.push_back(offer.platform.str());
  return names;
}

Result<oci::Descriptor> document_root(store::ReadTarget& target, const store::TagOrDigest& reference) {
  SLIPWAY_ASSIGN(store::Fetched fetched, target.fetch_document(reference));
  return std::move(fetched.descriptor);
}

/// Returns the destination's image under the tag before the copy; nullopt when there is none. Opened for reading: what
/// is refused, or only asked about, must not make a layout. Some registries answer 401 or 403 for a tag that is not
/// there: where the answer only spares work, the push decides; with `must_be_new` it is an error, and the document
/// itself is asked for, because some servers have no true HEAD.
Result<std::optional<oci::Descriptor>> tagged_now(Context& context, const oci::Location& to, bool must_be_new) {
  const bool stream = !to.is_registry() && to.path() == "-";
  if (!to.tag() || stream) return std::optional<oci::Descriptor>();
  const auto there = context.opener().open_for_reading(to, Side::destination);
  if (!there && there.error().code == Errc::not_found) return std::optional<oci::Descriptor>();
  SLIPWAY_TRY(there);
  auto now = must_be_new ? document_root(**there, *to.tag()) : (*there)->resolve(*to.tag());
  if (now) return std::optional<oci::Descriptor>(*std::move(now));
  const Errc code = now.error().code;
  const bool refused = code == Errc::forbidden || code == Errc::unauthorized;
  if (code == Errc::not_found || (refused && !must_be_new)) return std::optional<oci::Descriptor>();
  return fail(std::move(now).error().on(Side::destination).in("looking for " + to.str()));
}

/// Resolves SRC. A tag that is new at the destination will need the document's bytes too: one request for both.
Result<oci::Descriptor> source_root(store::ReadTarget& source, const store::TagOrDigest& reference, bool with_bytes) {
  return with_bytes ? document_root(source, reference) : source.resolve(reference);
}

Status refuse_taken(const oci::Location& to, const oci::Descriptor& now, const oci::Descriptor& root) {
  if (now.digest == root.digest) return {};
  return fail(Error(Errc::already_exists,
                    fmt::format("{} has the tag {} already, for {}", to.place(), *to.tag(), now.digest.str()))
                  .with_hint("leave out --no-clobber to move the tag, or name another one: slipway copy SRC DST"));
}

/// One image on its way.
class ImageCopy {
 public:
  ImageCopy(Context& context, const CopyFlags& flags, const CopyJob& job, std::size_t lanes)
      : context_(context), flags_(flags), job_(job), lanes_(lanes) {}

  /// Looks at both sides; nothing is written.
  Status look() {
    SLIPWAY_ASSIGN(source_, context_.opener().open_for_reading(job_.from, Side::source));
    SLIPWAY_ASSIGN(const auto reference, store::reference_of(job_.from, *source_));
    SLIPWAY_ASSIGN(now_, tagged_now(context_, job_.to, flags_.no_clobber));
    const auto* digest = std::get_if<Digest>(&reference);
    const bool known = digest != nullptr && now_ && now_->digest == *digest;
    auto root = known ? Result<oci::Descriptor>(*now_) : source_root(*source_, reference, !now_);
    if (!root) return fail(std::move(root).error().on(Side::source).in("looking for " + job_.from.str()));
    root_ = *std::move(root);
    if (!flags_.platforms.empty()) SLIPWAY_TRY(choose_platforms());
    if (flags_.files.iid_file) {
      SLIPWAY_ASSIGN(id_, image_id(*source_, *root_));
      if (!id_) return fail(no_image_id());
    }
    if (context_.json()) {
      platforms_ = flags_.platforms;
      if (!chosen_) {
        SLIPWAY_ASSIGN(platforms_, platform_names(*source_, *root_));
      }
    }
    return flags_.no_clobber && now_ ? refuse_taken(job_.to, *now_, *root_) : Status();
  }

  Status carry() {
    // A registry takes a document only after its children; a layout's tag may name damaged content, which copying
    // mends.
    const bool there = job_.to.is_registry() && now_ && now_->digest == root_->digest;
    if (there && !flags_.referrers) return {};
    SLIPWAY_ASSIGN(const auto target, context_.opener().open_for_writing(job_.to, Side::destination));
    std::vector<store::ReadTarget*> sources{source_.get()};
    if (chosen_) sources.insert(sources.begin(), chosen_.get());
    const copy::CopyOptions options{.lanes = lanes_, .observer = context_.observer(), .stop = context_.stop()};
    const std::optional<std::string> tag = there ? std::nullopt : job_.to.tag();
    if (!flags_.referrers) {
      return copy::copy_tagged(sources, *root_, *target, tag ? std::vector{*tag} : std::vector<std::string>(), options);
    }
    if (!there) SLIPWAY_TRY(copy::copy_graph(sources, *root_, *target, options));
    SLIPWAY_ASSIGN(const std::size_t attached, copy::copy_attached(*source_, *root_, *target, options));
    context_.note(fmt::format("{} manifests are attached to {}", attached, root_->digest.str()));
    // Last: whoever sees the tag sees what is attached.
    Status tagged = tag ? target->tag(*root_, *tag) : Status();
    return tagged ? tagged : fail(std::move(tagged).error().on(Side::destination).in("tagging " + *tag));
  }

  ImageLine line() const { return {context_.shown(job_.to), *root_, platforms_}; }
  const std::optional<Digest>& id() const { return id_; }

 private:
  /// Of an index what was asked for: a smaller index, or the one image.
  Status choose_platforms() {
    SLIPWAY_ASSIGN(const auto offers, image::list_platforms(*source_, *root_));
    std::vector<oci::Descriptor> kept;
    for (const std::string& text : flags_.platforms) {
      SLIPWAY_ASSIGN(const auto platform, oci::Platform::parse(text));
      SLIPWAY_ASSIGN(const image::Image chosen, image::load_image(*source_, *root_, platform));
      const oci::Descriptor& manifest = chosen.descriptor;
      kept.emplace_back(manifest.media_type, manifest.digest, manifest.size);
    }
    if (kept.size() == offers.size()) return {};
    const Digest whole = root_->digest;
    if (kept.size() == 1) {
      root_ = kept.front();
    } else {
      SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(*source_, *root_));
      oci::Index index = std::get<oci::Index>(document);
      std::erase_if(index.manifests, [&](const oci::Descriptor& child) {
        return std::none_of(kept.begin(), kept.end(), [&](const auto& one) { return one.digest == child.digest; });
      });
      const std::string bytes = oci::write_index(index);
      root_ = oci::Descriptor(index.media_type, io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
      chosen_ = std::make_shared<IndexSource>(*root_, bytes);
    }
    context_.note(fmt::format("{} without its other platforms is {}: another digest than {}", job_.from.str(),
                              root_->digest.str(), whole.str()));
    return {};
  }

  Context& context_;
  const CopyFlags& flags_;
  const CopyJob& job_;
  const std::size_t lanes_;
  std::shared_ptr<store::ReadTarget> source_;
  std::shared_ptr<IndexSource> chosen_;
  std::optional<oci::Descriptor> root_, now_;
  std::optional<Digest> id_;
  std::vector<std::string> platforms_;
};

/// Registries take several images at once; a layout's index or an archive is one file.
std::size_t images_at_once(const Context& context, const std::vector<CopyJob>& jobs) {
  const bool all = std::all_of(jobs.begin(), jobs.end(),
                               [](const CopyJob& job) { return job.from.is_registry() && job.to.is_registry(); });
  return all ? std::min(context.images_at_once(), jobs.size()) : 1;
}

/// The outcome of each copy: one that fails does not stop the others.
std::vector<Status> copy_all(Context& context, std::vector<ImageCopy>& copies, std::size_t at_once) {
  std::vector<Status> outcomes(copies.size());
  const Status ran = run_lanes(at_once, copies.size(), context.stop(), [&](std::size_t i, const std::stop_token&) {
    outcomes[i] = copies[i].look();
    if (outcomes[i] && !context.globals().dry_run) outcomes[i] = copies[i].carry();
    return !outcomes[i] && outcomes[i].error().code == Errc::cancelled ? outcomes[i] : Status();
  });
  if (!ran) outcomes.assign(1, ran);
  return outcomes;
}

/// The word before the bars: whether bytes go to a registry, come from one, or go between two places of a kind.
std::string_view direction_of(const std::vector<CopyJob>& jobs) {
  if (jobs.empty() || jobs[0].from.is_registry() == jobs[0].to.is_registry()) return "copy";
  return jobs[0].to.is_registry() ? "push" : "pull";
}

Result<int> run_copy(Context& context, const CopyFlags& f) {
  SLIPWAY_ASSIGN(const std::vector<CopyJob> jobs, plan_copies(context, f.words));
  name_direction(*context.observer(), direction_of(jobs));
  if (f.files.iid_file && jobs.size() != 1) return fail(no_image_id());
  SLIPWAY_TRY(check_result_files(context, f.files));
  const std::size_t at_once = images_at_once(context, jobs);
  std::vector<ImageCopy> copies;
  for (const CopyJob& job : jobs)
    copies.emplace_back(context, f, job, std::max<std::size_t>(context.jobs() / std::max<std::size_t>(at_once, 1), 1));
  const std::vector<Status> outcomes = copy_all(context, copies, at_once);
  std::vector<ImageLine> lines;
  std::vector<Error> errors;
  std::optional<Digest> id;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i]) {
      lines.push_back(copies[i].line());
      id = copies[i].id();
    } else {
      errors.push_back(jobs.size() == 1 ? outcomes[i].error()
                                        : Error(outcomes[i].error()).in("copying " + jobs[i].from.str()));
    }
  }
  if (errors.empty() && !context.globals().dry_run) SLIPWAY_TRY(write_result_files(context, f.files, lines, id));
  if (!lines.empty() || errors.empty()) SLIPWAY_TRY(print_images(context, lines));
  if (errors.empty()) return 0;
  if (jobs.size() > 1) context.note(fmt::format("{} of {} images were copied", lines.size(), jobs.size()));
  return fail(combine(std::move(errors)));
}

struct TagFlags {
  std::string reference;
  std::vector<std::string> tags;
};

Result<int> run_tag(Context& context, const TagFlags& f) {
  SLIPWAY_ASSIGN(const oci::Location location, context.location(f.reference));
  for (const std::string& tag : f.tags) {
    if (!oci::is_valid_tag(tag))
      return fail(
          error(Errc::invalid_argument, "\"{}\" is not a valid tag", tag)
              .with_hint(fmt::format(
                  "a tag has letters, digits, _ . and -, at most 128; to copy to another place: slipway copy {} {}",
                  shell_word(f.reference), shell_word(tag))));
  }
  SLIPWAY_ASSIGN(const auto there, context.opener().open_for_reading(location, Side::destination));
  SLIPWAY_ASSIGN(const auto reference, store::reference_of(location, *there));
  // The tag's PUT needs the bytes: one request gives them with the digest.
  SLIPWAY_ASSIGN(const oci::Descriptor root, source_root(*there, reference, location.is_registry()));
  std::shared_ptr<store::Target> target;
  if (!context.globals().dry_run) {
    SLIPWAY_ASSIGN(target, context.opener().open_for_writing(location, Side::destination));
  }
  std::vector<ImageLine> lines;
  for (const std::string& tag : f.tags) {
    if (target) SLIPWAY_TRY(target->tag(root, tag));
    ImageLine line{context.shown(location.without_reference().with_tag(tag)), root, {}};
    if (context.json()) {
      SLIPWAY_ASSIGN(line.platforms, platform_names(*there, root));
    }
    lines.push_back(std::move(line));
  }
  SLIPWAY_TRY(print_images(context, lines));
  return 0;
}

}  // namespace

Command copy_command() {
  return {
      .name = "copy",
      .aliases = {"cp", "push", "pull"},
      .summary = "copy images between registries, layouts and archives",
      .description =
          "Copies manifests and blobs byte for byte, so that the digest stays, and sets the tag last. Blobs that the "
          "destination has are not sent again; inside one registry they are mounted. Never converts or recompresses an "
          "image.",
      .synopsis = "[OPTIONS] SRC... DST",
      .examples =
          {{"from a layout to a registry", "slipway copy oci:out:v1 registry.example.com/team/app:v1"},
           {"from registry to registry, all platforms",
            "slipway copy registry.example.com/team/app:v1 mirror.example.com/team/app"},
           {"several, each below a prefix",
            "slipway copy registry.example.com/team/app:v1 registry.example.com/team/db:v3 mirror.example.com/all/"},
           {"with signatures, SBOMs and all else that is attached",
            "slipway copy --referrers registry.example.com/team/app:v1 mirror.example.com/team/app"},
           {"into docker, without a registry", "slipway copy oci:out:v1 docker-archive:-:team/app:v1 | docker load"}},
      .statuses = {{2, "two sources have one destination, or a destination has a digest"},
                   {16, "the tag is taken and --no-clobber was given"}},
      .see_also = {"tag", "ls", "load", "index"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<CopyFlags>();
        options.rest("SRC", flags->words.words,
                     "locations or environments of slipway.yaml; the last one is the destination. Without a tag it "
                     "takes SRC's tag; one that ends in / is a prefix for all of them");
        options.value("--from-file", "LIST", flags->words.list,
                      "read lines \"SRC\" or \"SRC DST\" from LIST; the only argument is then a prefix");
        options.flag("--all-tags", flags->words.all_tags, "copy every tag of the repository SRC");
        options.flag("-a,--all", flags->all, "copy every platform of an index: slipway always does, skopeo does not");
        options.flag("--referrers", flags->referrers, "copy attached artifacts, too: referrers and cosign's tags");
        options.also("-r,--recursive");
        options.list("--platform", "OS/ARCH", flags->platforms,
                     "copy only this platform of an index, which changes the digest (repeatable)");
        options.flag("-n,--no-clobber", flags->no_clobber, "fail if the destination's tag exists");
        bind_result_files(options, flags->files);
        return [flags](Context& context) { return run_copy(context, *flags); };
      }};
}

Command tag_command() {
  return {.name = "tag",
          .aliases = {},
          .summary = "add tags to an image",
          .description =
              "Points each TAG at the manifest of REF, in the repository or layout of REF. Moves no blobs; a tag that "
              "exists is moved.",
          .synopsis = "REF TAG...",
          .examples = {{"a second tag", "slipway tag registry.example.com/team/app:v1 stable"},
                       {"in a layout, by digest", "slipway tag oci:out@sha256:... v1 latest"}},
          .see_also = {"copy", "ls", "delete"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<TagFlags>();
            options.positional("REF", flags->reference, "the image");
            options.positionals("TAG", flags->tags, "a tag to set");
            return [flags](Context& context) { return run_tag(context, *flags); };
          }};
}

}  // namespace slipway::cli
