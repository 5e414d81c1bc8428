#include <algorithm>
#include <set>

#include "cli/build_flags.h"
#include "cli/build_summary.h"
#include "cli/command.h"
#include "cli/config_flags.h"
#include "cli/found_image.h"
#include "cli/image_results.h"
#include "cli/opener.h"
#include "cli/progress.h"
#include "cli/project.h"
#include "cli/retire_builds.h"
#include "cli/version.h"
#include "cli/warnings.h"
#include "slipway/base/text.h"
#include "slipway/builder/last_build.h"
#include "slipway/builder/local_images.h"
#include "slipway/builder/reproducibility.h"
#include "slipway/builder/sbom.h"
#include "slipway/image/lock.h"

namespace slipway::cli {
namespace {

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
                        .with_hint("name the destination instead: slipway build --to LOCATION"));
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
  note("--archive", !request.archives.empty());
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
                    .with_hint("leave out --base: image.base of slipway.yaml names the base; or leave out --file"));
  }
  std::vector<Prepared> all;
  if (!f.base) {
    SLIPWAY_ASSIGN(auto apps, load_projects(context));
    if (!apps.empty() && !given.empty()) {
      return fail(Error(Errc::invalid_argument, fmt::format("{} describes the image, so {} cannot be given",
                                                            apps.front().file, fmt::join(given, ", ")))
                      .with_hint(fmt::format("write it into {}, or build from flags alone with --base scratch",
                                             apps.front().file)));
    }
    for (Loaded& loaded : apps)
      all.push_back({std::move(loaded.recipe), std::move(loaded.folder)});
    if (!all.empty()) return all;
    if (f.request.adds.empty() && f.request.archives.empty() && f.request.closures.empty() &&
        f.request.runtime.empty()) {
      return fail(Error(Errc::invalid_argument, "cannot find slipway.yaml in this folder or above it, and no --base")
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
                      .with_hint("leave out one --platform " + platform.str()));
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
  for (const builder::ClosureReason& reason : result.reasons) {
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
                      .with_hint("use --sbom spdx or --sbom cyclonedx"));
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
                   const builder::BuildResult& result, std::uint64_t limit, const builder::BuildMark& mark) {
  if (request.dry_run || !context.fs().stat(request.state_folder / "images" / "index.json")) return;
  std::vector<Digest> kept = {result.root.digest};
  for (const builder::BuiltImage& image : result.images) {
    kept.push_back(image.manifest.digest);
    for (const oci::Descriptor& layer : image.layers)
      kept.push_back(layer.digest);
  }
  Status done = builder::keep_blobs(context.fs(), request.state_folder, "build." + (app.empty() ? "-" : app), kept, 0);
  if (done) {
    const std::int64_t now = context.surroundings().clock->now();
    const auto pruned = builder::prune_local_images(context.fs(), request.state_folder, limit, now, mark);
    if (!pruned) done = fail(pruned.error());
  }
  if (!done) context.warn("cannot tidy .slipway/images: " + done.error().message);
}

/// Returns true for a build that writes to .slipway/images: any but those for one layout alone.
bool uses_images(const builder::BuildRequest& request) {
  const auto& destinations = request.destinations;
  const bool lone = destinations.size() == 1 && destinations[0].location.transport() == oci::Transport::layout &&
                    destinations[0].location.path() != (request.state_folder / "images").native();
  return !request.dry_run && !lone;
}

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
  const builder::BuildMark mark =
      uses_images(request) ? builder::BuildMark::begin(context.fs(), request.state_folder) : builder::BuildMark();
  const auto started = context.surroundings().clock->monotonic();
  auto result = [&] {
    const LogGroup group(context, recipe.app.empty() ? "slipway build" : "slipway build: " + recipe.app);
    return (f.check ? builder::build_twice : builder::build_image)(recipe, request, services);
  }();
  if (result && shows_progress(context)) {
    context.note((name_app ? recipe.app + ": " : "") +
                 counter.summary(*result, context.surroundings().clock->monotonic() - started));
  }
  if (result) cache.settle(limit);
  if (result) settle_images(context, request, recipe.app, *result, limit, mark);
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
  if (context.globals().dry_run && !recipe.sboms.empty()) context.note("--dry-run writes no layers, and so no SBOM");
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
          "daemon and never moves a tag before all bytes are stored. The last line on standard error sums up: distinct "
          "layers and their compressed size, those that were new, the bytes of layers and attachments that were sent "
          "to destinations, and the time.",
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
        bind_build_flags(options, *flags);
        return [flags](Context& context) { return run_build(context, *flags); };
      }};
}

}  // namespace slipway::cli
