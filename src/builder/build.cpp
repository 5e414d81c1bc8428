#include "slipway/builder/build.h"

#include <algorithm>
#include <map>

#include "builder/attachments.h"
#include "builder/base_image.h"
#include "builder/base_root.h"
#include "builder/closure_planner.h"
#include "builder/git_source.h"
#include "builder/image_assembly.h"
#include "builder/layer_plan.h"
#include "slipway/base/clock.h"
#include "slipway/base/lanes.h"
#include "slipway/base/text.h"
#include "slipway/builder/sbom.h"
#include "slipway/io/filters.h"
#include "slipway/layer/layer_writer.h"
#include "slipway/oci/media_type.h"

namespace slipway::builder {
namespace {

/// Everything known about one platform on the way.
struct PlatformWork {
  oci::Platform platform;
  std::optional<image::Image> base;
  std::vector<PlannedLayer> layers;
  std::unique_ptr<DebugSplitter> debug;
};

/// One layer to write, for the first platform that has it.
struct LayerJob {
  const PlannedLayer* layer = nullptr;
  std::string platform;
  std::optional<FinishedLayer> done;
};

class Build {
 public:
  Build(const Recipe& recipe, const BuildOptions& options, FileSystem& fs, store::Opener& opener)
      : recipe_(recipe), options_(options), fs_(fs), opener_(opener) {}

  Result<BuildResult> run() {
    SLIPWAY_TRY(read_lock());
    SLIPWAY_TRY(read_sboms());
    SLIPWAY_TRY(plan());
    SLIPWAY_TRY(make_annotations());
    SLIPWAY_TRY(open_work());
    SLIPWAY_TRY(write_layers());
    SLIPWAY_ASSIGN(BuildResult result, assemble());
    SLIPWAY_TRY(attach(result));
    SLIPWAY_TRY(deliver(result));
    for (const Error& warning : diagnostics_.warnings())
      add_once(result.warnings, warning);
    return result;
  }

 private:
  /// Several platforms meet the same sockets.
  static void add_once(std::vector<Error>& warnings, const Error& warning) {
    const auto same = [&warning](const Error& known) { return known.message == warning.message; };
    if (std::none_of(warnings.begin(), warnings.end(), same)) warnings.push_back(warning);
  }

  /// Before anything is made: what is not there is told at once.
  Status read_sboms() {
    for (const Placed& include : recipe_.sbom_includes) {
      auto found = read_sbom_documents(fs_, recipe_.folder / include.text);
      if (!found && found.error().code != Errc::invalid_argument && found.error().code != Errc::not_found)
        return fail(std::move(found).error());
      if (!found) {
        diagnostics_.add(
            Error(Errc::invalid_argument, found.error().message).at(include.where).with_hint(found.error().hint));
        continue;
      }
      std::move(found->begin(), found->end(), std::back_inserter(sbom_documents_));
    }
    return {};
  }

  Status read_lock() {
    if (options_.lock_file.empty()) return {};
    SLIPWAY_ASSIGN(lock_, image::Lock::read(fs_, options_.lock_file));
    lock_before_ = lock_;
    return {};
  }

  Status make_annotations() {
    created_ = options_.created.value_or(options_.epoch);
    annotations_ = recipe_.annotations;
    if (recipe_.source_git || options_.created_from_git) {
      SLIPWAY_ASSIGN(const GitSource source, read_git_source(recipe_.folder, options_.stop));
      if (options_.created_from_git) created_ = source.commit_time;
      // What the recipe says itself is meant.
      if (recipe_.source_git) annotations_.merge(git_annotations(source));
    }
    if (base_ != nullptr) annotations_.merge(base_annotations(*base_));
    annotations_[std::string(kCompatAnnotation)] = std::to_string(layer::kCompatibility);
    return {};
  }

  /// Once; asking a registry waits until the recipe's own mistakes are known, where that can be.
  Status look_for_base() {
    if (base_ != nullptr) return {};
    SLIPWAY_ASSIGN(base_, find_base(recipe_, options_, opener_, lock_));
    return {};
  }

