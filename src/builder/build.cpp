#include "slipway/builder/build.h"

#include <algorithm>

#include "builder/attachments.h"
#include "builder/delivery.h"
#include "builder/image_assembly.h"
#include "builder/inputs.h"
#include "builder/last_look.h"
#include "builder/platform_plan.h"
#include "builder/written_layers.h"
#include "slipway/base/text.h"
#include "slipway/builder/build_cache.h"
#include "slipway/io/hash.h"

namespace slipway::builder {
namespace {

constexpr int kLookVersion = 2;  // raised whenever look_at_image() finds something else

/// Names the parts of one platform's image in which two builds differ.
void add_differences(const BuiltImage& one, const BuiltImage& other, const std::vector<FinishedLayer>& layers,
                     std::vector<std::string>& parts) {
  const std::string platform = other.platform.str();
  const std::size_t from_base = other.layers.size() - layers.size();
  for (std::size_t i = from_base; i < std::min(one.layers.size(), other.layers.size()); ++i) {
    if (one.layers[i].digest != other.layers[i].digest)
      parts.push_back(fmt::format("the layer \"{}\" for {}", printable(layers[i - from_base].name, 100), platform));
  }
  const bool same_layers = one.layers == other.layers;
  if (same_layers && one.manifest.digest != other.manifest.digest) parts.push_back("the config for " + platform);
}

/// Returns the fingerprint of everything that look_at_image() goes by; nullopt where files of a layer have no listing
/// of their own: those of archives, and programs whose debug information was taken out.
std::optional<layer::Fingerprint> fingerprint_of_look(const Recipe& recipe, const PlatformPlan& plan,
                                                      const std::string& tool) {
  if (!plan.debug.empty()) return std::nullopt;
  const oci::ImageConfig config =
      compose_config({recipe, plan.base ? &*plan.base : nullptr, plan.platform, {}, {}, {}});
  layer::Fingerprint look{io::digest_of(""), 0};
  std::string text =
      fmt::format("look {} {} {} {}\n{}\n", kLookVersion, tool, plan.platform.str(),
                  recipe.config.entrypoint.has_value() || recipe.config.cmd.has_value(), config.serialize());
  if (plan.base) text += plan.base->descriptor.digest.str() + "\n";
  for (const LayerRule& rule : recipe.layers)
    text += fmt::format("without {}\n", fmt::join(rule.without, " "));
  for (const PlannedLayer& layer : plan.layers) {
    if (layer.archives) return std::nullopt;
    text += layer.tree.listing().digest.str() + "\n";
    look.newest_ns = std::max(look.newest_ns, layer.tree.listing().newest_ns);
  }
  look.digest = io::digest_of(text);
  return look;
}

/// Findings as a verdict of the cache: "" for none, else a JSON array.
std::string verdict_of(const std::vector<Finding>& findings) {
  Json::Array list;
  for (const Finding& finding : findings) {
    Json json;
    json.set("entrypoint", finding.of_entrypoint).set("hint", finding.error.hint);
    json.set("message", finding.error.message);
    list.push_back(std::move(json));
  }
  return list.empty() ? std::string() : Json(std::move(list)).compact();
}

/// Reads what verdict_of() wrote; nullopt for anything else.
std::optional<std::vector<Finding>> findings_in(const std::string& verdict) {
  std::vector<Finding> findings;
  if (verdict.empty()) return findings;
  const auto json = Json::parse(verdict, "a verdict");
  if (!json || json->array() == nullptr) return std::nullopt;
  for (const Json& item : *json->array()) {
    const Json* const entrypoint = item.find("entrypoint");
    if (entrypoint == nullptr || entrypoint->boolean() == nullptr) return std::nullopt;
    Error error(Errc::verification_failed, item.text("message"));
    error.hint = item.text("hint");
    findings.push_back({std::move(error), *entrypoint->boolean()});
  }
  return findings;
}

/// Looks at an image, unless a build before looked at the very same files and config.
Result<std::vector<Finding>> findings_of(const Recipe& recipe, const PlatformPlan& plan, const BuildRequest& request,
                                         const BuildServices& services) {
  const auto look = services.cache != nullptr ? fingerprint_of_look(recipe, plan, request.tool) : std::nullopt;
  const auto verdict = look ? services.cache->find_verdict(*look) : std::nullopt;
  if (auto known = verdict ? findings_in(*verdict) : std::nullopt) return *std::move(known);
  const std::int64_t started = look ? services.cache->now() : 0;
  SLIPWAY_ASSIGN(auto findings, look_at_image(recipe, plan, services.fs));
  if (look) services.cache->remember_verdict(*look, verdict_of(findings), started);
  return findings;
}

/// Programs that cannot start are errors where the image starts them, and everywhere with --strict; else warnings.
Status check_programs(const Recipe& recipe, const std::vector<PlatformPlan>& plans, const BuildRequest& request,
                      const BuildServices& services, std::vector<Error>& warnings) {
  std::vector<Error> errors;
  for (const PlatformPlan& plan : plans) {
    SLIPWAY_ASSIGN(auto findings, findings_of(recipe, plan, request, services));
    for (Finding& finding : findings)
      (finding.of_entrypoint || recipe.strict ? errors : warnings).push_back(std::move(finding.error));
  }
  return errors.empty() ? Status() : fail(combine(std::move(errors)));
}

/// --check-reproducible: refuses an image other than the expected one.
Status check_same(const BuildResult& expected, const BuildResult& result, const WrittenLayers& layers) {
  if (expected.root.digest == result.root.digest) return {};
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(expected.images.size(), result.images.size()); ++i)
    add_differences(expected.images[i], result.images[i], layers[i], parts);
  if (parts.empty()) parts.emplace_back("its index");
  return fail(Error(Errc::verification_failed,
                    fmt::format("the build is not reproducible: a second one, under other conditions, differs in {}",
                                fmt::join(parts, ", ")))
                  .with_hint("stop whatever is writing to the input files, then build again"));
}

/// Several platforms may report the same warning.
std::vector<Error> each_once(const std::vector<Error>& warnings) {
  std::vector<Error> once;
  for (const Error& warning : warnings) {
    const auto same = [&warning](const Error& known) { return known.message == warning.message; };
    if (std::none_of(once.begin(), once.end(), same)) once.push_back(warning);
  }
  return once;
}

/// The places that have parts of the image: what was made here first, the base last.
std::vector<store::ReadTarget*> sources_of(StagedDocuments& documents, const Workplace& workplace,
                                           const Inputs& inputs) {
  std::vector<store::ReadTarget*> sources = {&documents};
  if (workplace.target != nullptr) sources.push_back(workplace.target.get());
  if (inputs.base) sources.push_back(inputs.base->target.get());
  return sources;
}

}  // namespace

