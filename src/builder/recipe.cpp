#include "slipway/builder/recipe.h"

#include <algorithm>
#include <set>

#include "builder/recipe_values.h"
#include "slipway/base/text.h"
#include "slipway/config/decoder.h"
#include "slipway/layer/entry.h"
#include "slipway/layer/file_capabilities.h"

namespace slipway::builder {
namespace {

using config::Decoder;
using config::Node;

/// Decodes the `image` mapping; every problem goes to the diagnostics.
class ImageDecoder {
 public:
  ImageDecoder(Recipe& recipe, Diagnostics& diagnostics) : recipe_(recipe), diagnostics_(diagnostics) {}

  void decode(const Node& node) {
    Decoder image(node, "image", diagnostics_);
    decode_places(image);
    for (const Node* item : items(image, "platforms")) {
      if (auto platform = keep(oci::Platform::parse(item->scalar), item->where, "image.platforms")) {
        add_platform(*std::move(platform), item->where);
      }
    }
    decode_source(image);
    const auto times = image.one_of("times", {"epoch", "clamp", "git"});
    const bool keep_modes = image.one_of("modes", {"default", "keep"}) == "keep";
    decode_layers(image, times, keep_modes);
    if (const Node* config = image.get("config")) decode_config(*config);
    for (auto& [key, value] : pairs(image, "annotations", "an annotation"))
      recipe_.annotations[key] = value;
    if (const Node* compression = image.get("compression")) decode_compression(*compression);
    recipe_.codec = value(image, "codec", [this](std::string_view text) -> Result<std::string> {
                      SLIPWAY_TRY(io::parse_codec(recipe_.compression, recipe_.level, text));
                      return std::string(text);
                    }).value_or("");
    recipe_.split_debug = image.one_of("debug", {"keep", "split"}) == "split";
    recipe_.check_symbols = image.one_of("symbols", {"trust", "check"}) == "check";
    decode_sboms(image);
    image.finish();
  }

 private:
  /// `git`, or {git: URL} where the remote's own address is not the one that others know.
  void decode_source(Decoder& image) {
    const Node* node = image.get("source");
    if (node == nullptr) return;
    recipe_.source_git = true;
    if (!node->is_mapping()) {
      recipe_.source_git = image.one_of("source", {"git"}).has_value();
      return;
    }
    Decoder source(*node, "image.source", diagnostics_);
    if (source.require("git") != nullptr) recipe_.source_url = value(source, "git", parse_source_url).value_or("");
    source.finish();
  }

  /// One format, a list of them, or formats with what they include.
  void decode_sboms(Decoder& image) {
    const Node* node = image.get("sbom");
    if (node == nullptr) return;
    if (!node->is_mapping()) return decode_sbom_formats(image, "sbom");
    Decoder sbom(*node, "image.sbom", diagnostics_);
    if (sbom.require("formats") != nullptr) decode_sbom_formats(sbom, "formats");
    recipe_.sbom_includes = placed(sbom, "include");
    sbom.finish();
  }

  void decode_sbom_formats(Decoder& holder, std::string_view key) {
    const Node* node = holder.get(key);
    std::vector<const Node*> words = {node};
    if (!node->is_scalar()) words = items(holder, key);
    for (const Node* word : words) {
      auto format = keep(parse_sbom_format(word->scalar), word->where, "image.sbom");
      if (format) recipe_.sboms.push_back(*std::move(format));
    }
  }

  /// The value, or nothing and a report at `where`.
  template <class T>
  std::optional<T> keep(Result<T> result, const Where& where, std::string_view what) {
    if (result) return std::optional<T>(*std::move(result));
    diagnostics_.error(where, fmt::format("{}: {}", what, result.error().message), result.error().hint);
    return std::nullopt;
  }

  /// The scalar items of a list; anything else is reported.
  std::vector<const Node*> items(Decoder& decoder, std::string_view key) {
    std::vector<const Node*> out;
    (void)decoder.string_list(key);
    const Node* list = decoder.get(key);
    if (list == nullptr || !list->is_sequence()) return out;
    for (const Node& item : list->items) {
      if (item.is_scalar()) out.push_back(&item);
    }
    return out;
  }

  std::vector<std::pair<std::string, std::string>> pairs(Decoder& decoder, std::string_view key,
                                                         std::string_view what) {
    std::vector<std::pair<std::string, std::string>> out;
    const Node* map = decoder.get(key);
    for (auto& [name, value] : decoder.string_map(key)) {
      const Node* at = map == nullptr ? nullptr : map->find(name);
      const Where where = at == nullptr ? decoder.where(key) : at->where;
      const std::string path = fmt::format("{}.{}", decoder.what(), key);
      auto good_name = keep(parse_key(name, what), where, path);
      auto good_value = keep(parse_text(value), where, path);
      if (good_name && good_value) out.emplace_back(*std::move(good_name), *std::move(good_value));
    }
    return out;
  }

