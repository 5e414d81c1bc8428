#include "builder/inputs.h"

#include "builder/git_source.h"
#include "builder/layer_plan.h"
#include "slipway/builder/sbom.h"
#include "slipway/layer/layer_writer.h"

namespace slipway::builder {
namespace {

/// A document that is missing or unreadable is the recipe's mistake and is reported at its place.
Result<std::vector<std::string>> read_documents(const Recipe& recipe, FileSystem& fs, Diagnostics& diagnostics) {
  std::vector<std::string> documents;
  for (const Placed& include : recipe.sbom_includes) {
    auto found = read_sbom_documents(fs, recipe.folder / include.text);
    if (found) {
      std::move(found->begin(), found->end(), std::back_inserter(documents));
      continue;
    }
    if (found.error().code != Errc::invalid_argument && found.error().code != Errc::not_found)
      return fail(std::move(found).error());
    diagnostics.add(
        Error(Errc::invalid_argument, found.error().message).at(include.where).with_hint(found.error().hint));
  }
  return documents;
}

Status check_platforms(const Recipe& recipe, const std::vector<oci::Platform>& named) {
  if (!named.empty() || !depends_on_platform(recipe)) return {};
  return fail(
      Error(Errc::invalid_argument, "paths have {os}, {arch} or {variant}, but no platform is named")
          .with_hint("write 'platforms: [linux/amd64]' below image in slipway.yaml, or add --platform linux/amd64"));
}

/// Reports every mistake that can be seen without the base.
Status check_recipe(const Recipe& recipe, const BuildRequest& request, FileSystem& fs, Diagnostics& diagnostics) {
  std::vector<oci::Platform> platforms = platforms_named(recipe, request);
  SLIPWAY_TRY(check_platforms(recipe, platforms));
  if (platforms.empty()) platforms.push_back(oci::host_platform());
  for (const oci::Platform& platform : platforms)
    SLIPWAY_TRY(check_sources(recipe, platform, fs, diagnostics));
  if (!diagnostics.has_errors()) return {};
  for (const oci::Platform& platform : platforms)
    SLIPWAY_TRY(plan_layers(recipe, platform, request.epoch, fs, diagnostics));
  return std::move(diagnostics).status();
}

/// Returns the codec that a project without a lock keeps from its first build on: this machine's, by name; "" where
/// all versions make the same bytes, and where the lock may not be written.
Result<std::string> first_codec(const Recipe& recipe, const BuildRequest& request, FileSystem& fs) {
  if (request.locked || request.lock_file.empty()) return std::string();
  const auto lock = fs.stat(request.lock_file, true);
  if (lock || lock.error().code != Errc::not_found) return std::string();
  return io::differing_codec(recipe.compression, recipe.level);
}

/// Chooses whose compressed bytes the layers have: the recipe's codec, else the lock's, else a new project's own, else
/// that of compatibility level 1. A library that makes other bytes is refused here, before any work.
Status choose_codec(const Recipe& recipe, const BuildRequest& request, FileSystem& fs, Inputs& inputs) {
  const std::string format = recipe.compression == io::Compression::zstd ? "zstd" : "gzip";
  const std::string locked = inputs.lock.codec(format);
  const auto known = [&](const std::string& name) { return io::parse_codec(recipe.compression, recipe.level, name); };
  std::string name = recipe.codec;
  if (name.empty() && locked.empty()) {
    SLIPWAY_ASSIGN(name, first_codec(recipe, request, fs));
  }
  if (!name.empty()) {
    SLIPWAY_ASSIGN(inputs.codec, known(name));
    if (request.locked && inputs.codec != known(locked).value_or(""))
      return fail(Error(Errc::invalid_argument, fmt::format("slipway.lock does not have the codec {}", name))
                      .with_hint("write it into slipway.lock and commit that: CI= slipway build --codec " + name));
    inputs.lock_changed = !request.locked && inputs.lock.set_codec(format, name);
  } else if (!locked.empty()) {
    // A level that has one codec alone does not know the lock's.
    inputs.codec = known(locked).value_or("");
  }
  return io::check_codec({.format = recipe.compression, .level = recipe.level, .codec = inputs.codec});
}

Status annotate(const Recipe& recipe, const BuildRequest& request, std::stop_token stop, Inputs& inputs) {
  inputs.created = request.created.value_or(request.epoch);
  inputs.annotations = recipe.annotations;
  if (recipe.source_git || request.created_from_git) {
    SLIPWAY_ASSIGN(GitSource source, read_git_source(recipe.folder, std::move(stop)));
    if (!recipe.source_url.empty()) source.url = recipe.source_url;
    if (request.created_from_git) inputs.created = source.commit_time;
    // merge() keeps what is there: the recipe's own annotations win.
    if (recipe.source_git) inputs.annotations.merge(git_annotations(source));
  }
  if (inputs.base) inputs.annotations.merge(base_annotations(*inputs.base));
  inputs.annotations[std::string(kCompatAnnotation)] = std::to_string(layer::kCompatibility);
  if (!inputs.codec.empty()) inputs.annotations[std::string(kCodecAnnotation)] = inputs.codec;
  return {};
}

}  // namespace

std::vector<oci::Platform> platforms_named(const Recipe& recipe, const BuildRequest& request) {
  return request.platforms.empty() ? recipe.platforms : request.platforms;
}

Result<Inputs> read_inputs(const Recipe& recipe, const BuildRequest& request, const BuildServices& services) {
  Inputs inputs;
  if (!request.lock_file.empty()) {
    SLIPWAY_ASSIGN(inputs.lock, image::Lock::read(services.fs, request.lock_file));
  }
  Diagnostics diagnostics;
  SLIPWAY_ASSIGN(inputs.sbom_documents, read_documents(recipe, services.fs, diagnostics));
  SLIPWAY_TRY(check_recipe(recipe, request, services.fs, diagnostics));
  SLIPWAY_TRY(choose_codec(recipe, request, services.fs, inputs));
  const auto before = inputs.lock.images();
  SLIPWAY_ASSIGN(inputs.base, find_base(recipe, request, services.opener, inputs.lock));
  inputs.lock_changed = inputs.lock_changed || inputs.lock.images() != before;
  SLIPWAY_TRY(annotate(recipe, request, services.stop, inputs));
  return inputs;
}

}  // namespace slipway::builder