Result<BuildResult> build_image(const Recipe& asked, const BuildRequest& request, const BuildServices& services) {
  SLIPWAY_ASSIGN(const Inputs inputs, read_inputs(asked, request, services));
  Recipe recipe = asked;
  recipe.codec = inputs.codec;
  Diagnostics diagnostics;
  SLIPWAY_ASSIGN(const auto plans, plan_platforms(recipe, request, inputs, services, diagnostics));
  std::vector<Error> warnings = diagnostics.warnings();
  if (request.check) SLIPWAY_TRY(check_programs(recipe, plans, request, services, warnings));
  SLIPWAY_ASSIGN(const Workplace workplace, open_workplace(request, services));
  SLIPWAY_ASSIGN(const WrittenLayers layers, write_layers(recipe, plans, workplace, services));
  StagedDocuments documents;
  SLIPWAY_ASSIGN(BuildResult result, assemble(recipe, inputs, plans, layers, documents));
  result.warnings = each_once(warnings);
  if (request.expected != nullptr) SLIPWAY_TRY(check_same(*request.expected, result, layers));
  const auto sources = sources_of(documents, workplace, inputs);
  SLIPWAY_ASSIGN(result.attachments,
                 attach(recipe, request, inputs, plans, result.images, sources, workplace, services, documents));
  result.locations = locations_of(request.destinations, result.root);
  if (request.dry_run) return result;
  SLIPWAY_TRY(deliver(result, request, sources, workplace, services));
  // The lock names a base only once every destination has what was built on it.
  if (inputs.lock_changed && !request.lock_file.empty()) SLIPWAY_TRY(inputs.lock.write(services.fs, request.lock_file));
  return result;
}

}  // namespace slipway::builder
