#include "cli/command.h"
#include "cli/found_image.h"
#include "cli/image_results.h"
#include "cli/image_root.h"
#include "cli/output.h"
#include "cli/project.h"
#include "cli/terminal.h"
#include "cli/text_layout.h"
#include "slipway/base/lanes.h"
#include "slipway/base/text.h"
#include "slipway/image/image.h"
#include "slipway/oci/media_type.h"

namespace slipway::cli {
namespace {

struct ReferenceFlags {
  std::string reference;
  std::optional<std::string> platform;
  bool all_platforms = false;  ///< accepted for skopeo's sake: an index is read whole anyway
};

Result<int> run_digest(Context& context, const ReferenceFlags& f) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_ASSIGN(const auto root, root_of(found, f.platform));
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

Status print_manifest(Context& context, const FoundImage& found, const std::optional<std::string>& platform) {
  store::TagOrDigest reference = found.reference;
  if (platform) {
    SLIPWAY_ASSIGN(const auto root, root_of(found, platform));
    reference = root.digest;
  }
  SLIPWAY_ASSIGN(const auto fetched, found.target->fetch_document(reference));
  return context.print_raw(fetched.bytes);
}

Result<int> run_manifest(Context& context, const ReferenceFlags& f) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_TRY(print_manifest(context, found, f.platform));
  return 0;
}

Status print_config(Context& context, const FoundImage& found, const std::optional<std::string>& platform) {
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, platform));
  return context.print_raw(image.raw_config);
}

Result<int> run_config(Context& context, const ReferenceFlags& f) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_TRY(print_config(context, found, f.platform));
  return 0;
}

struct LsFlags {
  std::string place;
  bool long_form = false;
};

std::int64_t bytes_of(const oci::Manifest& manifest) {
  std::int64_t bytes = manifest.config.size;
  for (const oci::Descriptor& layer : manifest.layers)
    bytes += layer.size;
  return bytes;
}

/// The row of a tag: its digest, its kind, and the size of an image without its manifest.
Result<std::vector<Cell>> tag_row(const Context& context, store::ReadTarget& target, const std::string& tag) {
  SLIPWAY_ASSIGN(const auto fetched, target.fetch_document(store::TagOrDigest(tag)));
  SLIPWAY_ASSIGN(const oci::Document document, oci::parse_document(fetched.bytes, fetched.descriptor.media_type));
  std::string kind = "index", size;
  if (const auto* index = std::get_if<oci::Index>(&document)) {
    kind = fmt::format("index of {}", index->manifests.size());
  } else if (const auto* manifest = std::get_if<oci::Manifest>(&document)) {
    kind = manifest->artifact_type.empty() ? "image" : manifest->artifact_type;
    size = human_bytes(static_cast<std::uint64_t>(bytes_of(*manifest)));
  }
  return std::vector<Cell>{{tag}, {context.short_of(fetched.descriptor.digest)}, {size}, {kind}};
}

/// One request for each tag, several at once. A tag that names nothing has a row that says so.
Result<int> print_tag_rows(Context& context, store::ReadTarget& target, const std::vector<std::string>& tags) {
  std::vector<std::vector<Cell>> rows(tags.size());
  SLIPWAY_TRY(run_lanes(context.images_at_once(), tags.size(), context.stop(), [&](std::size_t i, std::stop_token) {
    auto row = tag_row(context, target, tags[i]);
    if (!row && row.error().code == Errc::cancelled) return Status(fail(std::move(row).error()));
    rows[i] = row ? *std::move(row) : std::vector<Cell>{{tags[i]}, {"-"}, {}, {row.error().message, Tone::bad}};
    return Status();
  }));
  Table table({"TAG", "DIGEST", "SIZE", "TYPE"});
  for (std::vector<Cell>& row : rows)
    table.add(std::move(row));
  SLIPWAY_TRY(context.print_raw(context.text_of(table)));
  return 0;
}

