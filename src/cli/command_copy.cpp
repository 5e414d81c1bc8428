#include "cli/command.h"
#include "cli/image_results.h"
#include "cli/project.h"
#include "slipway/image/image.h"
#include "slipway/oci/media_type.h"

namespace slipway::cli {
namespace {

struct CopyFlags {
  std::string source, destination;
  bool no_clobber = false;
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

/// What the destination's tag names before the copy; nullopt when it names nothing. Opened for reading: what is
/// refused, or only asked about, must not make a layout.
Result<std::optional<oci::Descriptor>> tagged_now(Context& context, const oci::Location& to) {
  const bool stream = !to.is_registry() && to.path() == "-";
  if (!to.tag() || stream) return std::optional<oci::Descriptor>();
  const auto there = context.opener().open_for_reading(to, Side::destination);
  if (!there && there.error().code == Errc::not_found) return std::optional<oci::Descriptor>();
  SLIPWAY_TRY(there);
  auto now = (*there)->resolve(*to.tag());
  if (now) return std::optional<oci::Descriptor>(*std::move(now));
  if (now.error().code == Errc::not_found) return std::optional<oci::Descriptor>();
  return fail(std::move(now).error().on(Side::destination).in("looking for " + to.str()));
}

/// The destination with SRC's tag where it has none. docker's archives name images by whole references.
oci::Location with_tag_of(const oci::Location& from, oci::Location to) {
  if (to.tag() || !from.tag() || from.digest()) return to;
  if (to.transport() != oci::Transport::docker_archive) {
    return from.transport() == oci::Transport::docker_archive ? to : to.with_tag(*from.tag());
  }
  const oci::Location whole = from.without_reference().with_tag(*from.tag());
  if (from.is_registry()) return to.with_tag(whole.str());
  return from.transport() == oci::Transport::docker_archive ? to.with_tag(*from.tag()) : to;
}

/// What SRC names. A tag that is new at the destination will need the document's bytes too: one request for both.
Result<oci::Descriptor> source_root(store::ReadTarget& source, const store::TagOrDigest& reference, bool with_bytes) {
  if (!with_bytes) return source.resolve(reference);
  SLIPWAY_ASSIGN(store::Fetched fetched, source.fetch_document(reference));
  return std::move(fetched.descriptor);
}

Status refuse_taken(const oci::Location& to, const oci::Descriptor& now, const oci::Descriptor& root) {
  if (now.digest == root.digest) return {};
  return fail(Error(Errc::already_exists,
                    fmt::format("{} has the tag {} already, for {}", to.place(), *to.tag(), now.digest.str()))
                  .with_hint("leave out --no-clobber to move it"));
}

Status carry(Context& context, store::ReadTarget& source, const oci::Descriptor& root, const oci::Location& to) {
  SLIPWAY_ASSIGN(const auto target, context.opener().open_for_writing(to, Side::destination));
  std::vector<std::string> tags;
  if (to.tag()) tags.push_back(*to.tag());
  const copy::CopyOptions options{.lanes = context.jobs(), .observer = context.observer(), .stop = context.stop()};
  return copy::copy_tagged({&source}, root, *target, tags, options);
}

Result<int> run_copy(Context& context, const CopyFlags& f) {
  SLIPWAY_ASSIGN(const oci::Location from, readable(context, f.source));
  SLIPWAY_ASSIGN(oci::Location to, context.location(f.destination));
  if (to.digest()) {
    return fail(Error(Errc::invalid_argument, fmt::format("{}: a destination cannot have a digest", f.destination))
                    .with_hint("the digest is the source's; name a tag or nothing"));
  }
  SLIPWAY_ASSIGN(const auto source, context.opener().open_for_reading(from, Side::source));
  SLIPWAY_ASSIGN(const auto reference, store::reference_of(from, *source));
  to = with_tag_of(from, std::move(to));
  SLIPWAY_ASSIGN(const auto now, tagged_now(context, to));
  auto root = source_root(*source, reference, !now);
  if (!root) return fail(std::move(root).error().on(Side::source).in("looking for " + from.str()));
  std::optional<Digest> id;
  if (f.files.iid_file) {
    SLIPWAY_ASSIGN(id, image_id(*source, *root));
    if (!id) return fail(no_image_id());
  }
  ImageLine line{context.shown(to), *root, {}};
  if (context.json()) {
    SLIPWAY_ASSIGN(line.platforms, platform_names(*source, *root));
  }
  if (f.no_clobber && now) SLIPWAY_TRY(refuse_taken(to, *now, *root));
  if (context.globals().dry_run) {
    SLIPWAY_TRY(print_images(context, {line}));
    return 0;
  }
  // A registry takes a document only after its children; a layout's tag may name damaged content, which copying mends.
  const bool done = to.is_registry() && now && now->digest == root->digest;
  if (!done) SLIPWAY_TRY(carry(context, *source, *root, to));
  SLIPWAY_TRY(write_result_files(context, f.files, {line}, id));
  SLIPWAY_TRY(print_images(context, {line}));
  return 0;
}

struct TagFlags {
  std::string reference;
  std::vector<std::string> tags;
};

Result<int> run_tag(Context& context, const TagFlags& f) {
  SLIPWAY_ASSIGN(const oci::Location location, context.location(f.reference));
  for (const std::string& tag : f.tags) {
    if (!oci::is_valid_tag(tag)) return fail(Errc::invalid_argument, "'{}' is not a tag", tag);
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
  return {.name = "copy",
          .aliases = {"cp", "push", "pull"},
          .group = "Images",
          .summary = "copy an image, byte for byte, between registries, layouts and archives",
          .synopsis = "[OPTIONS] SRC DST",
          .examples = {{"from a layout to a registry", "slipway copy oci:out:v1 registry.example.com/team/app:v1"},
                       {"from registry to registry, all platforms",
                        "slipway copy registry.example.com/team/app:v1 mirror.example.com/team/app"},
                       {"into docker, without a registry",
                        "slipway copy oci:out:v1 docker-archive:-:team/app:v1 | docker load"}},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<CopyFlags>();
            options.positional("SRC", flags->source, "what to copy: a location, or an environment of slipway.yaml");
            options.positional("DST", flags->destination, "where to; without a tag it takes SRC's");
            options.flag("-n,--no-clobber", flags->no_clobber, "never move a tag that is there");
            bind_result_files(options, flags->files);
            return [flags](Context& context) { return run_copy(context, *flags); };
          }};
}

Command tag_command() {
  return {.name = "tag",
          .aliases = {},
          .group = "Images",
          .summary = "point tags at an image that is there",
          .synopsis = "REF TAG...",
          .examples = {{"a second tag", "slipway tag registry.example.com/team/app:v1 stable"},
                       {"in a layout, by digest", "slipway tag oci:out@sha256:... v1 latest"}},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<TagFlags>();
            options.positional("REF", flags->reference, "the image");
            options.positionals("TAG", flags->tags, "tags to set");
            return [flags](Context& context) { return run_tag(context, *flags); };
          }};
}

}  // namespace slipway::cli