  template <class Parse>
  auto value(Decoder& decoder, std::string_view key, Parse parse)
      -> decltype(keep(parse(std::string_view()), Where(), "")) {
    const auto text = decoder.string(key);
    if (!text) return std::nullopt;
    return keep(parse(std::string_view(*text)), decoder.where(key), fmt::format("{}.{}", decoder.what(), key));
  }

  std::vector<Placed> placed(Decoder& decoder, std::string_view key) {
    std::vector<Placed> out;
    for (const Node* item : items(decoder, key)) {
      if (check_path(item->scalar, item->where, decoder, key)) out.push_back({item->scalar, item->where});
    }
    return out;
  }

  std::optional<Placed> placed_one(Decoder& decoder, std::string_view key) {
    const auto text = decoder.string(key);
    if (!text || !check_path(*text, decoder.where(key), decoder, key)) return std::nullopt;
    return Placed{*text, decoder.where(key)};
  }

  bool check_path(const std::string& text, const Where& where, const Decoder& decoder, std::string_view key) {
    Status status = check_placeholders(text);
    if (status && text.empty()) status = fail(Errc::invalid_argument, "an empty path names nothing");
    if (!status)
      diagnostics_.error(where, fmt::format("{}.{}: {}", decoder.what(), key, status.error().message),
                         status.error().hint);
    return status.has_value();
  }

  void decode_places(Decoder& image) {
    recipe_.repository = value(image, "repository", [this](std::string_view text) -> Result<oci::Location> {
      SLIPWAY_ASSIGN(oci::Location location, oci::Location::parse(text));
      if (location.tag() || location.digest()) {
        return fail(Error(Errc::invalid_argument,
                          fmt::format("\"{}\" names a tag or digest, not a repository", printable(text, 300)))
                        .with_hint("leave out what follows the name; tags are given with -t"));
      }
      return location.relative_to(recipe_.folder.native());
    });
    const auto base = image.string("base");
    recipe_.base_where = image.where("base");
    if (base && *base != "scratch") {
      auto location = keep(oci::Location::parse_for_reading(*base), recipe_.base_where, "image.base");
      if (location) recipe_.base = location->relative_to(recipe_.folder.native());
    }
  }

  void add_platform(oci::Platform platform, const Where& where) {
    if (std::find(recipe_.platforms.begin(), recipe_.platforms.end(), platform) == recipe_.platforms.end()) {
      return recipe_.platforms.push_back(std::move(platform));
    }
    diagnostics_.error(where, fmt::format("image.platforms: {} is listed twice", platform.str()));
  }

  void decode_layers(Decoder& image, const std::optional<std::string>& times, bool keep_modes) {
    const Node* list = image.get("layers");
    if (list == nullptr) return;
    if (!list->is_sequence()) return diagnostics_.error(list->where, "image.layers must be a list");
    std::set<std::string> names;
    for (const Node& node : list->items) {
      LayerRule rule = decode_layer(node, recipe_.layers.size(), times, keep_modes);
      if (!rule.name.empty() && !names.insert(rule.name).second) {
        diagnostics_.error(node.where,
                           fmt::format("image.layers: two layers have the name \"{}\"", printable(rule.name, 100)));
      }
      recipe_.layers.push_back(std::move(rule));
    }
  }