Result<int> run_ls(Context& context, const LsFlags& f) {
  SLIPWAY_ASSIGN(const oci::Location location, context.location_for_reading(f.place));
  SLIPWAY_ASSIGN(const auto target, context.opener().open_for_reading(location, Side::source));
  auto* lister = store::as<store::TagLister>(*target);
  if (lister == nullptr) return fail(no_tag_list(*target));
  SLIPWAY_ASSIGN(const auto tags, lister->list_tags());
  if (f.long_form && !context.json()) return print_tag_rows(context, *target, tags);
  Json document;
  document.set("schema", "slipway/v1/tags").set("location", context.shown(location).str());
  document.set("tags", Json::Array(tags.begin(), tags.end()));
  std::string lines;
  for (const std::string& tag : tags)
    lines += tag + "\n";
  SLIPWAY_TRY(print_result(context, document, lines));
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

std::string command_line_of(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

/// The platforms' images for a terminal: the config as lines, the layers as a table.
std::string image_table(const Context& context, const image::Image& image) {
  const oci::ImageConfig& config = image.config;
  std::vector<std::pair<std::string, std::string>> rows;
  const auto row = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) rows.emplace_back(name, printable(value, 4096));
  };
  row("digest", context.short_of(image.descriptor.digest));
  row("created", config.created);
  row("entrypoint", command_line_of(config.entrypoint));
  row("cmd", command_line_of(config.cmd));
  row("user", config.user);
  row("workdir", config.working_dir);
  for (const std::string& entry : config.env)
    row("env", entry);
  for (const auto& [key, value] : image.manifest.annotations)
    row("annotation", key + "=" + value);
  std::vector<std::string> made_by;
  for (const oci::History& history : config.history) {
    const bool is_named = history.created_by == "slipway" && !history.comment.empty();
    if (!history.empty_layer) made_by.push_back(history.created_by + (is_named ? ": " + history.comment : ""));
  }
  Table table({"  LAYER", "DIGEST", "SIZE", "CREATED BY"});
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const oci::Descriptor& layer = image.manifest.layers[i];
    table.add({{fmt::format("  {}", i + 1)},
               {context.short_of(layer.digest)},
               {human_bytes(static_cast<std::uint64_t>(layer.size))},
               {i < made_by.size() ? made_by[i] : ""}});
  }
  const std::size_t columns = context.globals().output == "wide" ? 4096 : columns_of(context.surroundings());
  return printable(config.platform.str()) + "\n" + two_columns(rows, columns) + context.text_of(table);
}

