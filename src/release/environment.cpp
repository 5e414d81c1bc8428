#include "slipway/release/environment.h"

#include <algorithm>

#include "release/build_finder.h"
#include "release/project_checks.h"
#include "release/tag_template.h"
#include "slipway/base/text.h"
#include "slipway/config/decoder.h"
#include "slipway/layer/entry.h"

namespace slipway::release {
namespace {

constexpr std::size_t kMaxName = 40;

/// Decodes one app's release side.
class ProjectDecoder {
 public:
  ProjectDecoder(const std::filesystem::path& folder, Diagnostics& diagnostics) : diagnostics_(diagnostics) {
    project_.folder = folder;
  }

  Project decode(const config::Node& document) {
    config::Decoder top(document, "", diagnostics_);
    decode_build_side(document);
    if (const config::Node* environments = top.get("environments")) decode_environments(*environments);
    decode_ledger(top.get("ledger"), document.where);
    check_project(project_, after_where_, diagnostics_);
    return std::move(project_);
  }

 private:
  /// Mistakes that the recipe's decoder reports are not reported again.
  void decode_build_side(const config::Node& document) {
    Diagnostics unheard;
    config::Decoder top(document, "", unheard);
    project_.app = top.string("app").value_or("");
    const config::Node* image = top.get("image");
    if (image == nullptr || !image->is_mapping()) return;
    config::Decoder decoder(*image, "image", unheard);
    const auto text = decoder.string("repository");
    if (!text) return;
    has_image_ = true;
    const auto location = oci::Location::parse(*text);
    if (!location || location->tag() || location->digest()) return;
    project_.image_repository = place(*text, decoder.where("repository"));
  }

  /// A repository or layout without tag or digest, layouts made absolute.
  std::optional<oci::Location> place(const std::string& text, const Where& where) {
    auto location = oci::Location::parse(text);
    if (!location) {
      diagnostics_.error(where, location.error().message, location.error().hint);
      return std::nullopt;
    }
    if (location->tag() || location->digest()) {
      diagnostics_.error(where, fmt::format("\"{}\" has a tag or a digest", text), "name the repository alone");
      return std::nullopt;
    }
    if (location->transport() != oci::Transport::registry && location->transport() != oci::Transport::layout) {
      diagnostics_.error(where, fmt::format("\"{}\" is an archive", text), "name a registry's repository or a layout");
      return std::nullopt;
    }
    return location->relative_to(project_.folder.string());
  }

  void decode_environments(const config::Node& node) {
    if (!node.is_mapping()) {
      diagnostics_.error(node.where, "environments must be a mapping of names to settings");
      return;
    }
    for (const auto& member : node.members) {
      if (!is_valid_name(member.key)) {
        diagnostics_.error(member.key_where,
                           fmt::format("\"{}\" is not an environment's name", printable(member.key, 80)),
                           "use lower-case letters, digits and single dashes, at most 40 characters");
        continue;
      }
      decode_environment(member.key, member.key_where, member.value);
    }
  }

  void decode_environment(const std::string& name, const config::TextPlace& where, const config::Node& node) {
    Environment environment;
    environment.name = name;
    environment.where = where;
    const config::Node empty = empty_mapping(where);
    config::Decoder decoder(node.is_null() ? empty : node, "environments." + name, diagnostics_);
    decode_repository(decoder, environment);
    environment.tag = decoder.string("tag").value_or(name);
    if (!oci::is_valid_tag(environment.tag)) {
      decoder.error("tag", fmt::format("\"{}\" is not a tag", printable(environment.tag, 150)));
    }
    environment.tags = decoder.string_list("tags");
    for (const std::string& text : environment.tags) {
      if (const Status status = check_tag_template(text); !status) {
        decoder.error("tags", status.error().message, status.error().hint);
      }
    }
    if (const config::Node* after = decoder.get("after")) decode_after(*after, environment);
    if (const config::Node* config_node = decoder.get("config")) decode_config(*config_node, environment);
    if (const auto schema = decoder.string("schema"))
      environment.schema = ConfigFile{(project_.folder / *schema).lexically_normal(), decoder.where("schema")};
    if (const config::Node* policy = decoder.get("policy")) decode_policy(*policy, environment);
    const std::string carry = decoder.one_of("carry", {"all", "signatures", "none"}).value_or("signatures");
    environment.carry = carry == "all" ? Carry::all : carry == "none" ? Carry::none : Carry::signatures;
    decoder.finish();
    project_.environments.push_back(std::move(environment));
  }

