#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include "cli/command.h"
#include "cli/config_flags.h"
#include "cli/found_image.h"
#include "cli/image_results.h"
#include "cli/opener.h"
#include "cli/progress.h"
#include "cli/project.h"
#include "cli/retire_builds.h"
#include "cli/terminal.h"
#include "cli/text_layout.h"
#include "cli/version.h"
#include "cli/warnings.h"
#include "slipway/base/text.h"
#include "slipway/builder/last_build.h"
#include "slipway/builder/local_images.h"
#include "slipway/builder/reproducibility.h"
#include "slipway/builder/sbom.h"
#include "slipway/builder/work_observer.h"
#include "slipway/image/lock.h"

namespace slipway::cli {
namespace {

struct BuildFlags {
  builder::AdHocRequest request;
  std::optional<std::string> base;
  std::vector<std::string> tags, to;
  std::optional<std::string> created, codec;
  bool push = false, locked = false, update_base = false, no_cache = false, check = false, no_check = false;
  bool strict = false, explain = false, split_debug = false, check_symbols = false;
  std::vector<std::string> sboms, sbom_includes;
  std::optional<std::string> cache_limit;
  ResultFiles files;
};

void bind_flags(OptionSet& options, BuildFlags& f) {
  options.list("-t,--tag", "TAG", f.tags,
               "tag of every destination that names none, or a location of its own (repeatable; default: latest)");
  options.flag("--push", f.push, "write to image.repository of slipway.yaml");
  options.list("--to", "LOCATION", f.to,
               "write the image to LOCATION (repeatable; default: the layout .slipway/images)");
  options.list("--platform", "OS/ARCH", f.request.platforms,
               "build for this platform (repeatable; default: that of the first program)");
  options.flag("--locked", f.locked, "fail if slipway.lock lacks the base's digest (default in CI)");
  options.flag("--update-base", f.update_base,
               "ask the registry for the base's digest again and store it in slipway.lock");
  options.value("--created", "TIME|git", f.created,
                "set the image's creation time: RFC 3339, or the commit's time (default: SOURCE_DATE_EPOCH or 0)");
  options.value("--base", "REF|scratch", f.base, "build from flags alone, on this base image");
  options.list("--add", "SRC:DST[:mode[:uid:gid]]", f.request.adds, "pack a file or a folder's contents (repeatable)");
  options.list("--closure", "BIN", f.request.closures,
               "pack the libraries and the loader that a program needs (repeatable)");
  options.list("--dlopen", "LIB", f.request.dlopens,
               "pack a library that those programs load at run time (repeatable)");
  options.list("--profile", "NAME", f.request.profiles,
               "pack what they load by known rules: auto, nss, iconv, openssl, sasl, pam, qt, gtk (repeatable)");
  options.list(
      "--runtime", "KIND", f.request.runtime,
      "pack data that they read: auto, minimal, ca-certificates, tzdata, locale, passwd, nsswitch, tmp, ld.so.cache, "
      "dpkg-status (repeatable)");
  options.value("--sysroot", "DIR", f.request.sysroot, "take libraries from this root folder (default: /)");
  bind_config_flags(options, f.request);
  options.value("--compression", "FORMAT[:LEVEL]", f.request.compression,
                "compress layers with gzip, zstd or none; fast, default or best (default: gzip:default)");
  options.value("--codec", "NAME", f.codec,
                "give layers the bytes of this library version, e.g. zstd-1.5.7, and keep it in slipway.lock");
  options.flag("--preserve-modes", f.request.preserve_modes,
               "keep file modes as they are on disk (default: 0755 and 0644)");
  options.list("--sbom", "FORMAT", f.sboms, "attach an SBOM to the image: spdx, cyclonedx (repeatable)");
  options.list("--sbom-include", "PATH", f.sbom_includes,
               "merge this SBOM, or those in this folder, into it (repeatable)");
  options.flag("--split-debug", f.split_debug, "attach the programs' debug information instead of packing it");
  options.flag("--check-reproducible", f.check,
               "build twice under different conditions and publish only equal results");
  options.flag("--check-symbols", f.check_symbols, "fail if a symbol that a program or library needs is missing");
  options.flag("--strict", f.strict, "turn the findings of lint in the programs of a closure into errors");
  options.flag("--no-check", f.no_check, "publish even if the entrypoint cannot start");
  options.command_line_only();
  options.flag("--explain", f.explain, "print the layers and why each file of a closure is in the image");
  options.flag("--no-cache", f.no_cache, "build without the cache");
  options.value("--cache-limit", "SIZE", f.cache_limit, "keep at most SIZE in the cache (default: 8GiB)");
  bind_result_files(options, f.files);
}

constexpr std::int64_t kLastSecond = 253402300799;  // of the year 9999: RFC 3339 has no later one

Result<std::int64_t> epoch_of(const Context& context) {
  const auto text = context.surroundings().env("SOURCE_DATE_EPOCH");
  if (!text || text->empty()) return 0;
  const auto seconds = parse_whole<std::int64_t>(*text);
  if (seconds && *seconds >= 0 && *seconds <= kLastSecond) return *seconds;
  return fail(error(Errc::invalid_argument, "SOURCE_DATE_EPOCH is \"{}\", not a number of seconds from 0 to {}",
                    printable(*text, 40), kLastSecond)
                  .with_hint("set it to the time of the last commit: git log -1 --format=%ct"));
}

/// The destinations with their tags (docs/CONTRACT.md "Destinations of a build").
class Destinations {
 public:
  /// `usual_tag`: of destinations that name none.
  Destinations(Context& context, const BuildFlags& flags, std::string usual_tag)
      : context_(context), flags_(flags), usual_tag_(std::move(usual_tag)) {}