  Status plan() {
    std::vector<oci::Platform> platforms = options_.platforms.empty() ? recipe_.platforms : options_.platforms;
    if (platforms.empty()) {
      SLIPWAY_TRY(look_for_base());
      SLIPWAY_ASSIGN(oci::Platform guessed, guess_platform());
      platforms.push_back(std::move(guessed));
    }
    SLIPWAY_TRY(check_before_base(platforms));
    SLIPWAY_TRY(look_for_base());
    for (oci::Platform& platform : platforms)
      SLIPWAY_TRY(plan_platform(std::move(platform)));
    return diagnostics_.has_errors() ? std::move(diagnostics_).status() : Status();
  }

  /// What is wrong anyway is said, all at once, before anybody is asked for the base.
  Status check_before_base(const std::vector<oci::Platform>& platforms) {
    for (const oci::Platform& platform : platforms)
      SLIPWAY_TRY(check_sources(recipe_, platform, fs_, diagnostics_));
    if (!diagnostics_.has_errors()) return {};
    for (const oci::Platform& platform : platforms)
      SLIPWAY_TRY(plan_layers(recipe_, platform, options_.epoch, fs_, diagnostics_));
    return std::move(diagnostics_).status();
  }

  Status plan_platform(oci::Platform platform) {
    PlatformWork work{std::move(platform), std::nullopt, {}, nullptr};
    if (recipe_.split_debug)
      work.debug = std::make_unique<DebugSplitter>(fs_, options_.state_folder / "debug", options_.stop);
    std::optional<image::FileList> files;
    std::optional<BaseRoot> root;
    if (base_ != nullptr) {
      SLIPWAY_ASSIGN(work.base, load_base(*base_, recipe_, work.platform));
      if (!recipe_.layers.empty()) {
        SLIPWAY_ASSIGN(files, list_base(*base_, *work.base, options_.file_lists, options_.stop));
        root.emplace(*base_, *work.base, *files, symbols_read_for(recipe_), options_.stop);
      }
    }
    const PlanContext context{files ? &*files : nullptr, root ? &*root : nullptr, work.debug.get()};
    SLIPWAY_ASSIGN(work.layers, plan_layers(recipe_, work.platform, options_.epoch, fs_, diagnostics_, context));
    for (PlannedLayer& layer : work.layers) {
      for (Reason& reason : layer.reasons) {
        reason.platform = work.platform.str();
        reasons_.push_back(std::move(reason));
      }
      if (options_.explain) SLIPWAY_TRY(note_contents(work.platform, layer));
    }
    work_.push_back(std::move(work));
    return {};
  }

  Status note_contents(const oci::Platform& platform, const PlannedLayer& layer) {
    if (diagnostics_.has_errors()) return {};
    LayerContents contents{platform.str(), layer.name};
    SLIPWAY_ASSIGN(const auto reader, layer.tree.read());
    for (layer::FileEntry entry;;) {
      SLIPWAY_ASSIGN(const bool more, reader->next(entry));
      if (!more) break;
      if (entry.type == layer::EntryType::regular) ++contents.files;
      if (entry.type == layer::EntryType::regular) contents.bytes += entry.size;
    }
    contents_.push_back(std::move(contents));
    return {};
  }

  /// Contract: the first ELF input's platform, else the base's, else the host's with a warning.
  Result<oci::Platform> guess_platform() {
    if (depends_on_platform(recipe_)) {
      return fail(Error(Errc::invalid_argument, "paths have {os}, {arch} or {variant}, but no platform is named")
                      .with_hint("add 'platforms' to the image, or give --platform"));
    }
    Diagnostics ignored;  // the real planning, which follows, reports
    SLIPWAY_ASSIGN(const auto layers, plan_layers(recipe_, oci::host_platform(), options_.epoch, fs_, ignored));
    if (auto platform = first_elf_platform(layers, fs_)) return *std::move(platform);
    const oci::Platform host = oci::host_platform();
    if (base_ != nullptr) {
      SLIPWAY_ASSIGN(const auto offers, image::list_platforms(*base_->target, base_->root));
      if (offers.size() == 1) return offers.front().platform;
    }
    diagnostics_.warning(
        {},
        fmt::format("no platform is named and no input tells one: building for {}, as this machine is", host.str()));
    return host;
  }

