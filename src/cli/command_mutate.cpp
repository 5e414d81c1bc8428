#include <algorithm>

#include "cli/command.h"
#include "cli/config_flags.h"
#include "cli/copy_jobs.h"
#include "cli/found_image.h"
#include "cli/image_results.h"
#include "cli/image_root.h"
#include "cli/next_step.h"
#include "cli/streams.h"
#include "cli/verbs.h"
#include "slipway/base/clock.h"
#include "slipway/builder/derive.h"
#include "slipway/copy/copy.h"
#include "slipway/image/image.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/memory.h"

namespace slipway::cli {
namespace {

/// The options that mutate, append and flatten share.
struct DeriveFlags {
  std::optional<std::string> platform;
  std::optional<std::string> tag;
  builder::AdHocRequest request;
  ResultFiles files;
};

void bind_derive_flags(OptionSet& options, DeriveFlags& f) {
  options.value("-t,--tag", "TAG", f.tag, "tag beside the source, or a location, where DST is left out");
  options.also("--new_tag,--new-tag");
  options.value("--platform", "OS/ARCH", f.platform,
                "take this platform's image of an index (default: every platform)");
  bind_result_files(options, f.files);
}

/// An image on its way from a source to a destination, with what changes.
class Derivation {
 public:
  Derivation(Context& context, const DeriveFlags& flags) : context_(context), flags_(flags) {}

  Status open_source(const std::string& text) {
    SLIPWAY_ASSIGN(FoundImage found, find_image(context_, text));
    SLIPWAY_ASSIGN(root_, root_of(found, flags_.platform));
    from_ = found.location;
    source_ = std::move(found.target);
    return {};
  }

  /// An image without layers, for the platform of --platform or of this machine.
  Status start_from_scratch() {
    oci::ImageConfig config;
    config.platform = oci::host_platform();
    config.created = format_time(0);
    if (flags_.platform) {
      SLIPWAY_ASSIGN(config.platform, oci::Platform::parse(*flags_.platform));
    }
    auto empty = std::make_shared<store::MemoryTarget>("scratch");
    SLIPWAY_ASSIGN(oci::Descriptor described, add_document(*empty, oci::kConfigType, config.serialize()));
    const oci::Manifest manifest{.raw = {},
                                 .media_type = std::string(oci::kManifestType),
                                 .artifact_type = {},
                                 .config = std::move(described),
                                 .layers = {},
                                 .subject = {},
                                 .annotations = {}};
    SLIPWAY_ASSIGN(root_, add_document(*empty, oci::kManifestType, oci::write_manifest(manifest)));
    source_ = std::move(empty);
    return {};
  }

  /// DST, or --tag beside the source.
  Status choose_destination(const std::optional<std::string>& word) {
    if (word.has_value() == flags_.tag.has_value()) {
      return fail(
          Error(Errc::invalid_argument, word ? "DST and --tag exclude each other" : "the destination is missing")
              .with_hint("name a location as the last argument, or a tag beside the source with --tag TAG"));
    }
    if (!word && from_ && oci::is_valid_tag(*flags_.tag)) {
      to_ = from_->without_reference().with_tag(*flags_.tag);
      return {};
    }
    const std::string text = word ? *word : *flags_.tag;
    SLIPWAY_ASSIGN(oci::Location to, context_.location(text));
    if (to.digest())
      return fail(error(Errc::invalid_argument, "{}: a destination cannot have a digest", text)
                      .with_hint("the digest comes from the change; name a tag: " + to.place() + ":TAG"));
    to_ = from_ ? with_tag_of(*from_, std::move(to)) : std::move(to);
    return {};
  }

  store::ReadTarget& source() const { return *source_; }
  builder::PackingPlace place_for(const image::Image& image) const {
    return {.fs = context_.fs(),
            .temporary = temporary_folder(context_.surroundings()),
            .docker_types = image.manifest.media_type == oci::kDockerManifestType,
            .threads = context_.threads()};
  }
  builder::PackedLayers& layers() { return layers_; }

  Result<int> publish(const oci::Annotations& annotations, const builder::ChangeImage& change) {
    SLIPWAY_TRY(check_result_files(context_, flags_.files));
    SLIPWAY_ASSIGN(const auto derived, builder::derive(*source_, *root_, annotations, change));
    for (const Digest& digest : derived.left_out)
      context_.warn(fmt::format("the attestation {} is left out: it is about the original image", digest.str()));
    ImageLine line{context_.shown(*to_), derived.root, {}};
    for (const oci::Platform& platform : derived.platforms)
      line.platforms.push_back(platform.str());
    SLIPWAY_ASSIGN(const auto id, image_id(*derived.documents, derived.root));
    if (flags_.files.iid_file && !id) return fail(no_image_id());
    if (!context_.globals().dry_run) {
      SLIPWAY_TRY(write(derived));
      SLIPWAY_TRY(write_result_files(context_, flags_.files, {line}, id));
    }
    SLIPWAY_TRY(print_images(context_, {line}));
    return 0;
  }