  Result<std::vector<builder::Destination>> make(const std::optional<oci::Location>& repository,
                                                 const stdfs::path& state) {
    SLIPWAY_TRY(sort_tags());
    for (const std::string& text : flags_.to) {
      SLIPWAY_ASSIGN(const auto location, context_.location(text));
      if (location.digest())
        return fail(error(Errc::invalid_argument, "--to {}: the digest comes from the build", text)
                        .with_hint("name a tag or nothing: --to " + location.place() + ":TAG"));
      add(location, false);
    }
    if (flags_.push) {
      if (!repository) {
        return fail(Error(Errc::invalid_argument, "--push needs image.repository in slipway.yaml")
                        .with_hint("name the destination instead: --to LOCATION"));
      }
      add(*repository, true);
    }
    for (const oci::Location& location : full_locations_)
      add(location, false);
    if (all_.empty()) add(oci::Location::layout((state / "images").string()), false);
    return std::move(all_);
  }

 private:
  /// A -t with a colon or slash is a location of its own, anything else a tag.
  Status sort_tags() {
    for (const std::string& text : flags_.tags) {
      if (oci::is_valid_tag(text)) {
        plain_tags_.push_back(text);
        continue;
      }
      auto location = context_.location(text);
      if (!location) {
        return fail(Error(Errc::invalid_argument,
                          fmt::format("-t \"{}\" is neither a tag nor a location", printable(text, 150)))
                        .with_hint(location.error().hint));
      }
      full_locations_.push_back(*std::move(location));
    }
    return {};
  }

  void add(const oci::Location& location, bool build_tag) {
    builder::Destination destination{location.without_reference(), {}, build_tag};
    if (location.tag()) {
      destination.tags = {*location.tag()};
    } else if (!plain_tags_.empty()) {
      destination.tags = plain_tags_;
    } else {
      destination.tags = {usual_tag_};
    }
    all_.push_back(std::move(destination));
  }