  /// Layers go straight to a layout: the destination itself, else the state folder's.
  Status open_work() {
    if (options_.dry_run) return {};
    works_in_destination_ =
        options_.destinations.size() == 1 && options_.destinations[0].location.transport() == oci::Transport::layout;
    const oci::Location place = works_in_destination_
                                    ? options_.destinations[0].location.without_reference()
                                    : oci::Location::layout((options_.state_folder / "images").native());
    SLIPWAY_ASSIGN(work_target_,
                   opener_.open_for_writing(place, works_in_destination_ ? Side::destination : Side::local));
    ingest_ = store::as<store::BlobIngest>(*work_target_);
    if (ingest_ == nullptr) return fail(Errc::internal, "{} takes no streams", work_target_->name());
    return {};
  }

  Status write_layers() {
    for (const PlatformWork& work : work_) {
      for (const PlannedLayer& layer : work.layers) {
        if (job_of_.emplace(std::pair(layer.name, layer.inputs->digest), jobs_.size()).second)
          jobs_.push_back({&layer, work.platform.str(), std::nullopt});
      }
    }
    if (jobs_.empty()) return {};
    const std::size_t lanes = std::clamp<std::size_t>(options_.threads, 1, jobs_.size());
    const std::size_t inner = std::max<std::size_t>(1, options_.threads / lanes);
    return run_lanes(lanes, jobs_.size(), options_.stop, [this, inner](std::size_t i, std::stop_token stop) {
      return write_layer(jobs_[i], inner, std::move(stop));
    });
  }

  Status write_layer(LayerJob& job, std::size_t lanes, std::stop_token stop) {
    if (options_.observer != nullptr) options_.observer->layer_started(job.platform, job.layer->name);
    const layer::LayerOptions how{recipe_.compression, recipe_.level, lanes, options_.cache};
    const std::string type(layer::layer_media_type(recipe_.compression));
    SLIPWAY_ASSIGN(const bool reused, reuse_layer(job, type));
    if (reused) return {};
    const std::int64_t started = options_.cache != nullptr ? options_.cache->now() : 0;
    io::NullSink nowhere;
    io::HashingSink unkept(nowhere);
    std::unique_ptr<store::BlobWriter> writer;
    if (ingest_ != nullptr) {
      SLIPWAY_ASSIGN(writer, ingest_->start_blob(type));
    }
    io::Sink& sink = writer == nullptr ? static_cast<io::Sink&>(unkept) : *writer;
    auto diff_id = layer::write_layer(files_of(*job.layer, fs_), job.layer->tree, how, sink, std::move(stop));
    if (!diff_id)
      return fail(
          std::move(diff_id).error().in(fmt::format("building the layer '{}'", printable(job.layer->name, 100))));
    const oci::Descriptor blob = writer == nullptr
                                     ? oci::Descriptor(type, unkept.digest(), static_cast<std::int64_t>(unkept.count()))
                                     : writer->descriptor();
    job.done = FinishedLayer{job.layer->name, *diff_id, blob.digest, blob.size};
    if (options_.cache != nullptr)
      options_.cache->remember_layer(*job.layer->inputs, {*diff_id, blob.digest, blob.size}, started);
    if (options_.observer != nullptr) options_.observer->layer_built(job.platform, job.layer->name, blob);
    return {};
  }

  /// True when the layer's files are those of an earlier build and its blob is where this one works.
  Result<bool> reuse_layer(LayerJob& job, const std::string& type) {
    if (options_.cache == nullptr) return false;
    const auto known = options_.cache->find_layer(*job.layer->inputs);
    if (!known) return false;
    oci::Descriptor descriptor(type, known->digest, known->size);
    if (work_target_ != nullptr) {
      SLIPWAY_ASSIGN(const bool there, work_target_->exists(descriptor));
      if (!there) return false;
    }
    job.done = FinishedLayer{job.layer->name, known->diff_id, known->digest, known->size};
    if (options_.observer != nullptr) options_.observer->layer_reused(job.platform, job.layer->name, descriptor);
    return true;
  }