  static config::Node empty_mapping(const config::TextPlace& where) {
    config::Node node;
    node.kind = config::Node::Kind::mapping;
    node.where = where;
    return node;
  }

  void decode_repository(config::Decoder& decoder, Environment& environment) {
    const auto text = decoder.string("repository");
    if (text) {
      if (auto location = place(*text, decoder.where("repository"))) environment.repository = *location;
    } else if (project_.image_repository) {
      environment.repository = *project_.image_repository;
    } else if (!has_image_) {
      diagnostics_.error(environment.where, fmt::format("environments.{} has no repository", environment.name),
                         "set its repository, or image.repository for all environments");
    }
    environment.repository_text = record_text(project_.folder, environment.repository);
  }

  /// `[a, b]` is all-of; `{all: [...]}` and `{any: [...]}` say it in words.
  void decode_after(const config::Node& node, Environment& environment) {
    const std::string what = "environments." + environment.name + ".after";
    const config::Node* list = &node;
    if (node.is_mapping()) {
      config::Decoder decoder(node, what, diagnostics_);
      const config::Node* all = decoder.get("all");
      const config::Node* any = decoder.get("any");
      decoder.finish();
      if ((all == nullptr) == (any == nullptr)) {
        diagnostics_.error(node.where, what + " must have exactly one of all and any");
        return;
      }
      environment.after_any = any != nullptr;
      list = any != nullptr ? any : all;
    }
    if (!list->is_sequence()) {
      diagnostics_.error(list->where, what + " must be a list of environments",
                         list->is_scalar() ? fmt::format("write [{}]", printable(list->scalar, 80)) : "");
      return;
    }
    for (const config::Node& item : list->items) {
      if (!item.is_scalar()) {
        diagnostics_.error(item.where, what + " must hold names of environments");
        continue;
      }
      if (std::find(environment.after.begin(), environment.after.end(), item.scalar) != environment.after.end()) {
        diagnostics_.error(item.where, fmt::format("{} names \"{}\" twice", what, printable(item.scalar, 80)));
        continue;
      }
      environment.after.push_back(item.scalar);
      after_where_[environment.name].push_back(item.where);
    }
  }

  void decode_config(const config::Node& node, Environment& environment) {
    config::Decoder decoder(node, "environments." + environment.name + ".config", diagnostics_);
    if (const config::Node* files = decoder.get("env-file"))
      decode_paths(*files, environment, "env-file", environment.env_files);
    if (const config::Node* files = decoder.get("files")) decode_paths(*files, environment, "files", environment.files);
    if (decoder.one_of("mode", {"env-file", "layer"}).value_or("env-file") == "layer") {
      environment.mode = Mode::layer;
    }
    decode_plaintext(decoder, environment);
    environment.config_path = decoder.string("path").value_or("/etc/" + project_.app);
    const auto path = layer::image_path(environment.config_path);
    if (!path || path->empty())
      decoder.error("path", fmt::format("\"{}\" is not a folder in an image", printable(environment.config_path, 200)),
                    "write an absolute path, for instance /etc/" + project_.app);
    decoder.finish();
  }

  static void decode_plaintext(config::Decoder& decoder, Environment& environment) {
    for (auto& [name, reason] : decoder.string_map("plaintext")) {
      if (trim(reason).empty())
        decoder.error("plaintext", fmt::format("{} needs a reason", printable(name, 80)), "say why it is not a secret");
      environment.plaintext.emplace(name, reason);
    }
  }