  LayerRule decode_layer(const Node& node, std::size_t index, const std::optional<std::string>& times,
                         bool keep_modes) {
    LayerRule rule;
    rule.where = node.where;
    Decoder layer(node, fmt::format("image.layers[{}]", index), diagnostics_);
    if (!node.is_mapping()) return rule;
    if (layer.require("name") != nullptr) rule.name = value(layer, "name", parse_text).value_or("");
    const auto own_times = layer.one_of("times", {"epoch", "clamp", "git"});
    const auto& how = own_times ? own_times : times;
    rule.clamp_times = how == "clamp";
    rule.git_times = how == "git";
    const auto modes = layer.one_of("modes", {"default", "keep"});
    rule.split_by_churn = layer.one_of("split", {"none", "churn"}) == "churn";
    rule.closure = placed(layer, "closure");
    rule.dlopen = placed(layer, "dlopen");
    rule.without = layer.string_list("without");
    rule.runtime = words_of(layer, "runtime", parse_runtime);
    rule.profiles = words_of(layer, "profiles", parse_profile);
    rule.sysroot = placed_one(layer, "sysroot");
    for (const char* key : {"dlopen", "profiles", "sysroot", "without"}) {
      if (layer.get(key) != nullptr && rule.closure.empty() && rule.runtime.empty())
        layer.error(key, fmt::format("it applies to a closure, but the layer has none"), "add 'closure'");
    }
    rule.archive = placed_one(layer, "archive");
    decode_files(layer, modes ? *modes == "keep" : keep_modes, rule);
    decode_remove(layer, rule);
    for (const char* key : {"archive", "remove"}) {
      if (rule.split_by_churn && layer.get(key) != nullptr)
        layer.error(key, fmt::format("a layer with \"split\" cannot have it"), "give it a layer of its own");
    }
    layer.finish();
    const bool something = layer.get("files") != nullptr || layer.get("remove") != nullptr ||
                           layer.get("closure") != nullptr || layer.get("runtime") != nullptr ||
                           layer.get("archive") != nullptr;
    if (!something) {
      diagnostics_.error(node.where, fmt::format("{}: the layer has no content", layer.what()),
                         "give it 'files', 'closure', 'runtime', 'archive' or 'remove'");
    }
    return rule;
  }

  /// One word or a list of them.
  std::vector<Placed> words_of(Decoder& layer, std::string_view key, Result<std::string> (*parse)(std::string_view)) {
    std::vector<Placed> out;
    const Node* node = layer.get(key);
    if (node == nullptr) return out;
    std::vector<const Node*> words = {node};
    if (!node->is_scalar()) words = items(layer, key);
    for (const Node* word : words) {
      auto known = keep(parse(word->scalar), word->where, fmt::format("{}.{}", layer.what(), key));
      if (known) out.push_back({*std::move(known), word->where});
    }
    return out;
  }

  void decode_files(Decoder& layer, bool keep_modes, LayerRule& rule) {
    const Node* list = layer.get("files");
    if (list == nullptr) return;
    if (!list->is_sequence())
      return diagnostics_.error(list->where, fmt::format("{}.files must be a list", layer.what()));
    for (const Node& node : list->items) {
      Decoder file(node, fmt::format("{}.files[{}]", layer.what(), rule.files.size()), diagnostics_);
      FileRule out;
      if (node.is_mapping() && (file.get("dir") != nullptr || file.get("link") != nullptr)) {
        decode_made(file, node.where, out);
      } else if (node.is_mapping()) {
        if (file.require("from") != nullptr) out.from = placed_one(file, "from").value_or(Placed{});
        if (file.require("to") != nullptr) out.to = value(file, "to", image_target).value_or("");
        out.mode = value(file, "mode", parse_mode);
        out.owner = value(file, "owner", parse_owner);
        out.include = file.string_list("include");
        out.exclude = file.string_list("exclude");
        out.ignore_file = placed_one(file, "ignore-file");
        decode_attributes(file, out);
        out.replace = file.boolean("replace").value_or(false);
        const auto modes = file.one_of("modes", {"default", "keep"});
        out.keep_modes = modes ? *modes == "keep" : keep_modes;
        out.follow_links = file.one_of("symlinks", {"keep", "follow"}) == "follow";
        file.finish();
      }
      rule.files.push_back(std::move(out));
    }
  }

  /// {dir: PATH, mode, owner} or {link: TEXT, to: PATH, owner}; other keys mean nothing there.
  void decode_made(Decoder& file, const Where& where, FileRule& out) {
    out.from.where = where;
    out.makes_folder = file.get("dir") != nullptr;
    if (out.makes_folder) {
      out.to = value(file, "dir", image_target).value_or("");
      out.mode = value(file, "mode", parse_mode);
    } else {
      out.link = value(file, "link", parse_link);
      if (file.require("to") != nullptr) out.to = value(file, "to", image_target).value_or("");
    }
    out.owner = value(file, "owner", parse_owner);
    file.finish();
  }

  void decode_attributes(Decoder& file, FileRule& out) {
    for (auto& [name, value] : pairs(file, "xattrs", "an attribute")) {
      if (const Status good = check_attribute(name, value); !good) {
        file.error("xattrs", good.error().message, good.error().hint);
      } else {
        out.xattrs.insert_or_assign(std::move(name), std::move(value));
      }
    }
    if (auto capabilities = value(file, "capabilities", layer::file_capabilities)) {
      out.xattrs.insert_or_assign(std::string(layer::kCapabilityAttribute), *std::move(capabilities));
    }
  }