  Result<BuildResult> assemble() {
    std::vector<BuiltImage> images;
    for (const PlatformWork& work : work_) {
      Pieces pieces{recipe_, work.base ? &*work.base : nullptr, work.platform, {}, annotations_, format_time(created_)};
      for (const PlannedLayer& layer : work.layers)
        pieces.layers.push_back(*jobs_[job_of_.at({layer.name, layer.inputs->digest})].done);
      SLIPWAY_ASSIGN(BuiltImage image, assemble_image(pieces, documents_));
      images.push_back(std::move(image));
    }
    SLIPWAY_TRY(check_images(images));
    oci::Descriptor root = images.size() == 1 ? images[0].manifest : assemble_index(images, annotations_, documents_);
    BuildResult result{
        std::move(root),     std::move(images), {}, std::nullopt, annotations_, {}, std::move(reasons_), {},
        std::move(contents_)};
    if (base_ != nullptr) result.base = base_->location;
    if (options_.expected != nullptr) SLIPWAY_TRY(check_same(*options_.expected, result));
    return result;
  }

  /// --check-reproducible: names what came out otherwise.
  Status check_same(const BuildResult& expected, const BuildResult& result) const {
    if (expected.root.digest == result.root.digest) return {};
    std::string parts;
    const auto add = [&parts](const std::string& part) { parts += (parts.empty() ? "" : ", ") + part; };
    for (std::size_t i = 0; i < std::min(expected.images.size(), result.images.size()); ++i) {
      const BuiltImage &one = expected.images[i], &other = result.images[i];
      const std::string platform = other.platform.str();
      const std::vector<PlannedLayer>& planned = work_[i].layers;
      const std::size_t from_base = other.layers.size() - planned.size();
      for (std::size_t j = from_base; j < std::min(one.layers.size(), other.layers.size()); ++j) {
        if (one.layers[j].digest != other.layers[j].digest)
          add(fmt::format("the layer '{}' for {}", printable(planned[j - from_base].name, 100), platform));
      }
      const bool same_layers = one.layers == other.layers;
      if (same_layers && one.manifest.digest != other.manifest.digest) add(fmt::format("the config for {}", platform));
    }
    return fail(Error(Errc::verification_failed,
                      fmt::format("the build is not reproducible: a second one, under other conditions, differs in {}",
                                  parts.empty() ? "its index" : parts))
                    .with_hint("make sure that nothing writes to the inputs meanwhile, then build again"));
  }

  Status check_images(const std::vector<BuiltImage>& images) {
    for (const BuiltImage& image : images) {
      if (image.layers.empty()) {
        return fail(Error(Errc::invalid_argument, "the image would have no layer at all")
                        .with_hint("add files with --add or 'layers', or name a base"));
      }
    }
    return {};
  }

  /// What there is to say about each image, as artifacts that name it as their subject.
  Status attach(BuildResult& result) {
    const oci::Annotations annotations = {{"org.opencontainers.image.created", format_time(created_)}};
    for (std::size_t i = 0; i < work_.size(); ++i) {
      const BuiltImage& image = result.images[i];
      const std::string platform = image.platform.str();
      if (work_[i].debug != nullptr && !work_[i].debug->files().empty()) {
        const auto& files = work_[i].debug->files();
        SLIPWAY_ASSIGN(auto manifest, attach_debug_files(files, image, annotations, fs_, ingest_, documents_));
        result.attachments.push_back(
            {std::move(manifest), platform,
             fmt::format("debug information of {} program{}", files.size(), files.size() == 1 ? "" : "s")});
      }
      if (!recipe_.sboms.empty()) SLIPWAY_TRY(attach_sboms(image, annotations, result));
    }
    return {};
  }

  Status attach_sboms(const BuiltImage& built, const oci::Annotations& annotations, BuildResult& result) {
    // Its layers exist only where they were written.
    if (work_target_ == nullptr) return {};
    FirstOf everything(sources());
    SLIPWAY_ASSIGN(const image::Image image, image::load_manifest(everything, built.manifest));
    SLIPWAY_ASSIGN(const image::FileList list, image::merge_files(everything, image, options_.stop));
    const std::string name =
        fmt::format("{}@{}", recipe_.app.empty() ? "image" : recipe_.app, built.manifest.digest.str());
    SLIPWAY_ASSIGN(Sbom sbom, take_sbom(everything, image, list, name, options_.stop));
    add_documents(sbom, sbom_documents_);
    for (const std::string& format : recipe_.sboms) {
      const SbomFormat& kind = *find_sbom_format(format);
      oci::Descriptor blob =
          documents_.add(std::string(kind.media_type), kind.write(sbom, options_.tool).pretty() + "\n");
      blob.annotations = {{"org.opencontainers.image.title", std::string(kind.file_name)}};
      result.attachments.push_back(
          {stage_artifact(kind.media_type, built.manifest, {std::move(blob)}, annotations, documents_),
           built.platform.str(), fmt::format("SBOM ({})", format)});
    }
    return {};
  }