 private:
  static Result<oci::Descriptor> add_document(store::MemoryTarget& target, std::string_view type,
                                              const std::string& bytes) {
    oci::Descriptor descriptor(std::string(type), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
    io::TextSource source(bytes);
    SLIPWAY_TRY(target.push(descriptor, source));
    return descriptor;
  }

  Status write(const builder::Derived& derived) {
    SLIPWAY_ASSIGN(const auto target, context_.opener().open_for_writing(*to_, Side::destination));
    const copy::CopyOptions options{.lanes = context_.jobs(), .observer = context_.observer(), .stop = context_.stop()};
    const std::vector<std::string> tags = to_->tag() ? std::vector{*to_->tag()} : std::vector<std::string>();
    return copy::copy_tagged({derived.documents.get(), &layers_, source_.get()}, derived.root, *target, tags, options);
  }

  Context& context_;
  const DeriveFlags& flags_;
  std::optional<oci::Location> from_, to_;
  std::shared_ptr<store::ReadTarget> source_;
  std::optional<oci::Descriptor> root_;
  builder::PackedLayers layers_;
};

struct MutateFlags : DeriveFlags {
  std::string source;
  std::optional<std::string> destination;
};

Result<int> run_mutate(Context& context, const MutateFlags& f) {
  if (given_config_flags(f.request).empty()) {
    return fail(Error(Errc::invalid_argument, "nothing is to be changed")
                    .with_hint("name the change, e.g.: slipway mutate REF --label team=web --tag NEW"));
  }
  SLIPWAY_ASSIGN(const builder::ConfigChange change, builder::config_from_flags(f.request));
  Derivation derivation(context, f);
  SLIPWAY_TRY(derivation.open_source(f.source));
  SLIPWAY_TRY(derivation.choose_destination(f.destination));
  return derivation.publish(change.annotations, [&](const image::Image&, builder::Draft& draft) {
    return builder::apply_change(change, draft);
  });
}

struct AppendFlags : DeriveFlags {
  std::optional<std::string> first;  ///< BASE, or a FILE after --base
  std::vector<std::string> rest;     ///< FILE... [DST]
  std::optional<std::string> base;
  std::vector<std::string> layers;
};

/// The parts of a command line of `append`, in our form or in crane's.
struct AppendWords {
  std::string base;
  std::vector<std::string> files;
  std::optional<std::string> destination;
};

Result<AppendWords> words_of(const AppendFlags& f) {
  AppendWords words{.base = f.base.value_or("scratch"), .files = f.rest, .destination = {}};
  if (f.first && (f.base || (f.rest.empty() && !f.layers.empty() && !f.tag))) {
    words.files.insert(words.files.begin(), *f.first);
  } else if (f.first) {
    words.base = *f.first;
  }
  if (!f.tag && !words.files.empty()) {
    words.destination = words.files.back();
    words.files.pop_back();
  }
  words.files.insert(words.files.end(), f.layers.begin(), f.layers.end());
  if (words.files.empty()) {
    return fail(Error(Errc::invalid_argument, "append needs a tar file")
                    .with_hint(fmt::format("run: slipway append {} FILE {}", f.first ? shell_word(*f.first) : "BASE",
                                           words.destination ? shell_word(*words.destination) : "DST")));
  }
  if (std::count(words.files.begin(), words.files.end(), "-") > 1) {
    return fail(Error(Errc::invalid_argument, "\"-\" is given twice")
                    .with_hint("run: slipway append BASE - DST, standard input once"));
  }
  return words;
}

/// The line of history of a layer that no build made.
oci::History line_of(const std::string& command, const std::string& comment) {
  oci::History line;
  line.created = format_time(0);
  line.created_by = command;
  line.comment = comment;
  return line;
}

/// The tar files of `append`, each packed once for every family of media types.
class TarLayers {
 public:
  TarLayers(Context& context, std::vector<std::string> files) : context_(context), files_(std::move(files)) {}

  Status add_to(builder::Draft& draft, const image::Image& image, Derivation& derivation) {
    const builder::PackingPlace place = derivation.place_for(image);
    std::vector<const builder::PackedLayer*>& packed = packed_[place.docker_types ? 1 : 0];
    for (std::size_t i = packed.size(); i < files_.size(); ++i) {
      SLIPWAY_ASSIGN(const auto input, open_input(context_, files_[i]));
      auto layer = builder::pack_tar(*input, place, context_.stop());
      if (!layer) return fail(std::move(layer).error().in("reading the tar " + files_[i]));
      packed.push_back(&derivation.layers().add(*std::move(layer)));
    }
    for (std::size_t i = 0; i < files_.size(); ++i)
      builder::add_layer(draft, *packed[i], line_of("slipway append", stdfs::path(files_[i]).filename().native()));
    return {};
  }