/// With tag and digest both given the digest decides; here is where one learns that the tag went on.
Result<std::optional<Digest>> tag_beside_digest(Context& context, const FoundImage& found) {
  if (!found.location.tag() || !found.location.digest()) return std::optional<Digest>();
  const auto now = found.target->resolve(store::TagOrDigest(*found.location.tag()));
  if (!now && now.error().code == Errc::not_found) {
    context.warn(fmt::format("the tag {} does not exist any more", *found.location.tag()));
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

struct InspectFlags {
  std::string reference;
  std::optional<std::string> platform;
  bool raw = false, config = false;
};

Result<int> run_inspect(Context& context, const InspectFlags& f) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  if (f.raw && f.config)
    return fail(error(Errc::invalid_argument, "--raw and --config exclude each other")
                    .with_hint("run: slipway manifest REF, or slipway config REF"));
  if (f.raw || f.config) {
    SLIPWAY_TRY(f.raw ? print_manifest(context, found, f.platform) : print_config(context, found, f.platform));
    return 0;
  }
  SLIPWAY_ASSIGN(const auto root, root_of(found, f.platform));
  SLIPWAY_ASSIGN(const auto tagged, tag_beside_digest(context, found));
  SLIPWAY_ASSIGN(const auto offers, image::list_platforms(*found.target, root));
  const std::string location = context.shown(found.location.with_digest(root.digest)).str();
  Json::Array images;
  std::string lines = safe_text(
      fmt::format("{}\n{} {}\n", location, root.media_type, human_bytes(static_cast<std::uint64_t>(root.size))));
  for (const image::Offer& offer : offers) {
    SLIPWAY_ASSIGN(const image::Image image, image::load_manifest(*found.target, offer.manifest));
    images.push_back(image_json(image));
    lines += context.shows_tables() ? image_table(context, image) : safe_text(image_text(image));
  }
  if (!context.json()) {
    if (offers.empty()) {
      SLIPWAY_ASSIGN(const oci::Document artifact, copy::fetch_document(*found.target, root));
      lines += safe_text(artifact_text(artifact));
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

constexpr const char* kPlatformHelp = "use this platform's image of an index (default: the index itself)";

/// The action of a command that takes an image and a platform.
Action on_reference(OptionSet& options, Result<int> (*run)(Context&, const ReferenceFlags&), const char* platform) {
  auto flags = std::make_shared<ReferenceFlags>();
  options.positional("REF", flags->reference, kImageHelp);
  options.value("--platform", "OS/ARCH", flags->platform, platform);
  return [flags, run](Context& context) { return run(context, *flags); };
}

}  // namespace

Command digest_command() {
  return {.name = "digest",
          .aliases = {},
          .summary = "print an image's digest",
          .description = "Prints the digest of the manifest or index that REF names now. Downloads no layer.",
          .synopsis = "[--platform OS/ARCH] REF",
          .examples = {{"the digest that a tag points to now", "slipway digest registry.example.com/team/app:v1"},
                       {"the digest that runs in production", "slipway digest production"}},
          .see_also = {"inspect", "manifest"},
          .bind = [](OptionSet& options) { return on_reference(options, run_digest, kPlatformHelp); }};
}

Command ls_command() {
  return {.name = "ls",
          .aliases = {"tags", "list-tags"},
          .summary = "list the tags of a repository or layout",
          .description = "Prints one tag a line, in the registry's order. Changes nothing.",
          .synopsis = "[-l] REPO|LAYOUT",
          .examples = {{"of a repository", "slipway ls registry.example.com/team/app"},
                       {"of a layout", "slipway ls oci:out"}},
          .see_also = {"inspect", "delete"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<LsFlags>();
            options.positional("REPO|LAYOUT", flags->place, "a repository or a layout");
            options.flag("-l,--long", flags->long_form, "print a table of tags, digests, sizes and types");
            return [flags](Context& context) { return run_ls(context, *flags); };
          }};
}

Command inspect_command() {
  return {.name = "inspect",
          .aliases = {},
          .summary = "show an image's platforms, config and layers",
          .description =
              "Prints the platforms, config and layers of an image, or the content of another artifact. Downloads no "
              "layer.",
          .synopsis = "[--raw|--config] [--platform OS/ARCH] REF",
          .examples = {{"platforms, config and layers", "slipway inspect oci:out:v1"},
                       {"for a script", "slipway inspect -o json registry.example.com/team/app:v1"}},
          .see_also = {"manifest", "config", "files", "validate"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<InspectFlags>();
            options.positional("REF", flags->reference, kImageHelp);
            options.value("--platform", "OS/ARCH", flags->platform, "show this platform's image only");
            options.flag("--raw", flags->raw, "print the bytes of the manifest, like slipway manifest");
            options.flag("--config", flags->config, "print the bytes of the config, like slipway config");
            return [flags](Context& context) { return run_inspect(context, *flags); };
          }};
}

Command manifest_command() {
  return {.name = "manifest",
          .aliases = {},
          .summary = "print an image's manifest or index, byte for byte",
          .description = "Prints the raw bytes, whose SHA-256 is the image's digest.",
          .synopsis = "[--platform OS/ARCH] REF",
          .examples = {{"pretty-printed by jq", "slipway manifest oci:out:v1 | jq ."},
                       {"its digest, by hand", "slipway manifest oci:out:v1 | sha256sum"}},
          .see_also = {"config", "digest", "inspect"},
          .bind = [](OptionSet& options) { return on_reference(options, run_manifest, kPlatformHelp); }};
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
            return on_reference(options, run_config, "use this platform's image of an index (default: this machine's)");
          }};
}

}  // namespace slipway::cli