  std::vector<store::ReadTarget*> sources() {
    std::vector<store::ReadTarget*> all = {&documents_};
    if (work_target_ != nullptr) all.push_back(work_target_.get());
    if (base_ != nullptr) all.push_back(base_->target.get());
    return all;
  }

  /// Every destination gets the whole graph, then its tags; the lock is written when all of them have it.
  Status deliver(BuildResult& result) {
    for (const Destination& destination : options_.destinations) {
      const std::vector<std::string> tags = tags_of(destination, result.root);
      if (!options_.dry_run) SLIPWAY_TRY(deliver_to(destination, result, tags));
      add_locations(destination, result.root, result.locations);
    }
    const bool changed = lock_.images() != lock_before_.images();
    if (options_.dry_run || options_.lock_file.empty() || !changed) return {};
    return lock_.write(fs_, options_.lock_file);
  }

  Status deliver_to(const Destination& destination, const BuildResult& result, const std::vector<std::string>& tags) {
    const oci::Location place = destination.location.without_reference();
    // The target that stored the layers knows them: opened anew it would hash them again.
    auto target = work_target_;
    if (!works_in_destination_) {
      SLIPWAY_ASSIGN(target, opener_.open_for_writing(place, Side::destination));
    }
    copy::CopyOptions how;
    how.lanes = std::max<std::size_t>(1, options_.lanes);
    how.observer = options_.observer;
    how.stop = options_.stop;
    // What is attached is there before anybody is led to the image by a tag.
    Status copied = result.attachments.empty() ? Status() : copy::copy_graph(sources(), result.root, *target, how);
    for (std::size_t i = 0; copied && i < result.attachments.size(); ++i)
      copied = copy::copy_graph(sources(), result.attachments[i].manifest, *target, how);
    if (copied) copied = copy::copy_tagged(sources(), result.root, *target, tags, how);
    if (!copied) return fail(std::move(copied).error().in(fmt::format("storing the image in {}", place.str())));
    return {};
  }

  static std::string build_tag(const oci::Descriptor& root) { return "build-" + root.digest.short_hex(); }

  static std::vector<std::string> tags_of(const Destination& destination, const oci::Descriptor& root) {
    std::vector<std::string> tags = destination.tags;
    if (destination.build_tag) tags.push_back(build_tag(root));
    return tags;
  }

  static void add_locations(const Destination& destination, const oci::Descriptor& root,
                            std::vector<oci::Location>& out) {
    const oci::Location place = destination.location.without_reference();
    for (const std::string& tag : destination.tags)
      out.push_back(place.with_tag(tag).with_digest(root.digest));
    if (!destination.tags.empty()) return;
    const oci::Location named = destination.build_tag ? place.with_tag(build_tag(root)) : place;
    out.push_back(named.with_digest(root.digest));
  }

  const Recipe& recipe_;
  const BuildOptions& options_;
  FileSystem& fs_;
  store::Opener& opener_;
  Diagnostics diagnostics_;
  image::Lock lock_, lock_before_;
  std::unique_ptr<Base> base_;
  oci::Annotations annotations_;
  std::int64_t created_ = 0;
  std::vector<Reason> reasons_;
  std::vector<std::string> sbom_documents_;  // of other tools, to be merged
  std::vector<LayerContents> contents_;
  std::vector<PlatformWork> work_;
  std::vector<LayerJob> jobs_;
  std::map<std::pair<std::string, Digest>, std::size_t> job_of_;  // by name and what the layer is made of
  StagedDocuments documents_;
  std::shared_ptr<store::Target> work_target_;
  store::BlobIngest* ingest_ = nullptr;
  bool works_in_destination_ = false;  // the layout that work_target_ is
};

}  // namespace

Result<BuildResult> build_image(const Recipe& recipe, const BuildOptions& options, FileSystem& fs,
                                store::Opener& opener) {
  return Build(recipe, options, fs, opener).run();
}

}  // namespace slipway::builder