 private:
  Context& context_;
  const std::vector<std::string> files_;
  std::vector<const builder::PackedLayer*> packed_[2];
};

Result<int> run_append(Context& context, const AppendFlags& f) {
  SLIPWAY_ASSIGN(AppendWords words, words_of(f));
  Derivation derivation(context, f);
  SLIPWAY_TRY(words.base == "scratch" ? derivation.start_from_scratch() : derivation.open_source(words.base));
  SLIPWAY_TRY(derivation.choose_destination(words.destination));
  TarLayers layers(context, std::move(words.files));
  return derivation.publish(
      {}, [&](const image::Image& image, builder::Draft& draft) { return layers.add_to(draft, image, derivation); });
}

struct FlattenFlags : DeriveFlags {
  std::string source;
  std::optional<std::string> destination;
};

Result<int> run_flatten(Context& context, const FlattenFlags& f) {
  Derivation derivation(context, f);
  SLIPWAY_TRY(derivation.open_source(f.source));
  SLIPWAY_TRY(derivation.choose_destination(f.destination));
  return derivation.publish({}, [&](const image::Image& image, builder::Draft& draft) -> Status {
    SLIPWAY_ASSIGN(const auto files, file_lists(context).list(derivation.source(), image, context.stop()));
    SLIPWAY_ASSIGN(auto layer,
                   builder::pack_tree(derivation.source(), image, files, derivation.place_for(image), context.stop()));
    const std::size_t before = draft.manifest.layers.size();
    draft.manifest.layers.clear();
    draft.config.diff_ids.clear();
    draft.config.history.clear();
    oci::History line = line_of("slipway flatten", fmt::format("{} layers merged", before));
    line.created = image.config.created;
    builder::add_layer(draft, derivation.layers().add(std::move(layer)), std::move(line));
    return {};
  });
}

}  // namespace

Command mutate_command() {
  return {.name = "mutate",
          .aliases = {},
          .summary = "change an image's config, labels and annotations",
          .description =
              "Writes an image with the layers of REF and another config: entrypoint, environment, labels, annotations "
              "and whatever else build's options say. No layer is read or packed again; of an index, every platform is "
              "changed. REF itself stays as it is.",
          .synopsis = "[OPTIONS] REF [DST]",
          .examples = {{"a label, under another tag beside it",
                        "slipway mutate registry.example.com/team/app:v1 --label team=web --tag v1-web"},
                       {"another entrypoint, in another repository",
                        "slipway mutate registry.example.com/team/app:v1 --entrypoint /bin/debug "
                        "registry.example.com/team/app-debug:v1"}},
          .see_also = {"append", "flatten", "build"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<MutateFlags>();
            options.positional("REF", flags->source, kImageHelp);
            options.optional_positional("DST", flags->destination, "destination; without a tag it takes REF's");
            bind_config_flags(options, flags->request);
            bind_derive_flags(options, *flags);
            return [flags](Context& context) { return run_mutate(context, *flags); };
          }};
}

Command append_command() {
  return {
      .name = "append",
      .aliases = {},
      .summary = "add ready tar files to an image as layers",
      .description =
          "Writes an image with the layers of BASE and one more for each FILE. A tar that gzip or zstd compressed "
          "keeps its bytes, another one (plain, xz, bzip2) is compressed with gzip; every entry is checked. Nothing "
          "is normalised: build with 'archive' does that.",
      .synopsis = "[OPTIONS] BASE FILE... DST",
      .examples = {{"one layer more", "slipway append debian:12 layer.tar registry.example.com/team/app:v1"},
                   {"as crane append is called",
                    "slipway append -b debian:12 -f layer.tar -t registry.example.com/team/app:v1"},
                   {"from a pipe", "tar -c etc | slipway append oci:out:v1 - --tag v1-etc"},
                   {"a whole tree as an image", "slipway append scratch rootfs.tar.gz oci:out:v1"}},
      .statuses = {{12, "a FILE is not a tar that every runtime reads alike"}},
      .see_also = {"build", "mutate", "flatten"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<AppendFlags>();
        options.optional_positional("BASE", flags->first, "scratch, or an image: a location or an environment");
        options.rest("FILE", flags->rest, "tar files, - for standard input; the last one is DST unless --tag is given");
        options.value("-b,--base", "BASE", flags->base, "BASE, as crane append takes it");
        options.list("-f,--layer", "FILE", flags->layers, "FILE, as crane append takes it (repeatable)");
        options.also("--new_layer,--new-layer");
        bind_derive_flags(options, *flags);
        return [flags](Context& context) { return run_append(context, *flags); };
      }};
}

Command flatten_command() {
  return {.name = "flatten",
          .aliases = {},
          .summary = "merge an image's layers into one",
          .description =
              "Writes an image whose only layer holds the files that a container of REF sees. The config stays, but "
              "for its history. The same image gives the same digest.",
          .synopsis = "[OPTIONS] REF [DST]",
          .examples = {{"beside the original", "slipway flatten registry.example.com/team/app:v1 --tag v1-flat"},
                       {"into a layout", "slipway flatten debian:12 oci:flat:12"}},
          .see_also = {"unpack", "append"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<FlattenFlags>();
            options.positional("REF", flags->source, kImageHelp);
            options.optional_positional("DST", flags->destination, "destination; without a tag it takes REF's");
            bind_derive_flags(options, *flags);
            return [flags](Context& context) { return run_flatten(context, *flags); };
          }};
}

}  // namespace slipway::cli
