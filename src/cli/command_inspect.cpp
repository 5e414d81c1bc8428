#include "cli/command.h"
#include "cli/found_image.h"
#include "cli/project.h"
#include "slipway/base/text.h"
#include "slipway/image/image.h"
#include "slipway/oci/media_type.h"

namespace slipway::cli {
namespace {

Result<int> run_digest(Context& context, const std::string& text) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, text));
  SLIPWAY_ASSIGN(const auto root, found.target->resolve(found.reference));
  if (!context.json()) {
    SLIPWAY_TRY(context.print(root.digest.str()));
    return 0;
  }
  Json document;
  document.set("schema", "slipway/v1/digest").set("location", context.shown(found.location).str());
  document.set("digest", root.digest.str()).set("mediaType", root.media_type).set("size", root.size);
  SLIPWAY_TRY(context.print_document(document));
  return 0;
}

Result<int> run_manifest(Context& context, const std::string& text) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, text));
  SLIPWAY_ASSIGN(const auto fetched, found.target->fetch_document(found.reference));
  SLIPWAY_TRY(context.print_raw(fetched.bytes));
  return 0;
}

struct PlatformFlags {
  std::string reference;
  std::optional<std::string> platform;
};

Result<int> run_config(Context& context, const PlatformFlags& f) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, f.platform));
  SLIPWAY_TRY(context.print_raw(image.raw_config));
  return 0;
}

Result<int> run_ls(Context& context, const std::string& text) {
  SLIPWAY_ASSIGN(const oci::Location location, context.location(text));
  SLIPWAY_ASSIGN(const auto target, context.opener().open_for_reading(location, Side::source));
  auto* lister = store::as<store::TagLister>(*target);
  if (lister == nullptr) return fail(Errc::unsupported, "{} cannot list its tags", target->name());
  SLIPWAY_ASSIGN(const auto tags, lister->list_tags());
  if (context.json()) {
    Json document;
    document.set("schema", "slipway/v1/tags").set("location", context.shown(location).str());
    document.set("tags", Json::Array(tags.begin(), tags.end()));
    SLIPWAY_TRY(context.print_document(document));
    return 0;
  }
  std::string lines;
  for (const std::string& tag : tags)
    lines += tag + "\n";
  SLIPWAY_TRY(context.print_raw(lines));
  return 0;
}

Json image_json(const image::Image& image) {
  const oci::ImageConfig& config = image.config;
  Json::Array layers;
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const oci::Descriptor& layer = image.manifest.layers[i];
    Json json;
    json.set("digest", layer.digest.str()).set("size", layer.size).set("mediaType", layer.media_type);
    json.set("diffId", config.diff_ids[i].str());
    layers.push_back(std::move(json));
  }
  Json json;
  json.set("platform", config.platform.str()).set("digest", image.descriptor.digest.str());
  json.set("config", image.manifest.config.digest.str()).set("created", config.created);
  json.set("entrypoint", Json::Array(config.entrypoint.begin(), config.entrypoint.end()));
  json.set("cmd", Json::Array(config.cmd.begin(), config.cmd.end()));
  json.set("env", Json::Array(config.env.begin(), config.env.end()));
  json.set("user", config.user).set("workingDir", config.working_dir).set("layers", std::move(layers));
  return json;
}

std::string image_text(const image::Image& image) {
  const oci::ImageConfig& config = image.config;
  std::string text = fmt::format("{} {}\n", config.platform.str(), image.descriptor.digest.str());
  const auto line = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<12}{}\n", name, printable(value, 4096));
  };
  line("created", config.created);
  line("entrypoint", fmt::format("{}", fmt::join(config.entrypoint, " ")));
  line("cmd", fmt::format("{}", fmt::join(config.cmd, " ")));
  line("user", config.user);
  line("workdir", config.working_dir);
  for (const std::string& entry : config.env)
    line("env", entry);
  for (const auto& [key, value] : image.manifest.annotations)
    line("annotation", key + "=" + value);
  for (const oci::Descriptor& layer : image.manifest.layers) {
    line("layer", fmt::format("{} {}", layer.digest.str(), human_bytes(static_cast<std::uint64_t>(layer.size))));
  }
  return text;
}

/// With tag and digest both given the digest decides; here is where one learns that the tag went on.
Result<std::optional<Digest>> tag_beside_digest(Context& context, const FoundImage& found) {
  if (!found.location.tag() || !found.location.digest()) return std::optional<Digest>();
  const auto now = found.target->resolve(store::TagOrDigest(*found.location.tag()));
  if (!now && now.error().code == Errc::not_found) {
    context.warn(fmt::format("the tag {} is not there any more", *found.location.tag()));
    return std::optional<Digest>();
  }
  SLIPWAY_TRY(now);
  if (now->digest != *found.location.digest())
    context.warn(fmt::format("the tag {} now points to {}", *found.location.tag(), now->digest.str()));
  return std::optional<Digest>(now->digest);
}