  void decode_paths(const config::Node& node, const Environment& environment, std::string_view key,
                    std::vector<ConfigFile>& paths) {
    for (const config::Node& item : node.is_sequence() ? node.items : std::vector<config::Node>{node}) {
      if (item.is_scalar() && !item.scalar.empty()) {
        paths.push_back({(project_.folder / item.scalar).lexically_normal(), item.where});
      } else {
        diagnostics_.error(item.where, fmt::format("environments.{}.config.{} must be a path or a list of paths",
                                                   environment.name, key));
      }
    }
  }

  void decode_policy(const config::Node& node, Environment& environment) {
    const std::string what = "environments." + environment.name + ".policy";
    environment.rules = decode_policy_rules(node, what, diagnostics_);
    if (environment.rules.soak > 0 && environment.after.empty()) {
      diagnostics_.error(node.where, what + ".soak needs environments that come before",
                         "set after: [staging], or what the build shall be active in");
    }
  }

  void decode_ledger(const config::Node* node, const Where& fallback) {
    bool named = false;
    if (node != nullptr) {
      config::Decoder decoder(*node, "ledger", diagnostics_);
      if (const auto text = decoder.string("repository")) {
        named = true;
        if (auto location = place(*text, decoder.where("repository"))) project_.ledger = *location;
      }
      project_.immutable_tags = decoder.boolean("immutable-tags").value_or(false);
      project_.edition = decoder.integer("edition", 1, 2).value_or(1);
      if (const auto text = decoder.string("settle")) {
        const auto settle = *text == "0s" ? Result<std::int64_t>(0) : parse_duration(*text);
        if (settle) project_.settle = *settle;
        if (!settle) decoder.error("settle", settle.error().message, settle.error().hint);
      }
      decoder.finish();
    }
    if (!named && project_.image_repository) {
      project_.ledger = beside(*project_.image_repository);
    } else if (!named && !has_image_ && !project_.environments.empty()) {
      diagnostics_.error(node != nullptr ? node->where : fallback, "the ledger has no repository",
                         "set ledger.repository or image.repository");
    }
    project_.ledger_text = record_text(project_.folder, project_.ledger);
  }

  /// The default ledger: the image's repository or layout with "-releases" after its name.
  static oci::Location beside(const oci::Location& image) {
    if (image.is_registry()) return image.with_repository(image.repository() + "-releases");
    std::string path = image.path();
    while (path.size() > 1 && path.back() == '/')
      path.pop_back();
    return oci::Location::layout(path + "-releases");
  }

  Diagnostics& diagnostics_;
  Project project_;
  bool has_image_ = false;
  AfterPlaces after_where_;
};

}  // namespace

std::string_view name_of(Mode mode) { return mode == Mode::layer ? "layer" : "env-file"; }

bool is_valid_name(std::string_view text) {
  if (text.empty() || text.size() > kMaxName || text.front() == '-' || text.back() == '-') return false;
  if (text.find("--") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

const Environment* Project::find(std::string_view name) const {
  const auto at = std::find_if(environments.begin(), environments.end(), [&](const auto& e) { return e.name == name; });
  return at == environments.end() ? nullptr : &*at;
}

Result<const Environment*> Project::require(std::string_view name) const {
  if (const Environment* environment = find(name)) return environment;
  std::vector<std::string> names;
  for (const Environment& environment : environments)
    names.push_back(environment.name);
  const auto near = nearest(name, names);
  return fail(Error(Errc::invalid_argument,
                    fmt::format("slipway.yaml does not have the environment \"{}\"", printable(name, 80)))
                  .with_hint(near            ? fmt::format("did you mean \"{}\"?", *near)
                             : names.empty() ? std::string("add it under 'environments' in slipway.yaml")
                                             : fmt::format("use one of {}", fmt::join(names, ", "))));
}

Project decode_project(const config::Node& document, const std::filesystem::path& folder, Diagnostics& diagnostics) {
  return ProjectDecoder(folder, diagnostics).decode(document);
}

}  // namespace slipway::release