  Context& context_;
  const BuildFlags& flags_;
  const std::string usual_tag_;
  std::vector<std::string> plain_tags_;
  std::vector<oci::Location> full_locations_;
  std::vector<builder::Destination> all_;
};

struct Prepared {
  builder::Recipe recipe;
  stdfs::path folder;  ///< beside which .slipway and slipway.lock are
};

/// The flags that say what is in the image, as far as they were given.
std::vector<std::string> content_flags(const builder::AdHocRequest& request) {
  std::vector<std::string> given;
  const auto note = [&](const char* flag, bool is_given) {
    if (is_given) given.emplace_back(flag);
  };
  note("--add", !request.adds.empty());
  note("--closure", !request.closures.empty());
  note("--dlopen", !request.dlopens.empty());
  note("--profile", !request.profiles.empty());
  note("--runtime", !request.runtime.empty());
  note("--sysroot", request.sysroot.has_value());
  const std::vector<std::string> config = given_config_flags(request);
  given.insert(given.end(), config.begin(), config.end());
  note("--compression", request.compression.has_value());
  note("--preserve-modes", request.preserve_modes);
  return given;
}

/// Either slipway.yaml says what is in the images, one for each app, or the flags do: never both.
Result<std::vector<Prepared>> prepare(Context& context, BuildFlags& f) {
  const std::vector<std::string> given = content_flags(f.request);
  if (f.base && context.globals().file) {
    return fail(Error(Errc::invalid_argument,
                      "--base and --file exclude each other: --base builds from flags alone, --file from slipway.yaml")
                    .with_hint("leave one of them out; image.base of slipway.yaml names its base"));
  }
  std::vector<Prepared> all;
  if (!f.base) {
    SLIPWAY_ASSIGN(auto apps, load_projects(context));
    if (!apps.empty() && !given.empty()) {
      return fail(Error(Errc::invalid_argument, fmt::format("{} describes the image, so {} cannot be given",
                                                            apps.front().file, fmt::join(given, ", ")))
                      .with_hint("write it into slipway.yaml, or give --base scratch to build from flags alone"));
    }
    for (Loaded& loaded : apps)
      all.push_back({std::move(loaded.recipe), std::move(loaded.folder)});
    if (!all.empty()) return all;
    if (f.request.adds.empty() && f.request.closures.empty() && f.request.runtime.empty()) {
      return fail(Error(Errc::invalid_argument, "there is no slipway.yaml in this folder or above it, and no --base")
                      .with_hint("name what to pack: slipway build --base scratch --add FILE:/PATH --to oci:out:v1"));
    }
  }
  f.request.base = f.base.value_or("scratch");
  SLIPWAY_ASSIGN(auto recipe, builder::recipe_from_flags(f.request, context.surroundings().directory));
  all.push_back({std::move(recipe), context.surroundings().directory});
  return all;
}

/// --platform, each once.
Result<std::vector<oci::Platform>> platforms_of(const BuildFlags& f) {
  std::vector<oci::Platform> platforms;
  for (const std::string& text : f.request.platforms) {
    SLIPWAY_ASSIGN(auto platform, oci::Platform::parse(text));
    if (std::find(platforms.begin(), platforms.end(), platform) != platforms.end())
      return fail(error(Errc::invalid_argument, "--platform {} is given twice", platform.str())
                      .with_hint("leave out one of them"));
    platforms.push_back(std::move(platform));
  }
  return platforms;
}

bool is_ci(const Context& context) {
  const auto ci = context.surroundings().env("CI");
  return ci && !ci->empty() && *ci != "false";
}

Result<builder::BuildRequest> request_of(Context& context, const BuildFlags& f, const Prepared& prepared,
                                         const std::string& usual_tag) {
  builder::BuildRequest request;
  request.state_folder = prepared.folder / ".slipway";
  request.lock_file = prepared.folder / image::kLockFile;
  SLIPWAY_ASSIGN(request.destinations,
                 Destinations(context, f, usual_tag).make(prepared.recipe.repository, request.state_folder));
  SLIPWAY_ASSIGN(request.platforms, platforms_of(f));
  SLIPWAY_ASSIGN(request.epoch, epoch_of(context));
  request.created_from_git = f.created == "git";
  if (f.created && !request.created_from_git) {
    SLIPWAY_ASSIGN(request.created, parse_time(*f.created));
  }
  request.locked = f.locked || (is_ci(context) && !f.update_base);
  request.update_base = f.update_base;
  request.dry_run = context.globals().dry_run;
  request.check = !f.no_check;
  request.explain = f.explain;
  request.tool = tool_name();
  return request;
}

/// Splits lists: `--platform a,b` is `--platform a --platform b`, as in docker.
std::vector<std::string> without_commas(const std::vector<std::string>& words) {
  std::vector<std::string> all;
  for (const std::string& word : words) {
    for (std::string& one : split(word, ','))
      all.push_back(std::move(one));
  }
  return all;
}

/// Prints the plan on standard error: only results go to standard output.
void explain(Context& context, const builder::BuildResult& result) {
  for (const builder::LayerContents& layer : result.contents) {
    context.note(fmt::format("layer \"{}\" for {}: {} in {} file{}", printable(layer.layer, 100), layer.platform,
                             human_bytes(layer.bytes), layer.files, layer.files == 1 ? "" : "s"));
  }
  for (const builder::Reason& reason : result.reasons) {
    std::string line = fmt::format("{} is in layer \"{}\" for {}: {} {} it", printable(reason.path, 4096),
                                   printable(reason.layer, 100), reason.platform, printable(reason.needed_by, 4096),
                                   reason.at_run_time ? "loads" : "needs");
    if (!reason.path.ends_with("/" + reason.name) && reason.path != reason.name)
      line += " as " + printable(reason.name, 300);
    context.note(line);
  }
}

Status add_sboms(const std::vector<std::string>& formats, builder::Recipe& recipe) {
  for (const std::string& format : without_commas(formats)) {
    if (builder::find_sbom_format(format) == nullptr) {
      return fail(error(Errc::invalid_argument, "--sbom \"{}\" is not an SBOM format", printable(format, 40))
                      .with_hint("use spdx or cyclonedx"));
    }
    if (std::find(recipe.sboms.begin(), recipe.sboms.end(), format) == recipe.sboms.end())
      recipe.sboms.push_back(format);
  }
  return {};
}

/// The flags that change a recipe wherever it comes from.
Status add_flags(const Context& context, const BuildFlags& f, builder::Recipe& recipe) {
  recipe.strict = f.strict;
  if (f.check_symbols) recipe.check_symbols = true;
  if (f.split_debug) recipe.split_debug = true;
  SLIPWAY_TRY(add_sboms(f.sboms, recipe));
  for (const std::string& path : f.sbom_includes)
    recipe.sbom_includes.push_back({context.absolute(path).native(), {"--sbom-include", 0, 0}});
  return {};
}

/// Keeps the layers of this build in .slipway/images, and lets older ones go beyond the limit. The image is published:
/// a failure is a warning.
void settle_images(Context& context, const builder::BuildRequest& request, const std::string& app,
                   const builder::BuildResult& result, std::uint64_t limit) {
  if (request.dry_run || !context.fs().stat(request.state_folder / "images" / "index.json")) return;
  std::vector<Digest> layers;
  for (const builder::BuiltImage& image : result.images) {
    for (const oci::Descriptor& layer : image.layers)
      layers.push_back(layer.digest);
  }
  Status done =
      builder::keep_blobs(context.fs(), request.state_folder, "build." + (app.empty() ? "-" : app), layers, 0);
  if (done) {
    const std::int64_t now = context.surroundings().clock->now();
    const auto pruned = builder::prune_local_images(context.fs(), request.state_folder, limit, now);
    if (!pruned) done = fail(pruned.error());
  }
  if (!done) context.warn("cannot tidy .slipway/images: " + done.error().message);
}

/// Counts what a build makes, and passes it on.
class BuildCounter final : public builder::Observer, public builder::WorkObserver {
 public:
  explicit BuildCounter(builder::Observer& next) : next_(next), work_(dynamic_cast<builder::WorkObserver*>(&next)) {}
  void planning_started(const std::string& platform) override {
    if (work_ != nullptr) work_->planning_started(platform);
  }
  void planning_finished(const std::string& platform) override {
    if (work_ != nullptr) work_->planning_finished(platform);
  }
  void files_read(const std::string& platform, const std::string& name, std::uint64_t at,
                  std::uint64_t total) override {
    if (work_ != nullptr) work_->files_read(platform, name, at, total);
  }
  void blob_read(const oci::Descriptor& blob, std::uint64_t at) override {
    if (work_ != nullptr) work_->blob_read(blob, at);
  }
  void blob_finished(const oci::Descriptor& blob) override {
    if (work_ != nullptr) work_->blob_finished(blob);
  }
  void expected(const oci::Descriptor& d) override { next_.expected(d); }
  void skipped(const oci::Descriptor& d) override { next_.skipped(d); }
  void mounted(const oci::Descriptor& d) override { next_.mounted(d); }
  void started(const oci::Descriptor& d) override { next_.started(d); }
  void progressed(const oci::Descriptor& d, std::uint64_t at) override { next_.progressed(d, at); }
  void copied(const oci::Descriptor& d) override {
    sent_ += static_cast<std::uint64_t>(d.size);
    next_.copied(d);
  }
  void layer_started(const std::string& platform, const std::string& name) override {
    next_.layer_started(platform, name);
  }
  void layer_reused(const std::string& platform, const std::string& name, const oci::Descriptor& d) override {
    next_.layer_reused(platform, name, d);
  }
  void layer_built(const std::string& platform, const std::string& name, const oci::Descriptor& d) override {
    ++built_;
    new_bytes_ += static_cast<std::uint64_t>(d.size);
    next_.layer_built(platform, name, d);
  }
  std::size_t built() const { return built_; }
  std::uint64_t new_bytes() const { return new_bytes_; }
  std::uint64_t sent() const { return sent_; }

