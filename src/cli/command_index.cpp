#include "cli/command.h"
#include "cli/config_flags.h"
#include "cli/image_results.h"
#include "cli/index_source.h"
#include "cli/project.h"
#include "slipway/base/text.h"
#include "slipway/image/image.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"

namespace slipway::cli {
namespace {

struct IndexFlags {
  std::string destination;
  std::vector<std::string> sources;
  std::vector<std::string> annotations;
  ResultFiles files;
};

/// The images that go into the index, and where their bytes are.
struct Gathered {
  std::vector<std::shared_ptr<store::ReadTarget>> targets;
  oci::Index index;
  std::vector<std::string> platforms;
};

/// One child for each platform: two for the same one would make it chance which of them runs.
Status add_offers(Gathered& gathered, const std::vector<image::Offer>& offers, const std::string& source) {
  if (offers.empty())
    return fail(error(Errc::invalid_argument, "{} is not an image: an index holds images", source)
                    .with_hint("look at it with: slipway inspect " + source));
  for (const image::Offer& offer : offers) {
    for (const oci::Descriptor& other : gathered.index.manifests) {
      if (other.platform != offer.platform) continue;
      return fail(Error(Errc::invalid_argument,
                        fmt::format("{} is for {}, and so is {}", source, offer.platform.str(), other.digest.str()))
                      .with_hint("name one image for each platform: slipway index DST SRC..."));
    }
    oci::Descriptor child(offer.manifest.media_type, offer.manifest.digest, offer.manifest.size);
    child.platform = offer.platform;
    gathered.index.manifests.push_back(std::move(child));
    gathered.platforms.push_back(offer.platform.str());
  }
  return {};
}

Result<Gathered> gather(Context& context, const IndexFlags& f) {
  Gathered gathered;
  gathered.index.media_type = oci::kIndexType;
  SLIPWAY_ASSIGN(gathered.index.annotations, parse_annotations(f.annotations));
  for (const std::string& text : f.sources) {
    SLIPWAY_ASSIGN(const oci::Location location, readable(context, text));
    SLIPWAY_ASSIGN(auto target, context.opener().open_for_reading(location, Side::source));
    SLIPWAY_ASSIGN(const auto reference, store::reference_of(location, *target));
    auto root = target->resolve(reference);
    if (!root) return fail(std::move(root).error().on(Side::source).in("looking for " + location.str()));
    SLIPWAY_ASSIGN(const auto offers, image::list_platforms(*target, *root));
    SLIPWAY_TRY(add_offers(gathered, offers, text));
    gathered.targets.push_back(std::move(target));
  }
  return gathered;
}

Result<int> run_index(Context& context, const IndexFlags& f) {
  SLIPWAY_ASSIGN(const oci::Location to, context.location(f.destination));
  if (to.digest())
    return fail(error(Errc::invalid_argument, "{}: the digest comes from the index", f.destination)
                    .with_hint(fmt::format("name a tag: slipway index {}:TAG SRC...", to.place())));
  if (f.files.iid_file) return fail(no_image_id());
  SLIPWAY_TRY(check_result_files(context, f.files));
  SLIPWAY_ASSIGN(const Gathered gathered, gather(context, f));
  const std::string bytes = oci::write_index(gathered.index);
  const oci::Descriptor root(std::string(oci::kIndexType), io::digest_of(bytes),
                             static_cast<std::int64_t>(bytes.size()));
  const ImageLine line{context.shown(to), root, gathered.platforms};
  if (!context.globals().dry_run) {
    // The index itself is read from memory, its children from where they are.
    IndexSource own(root, bytes);
    std::vector<store::ReadTarget*> sources{&own};
    for (const auto& target : gathered.targets)
      sources.push_back(target.get());
    SLIPWAY_ASSIGN(const auto target, context.opener().open_for_writing(to, Side::destination));
    std::vector<std::string> tags;
    if (to.tag()) tags.push_back(*to.tag());
    const copy::CopyOptions options{.lanes = context.jobs(), .observer = context.observer(), .stop = context.stop()};
    SLIPWAY_TRY(copy::copy_tagged(sources, root, *target, tags, options));
    SLIPWAY_TRY(write_result_files(context, f.files, {line}, std::nullopt));
  }
  SLIPWAY_TRY(print_images(context, {line}));
  return 0;
}

}  // namespace

Command index_command() {
  return {.name = "index",
          .aliases = {},
          .summary = "join images of several platforms into one index",
          .description =
              "Writes an image index with one manifest for each platform of the sources and copies their blobs to the "
              "destination. Changes no image: each keeps its digest.",
          .synopsis = "[OPTIONS] DST SRC...",
          .examples = {{"two machines' builds under one tag",
                        "slipway index registry.example.com/team/app:v1 registry.example.com/team/app:v1-amd64 "
                        "registry.example.com/team/app:v1-arm64"},
                       {"in a layout", "slipway index oci:out:v1 oci:amd64:v1 oci:arm64:v1"}},
          .statuses = {{2, "two sources have the same platform"}},
          .see_also = {"build", "copy", "inspect"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<IndexFlags>();
            options.positional("DST", flags->destination, "where the index goes");
            options.positionals("SRC", flags->sources, "images or indexes, one for each platform");
            options.list("--annotation", "K=V", flags->annotations, "annotation of the index (repeatable)");
            bind_result_files(options, flags->files);
            return [flags](Context& context) { return run_index(context, *flags); };
          }};
}

}  // namespace slipway::cli
