#include "builder/image_assembly.h"

#include <algorithm>

#include "slipway/base/clock.h"
#include "slipway/layer/layer_writer.h"
#include "slipway/oci/media_type.h"

namespace slipway::builder {
namespace {

constexpr std::string_view kCreatedBy = "slipway";

bool is_docker(const image::Image* base) {
  return base != nullptr && base->manifest.media_type == oci::kDockerManifestType;
}

Result<std::string> layer_type(const ImageInputs& inputs) {
  const io::Compression format = inputs.recipe.compression;
  if (!is_docker(inputs.base)) return std::string(layer::layer_media_type(format));
  if (format == io::Compression::gzip) return std::string(oci::kDockerLayerGzipType);
  if (format == io::Compression::none) return std::string(oci::kDockerLayerType);
  return fail(Error(Errc::invalid_argument, "zstd layers need an OCI base, but this base has docker's older format")
                  .at(inputs.recipe.base_where)
                  .with_hint("use compression gzip, or an OCI variant of the base"));
}

oci::ImageConfig start_config(const ImageInputs& inputs) {
  oci::ImageConfig config;
  if (inputs.base == nullptr) {
    config.platform = inputs.platform;
    return config;
  }
  config = inputs.base->config;
  if (config.history.empty()) {
    // Counts must agree: a base without history gets one plain line for each of its layers.
    oci::History inherited;
    inherited.created = config.created;
    inherited.comment = "from the base image";
    config.history.assign(config.diff_ids.size(), inherited);
  }
  return config;
}

/// Sets a member that oci::ImageConfig keeps and does not name; in its place where the base has it.
void set_member(Json::Object& members, std::string_view key, Json value) {
  const auto at = std::find_if(members.begin(), members.end(), [key](const auto& one) { return one.first == key; });
  if (at != members.end()) {
    at->second = std::move(value);
  } else {
    members.emplace_back(key, std::move(value));
  }
}

Json words_json(const std::vector<std::string>& words) { return Json::Array(words.begin(), words.end()); }

/// moby's HealthcheckConfig: members of 0 are left out.
Json health_json(const HealthCheck& check) {
  Json json;
  json.set("Test", words_json(check.test));
  for (const auto& [key, number] :
       {std::pair("Interval", check.interval), std::pair("Timeout", check.timeout),
        std::pair("StartPeriod", check.start_period), std::pair("StartInterval", check.start_interval),
        std::pair("Retries", check.retries)}) {
    if (number != 0) json.set(key, number);
  }
  return json;
}

/// The members that Docker adds to the OCI config (moby's docker-image-spec); image-spec config.md reserves
/// Healthcheck.
void apply_docker_members(const ConfigRule& rule, oci::ImageConfig& config) {
  if (rule.health_check) set_member(config.other_config, "Healthcheck", health_json(*rule.health_check));
  if (rule.shell) set_member(config.other_config, "Shell", words_json(*rule.shell));
  if (!rule.on_build.empty()) set_member(config.other_config, "OnBuild", words_json(rule.on_build));
}

}  // namespace

void apply_rule(const ConfigRule& rule, oci::ImageConfig& config) {
  if (rule.entrypoint) {
    config.entrypoint = *rule.entrypoint;
    config.cmd.clear();
  }
  if (rule.cmd) config.cmd = *rule.cmd;
  for (const auto& [key, value] : rule.env)
    oci::set_env(config.env, key, value);
  for (const auto& [key, value] : rule.labels)
    config.labels[key] = value;
  config.exposed_ports.insert(rule.ports.begin(), rule.ports.end());
  config.volumes.insert(rule.volumes.begin(), rule.volumes.end());
  if (rule.user) config.user = *rule.user;
  if (rule.workdir) config.working_dir = *rule.workdir;
  if (rule.stop_signal) config.stop_signal = *rule.stop_signal;
  if (rule.author) config.author = *rule.author;
  apply_docker_members(rule, config);
}

oci::ImageConfig compose_config(const ImageInputs& inputs) {
  oci::ImageConfig config = start_config(inputs);
  config.created = inputs.created;
  // Docker's manifests have no annotations; labels are where its tools look for them.
  if (is_docker(inputs.base)) {
    for (const auto& [key, value] : inputs.annotations)
      config.labels[key] = value;
  }
  apply_rule(inputs.recipe.config, config);
  for (const FinishedLayer& layer : inputs.layers) {
    config.diff_ids.push_back(layer.diff_id);
    oci::History line;
    line.created = inputs.created;
    line.created_by = kCreatedBy;
    line.comment = layer.name;
    config.history.push_back(std::move(line));
  }
  return config;
}

Result<BuiltImage> assemble_image(const ImageInputs& inputs, StagedDocuments& documents) {
  const bool docker = is_docker(inputs.base);
  SLIPWAY_ASSIGN(const std::string type, layer_type(inputs));
  const oci::ImageConfig config = compose_config(inputs);
  const oci::Descriptor stored_config =
      documents.add(std::string(docker ? oci::kDockerConfigType : oci::kConfigType), config.serialize());
  oci::Manifest manifest{
      {}, std::string(docker ? oci::kDockerManifestType : oci::kManifestType), {}, stored_config, {}, {}, {}};
  if (inputs.base != nullptr) manifest.layers = inputs.base->manifest.layers;
  for (const FinishedLayer& layer : inputs.layers)
    manifest.layers.emplace_back(type, layer.digest, layer.size);
  if (!docker) manifest.annotations = inputs.annotations;
  oci::Descriptor stored = documents.add(manifest.media_type, oci::write_manifest(manifest));
  return BuiltImage{config.platform, std::move(stored), stored_config, std::move(manifest.layers)};
}

oci::Descriptor assemble_index(const std::vector<BuiltImage>& images, const oci::Annotations& annotations,
                               StagedDocuments& documents) {
  const bool docker = std::all_of(images.begin(), images.end(), [](const BuiltImage& image) {
    return image.manifest.media_type == oci::kDockerManifestType;
  });
  oci::Index index;
  index.media_type = docker ? oci::kDockerIndexType : oci::kIndexType;
  for (const BuiltImage& image : images) {
    index.manifests.push_back(image.manifest);
    index.manifests.back().platform = image.platform;
  }
  if (!docker) index.annotations = annotations;
  return documents.add(index.media_type, oci::write_index(index));
}

Result<BuildResult> assemble(const Recipe& recipe, const Inputs& inputs, const std::vector<PlatformPlan>& plans,
                             const WrittenLayers& layers, StagedDocuments& documents) {
  std::vector<BuiltImage> images;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const ImageInputs of_image{recipe,
                               plans[i].base ? &*plans[i].base : nullptr,
                               plans[i].platform,
                               layers[i],
                               inputs.annotations,
                               format_time(inputs.created)};
    SLIPWAY_ASSIGN(BuiltImage image, assemble_image(of_image, documents));
    if (image.layers.empty()) {
      return fail(Error(Errc::invalid_argument, "the image would have no layer at all")
                      .with_hint("add files with --add or 'layers', or name a base"));
    }
    images.push_back(std::move(image));
  }
  oci::Descriptor root =
      images.size() == 1 ? images[0].manifest : assemble_index(images, inputs.annotations, documents);
  BuildResult result{.root = std::move(root), .images = std::move(images), .annotations = inputs.annotations};
  if (inputs.base) result.base = inputs.base->location;
  for (const PlatformPlan& plan : plans) {
    result.contents.insert(result.contents.end(), plan.contents.begin(), plan.contents.end());
    for (const PlannedLayer& layer : plan.layers)
      result.reasons.insert(result.reasons.end(), layer.reasons.begin(), layer.reasons.end());
  }
  return result;
}

}  // namespace slipway::builder