 private:
  builder::Observer& next_;
  builder::WorkObserver* const work_;  ///< `next_`, where it watches reading
  std::atomic<std::size_t> built_ = 0;
  std::atomic<std::uint64_t> new_bytes_ = 0, sent_ = 0;
};

/// "3 layers, 12.4 MB (1 new, 2.1 MB), 2.1 MB sent, 0.8 s"
std::string summary_of(const builder::BuildResult& result, const BuildCounter& counter,
                       std::chrono::milliseconds time) {
  std::map<Digest, std::int64_t> layers;
  for (const builder::BuiltImage& image : result.images) {
    for (const oci::Descriptor& layer : image.layers)
      layers[layer.digest] = layer.size;
  }
  std::uint64_t bytes = 0;
  for (const auto& [digest, size] : layers)
    bytes += static_cast<std::uint64_t>(size);
  std::string text = fmt::format("{}, {} ({} new, {})", counted(layers.size(), "layer"), human_bytes(bytes),
                                 counter.built(), human_bytes(counter.new_bytes()));
  if (counter.sent() > 0) text += fmt::format(", {} sent", human_bytes(counter.sent()));
  return text + fmt::format(", {:.1f} s", static_cast<double>(time.count()) / 1000);
}

/// Folds the lines of progress in the log of a job of GitHub Actions.
class LogGroup {
 public:
  LogGroup(Context& context, std::string_view title)
      : context_(context), shown_(is_github_actions(context.surroundings()) && shows_progress(context)) {
    if (shown_) context_.surroundings().write_err(fmt::format("::group::{}\n", workflow_text(title)));
  }
  LogGroup(const LogGroup&) = delete;
  LogGroup& operator=(const LogGroup&) = delete;
  ~LogGroup() {
    if (shown_) context_.surroundings().write_err("::endgroup::\n");
  }