/// Describes an artifact that is not an image: a release entry, a config, a signature.
std::string artifact_text(const oci::Document& document) {
  const auto* manifest = std::get_if<oci::Manifest>(&document);
  if (manifest == nullptr) return "";
  std::string text = fmt::format(
      "artifact {}\n",
      printable(manifest->artifact_type.empty() ? manifest->config.media_type : manifest->artifact_type, 200));
  for (const auto& [key, value] : manifest->annotations)
    text += fmt::format("  annotation  {}={}\n", printable(key, 200), printable(value, 4096));
  for (const oci::Descriptor& layer : manifest->layers) {
    text += fmt::format("  blob        {} {} {}\n", layer.digest.str(), printable(layer.media_type, 200),
                        human_bytes(static_cast<std::uint64_t>(layer.size)));
  }
  return text;
}

Result<int> run_inspect(Context& context, const std::string& text) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, text));
  SLIPWAY_ASSIGN(const auto root, found.target->resolve(found.reference));
  SLIPWAY_ASSIGN(const auto tagged, tag_beside_digest(context, found));
  SLIPWAY_ASSIGN(const auto offers, image::list_platforms(*found.target, root));
  const std::string location = context.shown(found.location.with_digest(root.digest)).str();
  Json::Array images;
  std::string lines =
      fmt::format("{}\n{} {}\n", location, root.media_type, human_bytes(static_cast<std::uint64_t>(root.size)));
  for (const image::Offer& offer : offers) {
    SLIPWAY_ASSIGN(const image::Image image, image::load_manifest(*found.target, offer.manifest));
    images.push_back(image_json(image));
    lines += image_text(image);
  }
  if (!context.json()) {
    if (offers.empty()) {
      SLIPWAY_ASSIGN(const oci::Document artifact, copy::fetch_document(*found.target, root));
      lines += artifact_text(artifact);
    }
    SLIPWAY_TRY(context.print_raw(lines));
    return 0;
  }
  Json document;
  document.set("schema", "slipway/v1/inspect").set("location", location).set("digest", root.digest.str());
  document.set("mediaType", root.media_type).set("size", root.size).set("images", std::move(images));
  if (tagged) document.set("tagDigest", tagged->str());
  SLIPWAY_TRY(context.print_document(document));
  return 0;
}

/// The action of a command whose only argument is an image.
Action on_reference(OptionSet& options, Result<int> (*run)(Context&, const std::string&), const char* help) {
  auto reference = std::make_shared<std::string>();
  options.positional("REF", *reference, help);
  return [reference, run](Context& context) { return run(context, *reference); };
}

}  // namespace

Command digest_command() {
  return {.name = "digest",
          .aliases = {},
          .summary = "print an image's digest",
          .description = "Prints the digest of the manifest or index that REF names now. Downloads no layer.",
          .synopsis = "REF",
          .examples = {{"what a tag points to now", "slipway digest registry.example.com/team/app:v1"},
                       {"what runs in production", "slipway digest production"}},
          .see_also = {"inspect", "manifest"},
          .bind = [](OptionSet& options) { return on_reference(options, run_digest, kImageHelp); }};
}

Command ls_command() {
  return {.name = "ls",
          .aliases = {"tags"},
          .summary = "list the tags of a repository or layout",
          .description = "Prints one tag a line, in the registry's order. Changes nothing.",
          .synopsis = "REPO|LAYOUT",
          .examples = {{"of a repository", "slipway ls registry.example.com/team/app"},
                       {"of a layout", "slipway ls oci:out"}},
          .see_also = {"inspect", "delete"},
          .bind = [](OptionSet& options) { return on_reference(options, run_ls, "a repository or a layout"); }};
}

Command inspect_command() {
  return {.name = "inspect",
          .aliases = {},
          .summary = "show an image's platforms, config and layers",
          .description =
              "Prints the platforms, config and layers of an image, or the content of another artifact. Downloads no "
              "layer.",
          .synopsis = "REF",
          .examples = {{"platforms, config and layers", "slipway inspect oci:out:v1"},
                       {"for a script", "slipway inspect -o json registry.example.com/team/app:v1"}},
          .see_also = {"manifest", "config", "files", "validate"},
          .bind = [](OptionSet& options) { return on_reference(options, run_inspect, kImageHelp); }};
}

Command manifest_command() {
  return {.name = "manifest",
          .aliases = {},
          .summary = "print an image's manifest or index, byte for byte",
          .description = "Prints the raw bytes, whose SHA-256 is the image's digest.",
          .synopsis = "REF",
          .examples = {{"pretty-printed by jq", "slipway manifest oci:out:v1 | jq ."},
                       {"its digest, by hand", "slipway manifest oci:out:v1 | sha256sum"}},
          .see_also = {"config", "digest", "inspect"},
          .bind = [](OptionSet& options) { return on_reference(options, run_manifest, kImageHelp); }};
}

Command config_command() {
  return {.name = "config",
          .aliases = {},
          .summary = "print an image's config, byte for byte",
          .description = "Prints the raw bytes of the image config: entrypoint, environment, diff IDs and history.",
          .synopsis = "[--platform OS/ARCH] REF",
          .examples = {{"entrypoint and environment", "slipway config oci:out:v1 | jq .config"},
                       {"of another platform", "slipway config --platform linux/arm64 oci:out:v1"}},
          .see_also = {"manifest", "inspect"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<PlatformFlags>();
            options.positional("REF", flags->reference, kImageHelp);
            options.value("--platform", "OS/ARCH", flags->platform,
                          "use this platform's image of an index (default: this machine's)");
            return [flags](Context& context) { return run_config(context, *flags); };
          }};
}

}  // namespace slipway::cli