  static Result<std::string> image_target(std::string_view text) {
    SLIPWAY_TRY(layer::image_path(std::string(text)));
    return std::string(text);
  }

  void decode_remove(Decoder& layer, LayerRule& rule) {
    for (const Node* item : items(layer, "remove")) {
      const auto path = keep(layer::image_path(item->scalar), item->where, fmt::format("{}.remove", layer.what()));
      if (path && path->empty())
        diagnostics_.error(item->where, fmt::format("{}.remove: the root folder cannot be removed", layer.what()));
      if (path && !path->empty()) rule.remove.push_back({"/" + *path, item->where});
    }
  }

  void decode_config(const Node& node) {
    Decoder config(node, "image.config", diagnostics_);
    if (!node.is_mapping()) return;
    ConfigRule& out = recipe_.config;
    out.entrypoint = config.optional_string_list("entrypoint");
    out.cmd = config.optional_string_list("cmd");
    out.env = pairs(config, "env", "a variable");
    out.user = value(config, "user", parse_user);
    out.workdir = value(config, "workdir", parse_absolute);
    for (const Node* item : items(config, "ports")) {
      if (auto port = keep(parse_port(item->scalar), item->where, "image.config.ports")) out.ports.push_back(*port);
    }
    for (const Node* item : items(config, "volumes")) {
      if (auto path = keep(parse_absolute(item->scalar), item->where, "image.config.volumes"))
        out.volumes.push_back(*path);
    }
    out.labels = pairs(config, "labels", "a label");
    out.stop_signal = value(config, "stop-signal", parse_stop_signal);
    out.shell = config.optional_string_list("shell");
    out.on_build = config.string_list("on-build");
    out.author = config.string("author");
    if (const Node* check = config.get("healthcheck")) out.health_check = health_check(config, *check);
    config.finish();
  }

  /// `none`, which turns off that of the base, or a mapping.
  std::optional<HealthCheck> health_check(Decoder& config, const Node& node) {
    if (!node.is_mapping()) {
      if (!config.one_of("healthcheck", {"none"})) return std::nullopt;
      return HealthCheck{{"NONE"}};
    }
    Decoder decoder(node, "image.config.healthcheck", diagnostics_);
    HealthCheck check;
    check.test = health_words(decoder);
    check.interval = value(decoder, "interval", parse_health_time).value_or(0);
    check.timeout = value(decoder, "timeout", parse_health_time).value_or(0);
    check.start_period = value(decoder, "start-period", parse_health_time).value_or(0);
    check.start_interval = value(decoder, "start-interval", parse_health_time).value_or(0);
    check.retries = value(decoder, "retries", parse_retries).value_or(0);
    decoder.finish();
    return check;
  }

  /// A list is a program with its arguments, text a command for the shell.
  std::vector<std::string> health_words(Decoder& decoder) {
    const Node* test = decoder.require("test");
    if (test == nullptr) return {};
    std::vector<std::string> words = {"CMD-SHELL", test->scalar};
    if (!test->is_scalar()) words = decoder.string_list("test");
    return keep(health_test(std::move(words)), test->where, "image.config.healthcheck.test")
        .value_or(std::vector<std::string>());
  }

  void decode_compression(const Node& node) {
    Decoder compression(node, "image.compression", diagnostics_);
    if (!node.is_mapping()) return;
    recipe_.compression = value(compression, "format", io::parse_compression).value_or(io::Compression::gzip);
    recipe_.level = value(compression, "level", io::parse_level).value_or(io::Level::normal);
    compression.finish();
  }

  Recipe& recipe_;
  Diagnostics& diagnostics_;
};

}  // namespace

const std::vector<std::string>& top_level_keys() {
  static const std::vector<std::string> keys = {"app", "image", "environments", "ledger", "pin"};
  return keys;
}

Recipe decode_recipe(const config::Node& document, const std::string& file, Diagnostics& diagnostics) {
  Recipe recipe;
  recipe.folder = std::filesystem::path(file).parent_path();
  if (recipe.folder.empty()) recipe.folder = ".";
  Decoder top(document, "", diagnostics);
  if (!document.is_mapping()) return recipe;
  if (top.require("app") != nullptr) {
    const auto app = top.string("app");
    if (app && !oci::is_dns_like_name(*app)) {
      top.error("app", fmt::format("\"{}\" is not a name of an app", printable(*app, 100)),
                "use lower-case letters and digits with single '-' between them, at most 40 characters");
    }
    recipe.app = app.value_or("");
  }
  if (const Node* image = top.require("image"); image != nullptr) ImageDecoder(recipe, diagnostics).decode(*image);
  return recipe;
}

}  // namespace slipway::builder