 private:
  Context& context_;
  const bool shown_;
};

/// Builds with the caches that the flags allow.
Result<builder::BuildResult> build_with_cache(Context& context, const BuildFlags& f, const builder::Recipe& recipe,
                                              const builder::BuildRequest& request, bool name_app) {
  SLIPWAY_ASSIGN(const std::uint64_t limit,
                 f.cache_limit ? parse_bytes(*f.cache_limit) : Result<std::uint64_t>(builder::kCacheLimit));
  const stdfs::path folder = cache_folder(context.surroundings().env);
  builder::BuildCache cache(context.fs(), *context.surroundings().clock, folder);
  image::FileListCache lists = file_lists(context);
  builder::BuildServices services{context.fs(), context.opener()};
  if (!f.no_cache) services.file_lists = &lists;
  if (!f.no_cache && !folder.empty()) services.cache = &cache;
  const bool pushes = std::any_of(request.destinations.begin(), request.destinations.end(),
                                  [](const builder::Destination& to) { return to.location.is_registry(); });
  name_direction(*context.observer(), pushes ? "push" : "copy");
  BuildCounter counter(*context.observer());
  services.observer = &counter;
  services.lanes = context.jobs();
  services.threads = context.threads();
  services.stop = context.stop();
  const auto started = context.surroundings().clock->monotonic();
  auto result = [&] {
    const LogGroup group(context, recipe.app.empty() ? "slipway build" : "slipway build: " + recipe.app);
    return (f.check ? builder::build_twice : builder::build_image)(recipe, request, services);
  }();
  if (result && shows_progress(context)) {
    context.note((name_app ? recipe.app + ": " : "") +
                 summary_of(*result, counter, context.surroundings().clock->monotonic() - started));
  }
  if (result) cache.settle(limit);
  if (result) settle_images(context, request, recipe.app, *result, limit);
  if (cache.met_foreign_records()) {
    context.warn(
        fmt::format("the cache in {} is not used: somebody else can write it, or its records (run chmod -R "
                    "go-w on it, or set XDG_CACHE_HOME to a folder of yours)",
                    printable(folder.native(), 4096)));
  }
  return result;
}

/// Warnings and notes of a finished build, on standard error.
void report(Context& context, const BuildFlags& f, const builder::Recipe& recipe, const builder::BuildResult& result) {
  warn_all(context, result.warnings);
  if (f.explain) explain(context, result);
  if (context.globals().dry_run && !recipe.sboms.empty())
    context.note("--dry-run writes no layers, so there is no SBOM");
  for (const builder::Attachment& attachment : result.attachments)
    context.note(fmt::format("attached to the image for {}: {}, {}", attachment.platform, attachment.what,
                             attachment.manifest.digest.str()));
  if (recipe.compression == io::Compression::zstd)
    context.note("Docker before 23 and umoci before 0.5 cannot read zstd layers");
}

/// Records the build for `slipway release`. The image is published: a folder that cannot be written is a warning.
void record(Context& context, const builder::BuildRequest& request, const builder::Recipe& recipe,
            const builder::BuildResult& result) {
  if (request.dry_run) return;
  const builder::LastBuild last{recipe.app, result.locations, result.root.digest, result.root.media_type,
                                context.surroundings().clock->now()};
  const Status recorded = builder::write_last_build(context.fs(), request.state_folder, last);
  if (!recorded) context.warn("cannot record this build for slipway release: " + recorded.error().message);
}

/// The part of one app's build that the result shows.
struct Built {
  std::vector<ImageLine> lines;
  std::optional<Digest> config;  ///< of a single image
};

Built built_of(Context& context, const builder::BuildResult& result) {
  std::vector<std::string> platforms;
  for (const builder::BuiltImage& image : result.images)
    platforms.push_back(image.platform.str());
  Built built;
  for (const oci::Location& location : result.locations)
    built.lines.push_back({context.shown(location), result.root, platforms});
  if (result.images.size() == 1) built.config = result.images.front().config.digest;
  return built;
}

/// Several apps must not take a place from each other, nor write one result file after the other.
Status check_several(const BuildFlags& f, const std::vector<builder::BuildRequest>& requests) {
  if (requests.size() < 2) return {};
  if (f.files.digest_file || f.files.iid_file || f.files.metadata_file || f.files.dotenv) {
    return fail(Error(Errc::invalid_argument, "a result file is for one image, and slipway.yaml has several apps")
                    .with_hint("choose one with --app NAME, or write all of them with --image-refs FILE"));
  }
  std::set<std::string> taken;
  for (const builder::BuildRequest& request : requests) {
    for (const builder::Destination& destination : request.destinations) {
      for (const std::string& tag : destination.tags) {
        const std::string name = destination.location.with_tag(tag).str();
        if (taken.insert(name).second) continue;
        return fail(error(Errc::invalid_argument, "several apps would be written to {}", name)
                        .with_hint("choose one with --app NAME, or leave out --to and -t"));
      }
    }
  }
  return {};
}

Result<Built> build_one(Context& context, const BuildFlags& f, const Prepared& prepared,
                        const builder::BuildRequest& request, bool name_app) {
  SLIPWAY_ASSIGN(const auto result, build_with_cache(context, f, prepared.recipe, request, name_app));
  report(context, f, prepared.recipe, result);
  record(context, request, prepared.recipe, result);
  record_pushes(context, request, result.root.digest);
  return built_of(context, result);
}

Result<int> run_build(Context& context, BuildFlags& f) {
  f.request.platforms = without_commas(f.request.platforms);
  SLIPWAY_ASSIGN(std::vector<Prepared> apps, prepare(context, f));
  const bool several = apps.size() > 1;
  std::vector<builder::BuildRequest> requests;
  for (Prepared& prepared : apps) {
    SLIPWAY_TRY(add_flags(context, f, prepared.recipe));
    if (f.codec) prepared.recipe.codec = *f.codec;
    SLIPWAY_ASSIGN(builder::BuildRequest request,
                   request_of(context, f, prepared, several ? prepared.recipe.app : "latest"));
    const auto& platforms = request.platforms.empty() ? prepared.recipe.platforms : request.platforms;
    if (f.files.iid_file && platforms.size() > 1) return fail(no_image_id());
    requests.push_back(std::move(request));
  }
  SLIPWAY_TRY(check_several(f, requests));
  SLIPWAY_TRY(check_result_files(context, f.files));
  Built all;
  std::vector<Error> errors;
  for (std::size_t i = 0; i < apps.size(); ++i) {
    auto built = build_one(context, f, apps[i], requests[i], several);
    if (!built && (!several || built.error().code == Errc::cancelled)) return fail(std::move(built).error());
    if (!built) {
      errors.push_back(std::move(built).error().in("building " + apps[i].recipe.app));
      continue;
    }
    all.lines.insert(all.lines.end(), built->lines.begin(), built->lines.end());
    if (!several) all.config = built->config;
  }
  if (errors.empty() && !context.globals().dry_run)
    SLIPWAY_TRY(write_result_files(context, f.files, all.lines, all.config));
  if (!all.lines.empty() || errors.empty()) SLIPWAY_TRY(print_images(context, all.lines));
  if (!errors.empty()) return fail(combine(std::move(errors)));
  return 0;
}

}  // namespace

Command build_command() {
  return {
      .name = "build",
      .aliases = {},
      .summary = "pack files into an image, the same bytes every time",
      .description =
          "Packs the files that slipway.yaml names, or those of --add and --closure, into an OCI image and writes it "
          "to every destination: --to, image.repository with --push, else the layout .slipway/images. Of several apps "
          "each is built, unless --app names one. Equal inputs give equal digests. Runs no program of yours, needs no "
          "daemon and never moves a tag before all bytes are "
          "stored.",
      .synopsis = "[OPTIONS]",
      .examples = {{"the image of slipway.yaml, into its repository", "slipway build --push"},
                   {"one static program, no file needed",
                    "slipway build --base scratch --add build/hello:/usr/bin/hello:0755 --entrypoint /usr/bin/hello "
                    "--to oci:out:v1"},
                   {"for two platforms", "slipway build --push --platform linux/amd64 --platform linux/arm64"}},
      .statuses = {{2, "slipway.yaml or a flag is wrong; a base is missing from slipway.lock with --locked or in CI"},
                   {12, "a program cannot start in the image, or lint found something and --strict was given"}},
      .see_also = {"init", "copy", "release", "closure"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<BuildFlags>();
        bind_flags(options, *flags);
        return [flags](Context& context) { return run_build(context, *flags); };
      }};
}

}  // namespace slipway::cli
