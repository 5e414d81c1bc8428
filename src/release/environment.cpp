#include "slipway/release/environment.h"

#include <algorithm>
#include <set>

#include "slipway/base/text.h"
#include "slipway/config/decoder.h"

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
    project_.app = top.string("app").value_or("");
    if (const config::Node* image = top.get("image"); image != nullptr && image->is_mapping()) {
      config::Decoder decoder(*image, "image", diagnostics_);
      if (const auto text = decoder.string("repository")) {
        image_text_ = *text;
        project_.image_repository = place(*text, decoder.where("repository"));
      }
    }
    if (const config::Node* environments = top.get("environments")) decode_environments(*environments);
    decode_ledger(top.get("ledger"), document.where);
    check_after();
    check_tags();
    return std::move(project_);
  }

 private:
  /// A repository or layout without tag or digest, layouts made absolute.
  std::optional<oci::Location> place(const std::string& text, const Where& where) {
    auto location = oci::Location::parse(text);
    if (!location) {
      diagnostics_.error(where, location.error().message, location.error().hint);
      return std::nullopt;
    }
    if (location->tag() || location->digest()) {
      diagnostics_.error(where, fmt::format("'{}' has a tag or a digest", text), "name the repository alone");
      return std::nullopt;
    }
    if (location->transport() != oci::Transport::registry && location->transport() != oci::Transport::layout) {
      diagnostics_.error(where, fmt::format("'{}' is an archive", text), "name a registry's repository or a layout");
      return std::nullopt;
    }
    return location->relative_to(project_.folder.string());
  }

  void decode_environments(const config::Node& node) {
    if (!node.is_mapping()) {
      diagnostics_.error(node.where, "environments: names are expected here, each with its settings");
      return;
    }
    for (const auto& member : node.members) {
      if (!is_valid_name(member.key)) {
        diagnostics_.error(member.key_where, fmt::format("'{}' is not an environment's name", printable(member.key, 80)),
                           "use lower-case letters, digits and single dashes, at most 40 characters");
        continue;
      }
      decode_environment(member.key, member.key_where, member.value);
    }
  }

  void decode_environment(const std::string& name, const Where& where, const config::Node& node) {
    Environment environment;
    environment.name = name;
    environment.where = where;
    const config::Node empty = empty_mapping(where);
    config::Decoder decoder(node.is_null() ? empty : node, "environments." + name, diagnostics_);
    decode_repository(decoder, environment);
    environment.tag = decoder.string("tag").value_or(name);
    if (!oci::is_valid_tag(environment.tag)) {
      decoder.error("tag", fmt::format("'{}' is not a tag", printable(environment.tag, 150)));
    }
    environment.tags = decoder.string_list("tags");
    environment.after = decoder.string_list("after");
    if (const config::Node* config_node = decoder.get("config")) decode_config(*config_node, environment);
    if (decoder.get("schema") != nullptr) unhonoured(environment, decoder, "schema");
    if (const config::Node* policy = decoder.get("policy")) decode_policy(*policy, environment);
    decoder.finish();
    project_.environments.push_back(std::move(environment));
  }

  static config::Node empty_mapping(const Where& where) {
    config::Node node;
    node.kind = config::Node::Kind::mapping;
    node.where = where;
    return node;
  }

  void decode_repository(config::Decoder& decoder, Environment& environment) {
    const auto text = decoder.string("repository");
    environment.repository_text = text.value_or(image_text_);
    if (text) {
      if (auto location = place(*text, decoder.where("repository"))) environment.repository = *location;
    } else if (project_.image_repository) {
      environment.repository = *project_.image_repository;
    } else if (image_text_.empty()) {
      diagnostics_.error(environment.where, fmt::format("environments.{} has no repository", environment.name),
                         "set its repository, or image.repository for all environments");
    }
  }

  void decode_config(const config::Node& node, Environment& environment) {
    config::Decoder decoder(node, "environments." + environment.name + ".config", diagnostics_);
    if (const auto file = decoder.string("env-file")) {
      environment.env_file = (project_.folder / *file).lexically_normal();
      environment.env_file_where = decoder.where("env-file");
    }
    if (decoder.one_of("mode", {"env-file", "layer"}).value_or("env-file") == "layer") {
      environment.mode = Mode::layer;
      unhonoured(environment, decoder, "mode");
    }
    if (decoder.string("files")) unhonoured(environment, decoder, "files");
    // `path` says where files go: without files there is nothing to honour.
    (void)decoder.string("path");
    decoder.finish();
  }

  void decode_policy(const config::Node& node, Environment& environment) {
    config::Decoder decoder(node, "environments." + environment.name + ".policy", diagnostics_);
    for (const char* key : {"soak", "approvals", "freeze", "hold", "platforms", "denied", "annotations", "max-age",
                            "exec", "rollback"}) {
      if (decoder.get(key) != nullptr) unhonoured(environment, decoder, key);
    }
    decoder.finish();
  }

  static void unhonoured(Environment& environment, const config::Decoder& decoder, const char* key) {
    environment.unhonoured.push_back({decoder.where(key), decoder.what() + "." + key});
  }

  void decode_ledger(const config::Node* node, const Where& fallback) {
    if (node != nullptr) {
      config::Decoder decoder(*node, "ledger", diagnostics_);
      if (const auto text = decoder.string("repository")) {
        project_.ledger_text = *text;
        if (auto location = place(*text, decoder.where("repository"))) project_.ledger = *location;
      }
      decoder.finish();
      if (!project_.ledger_text.empty()) return;
    }
    if (image_text_.empty()) {
      if (!project_.environments.empty()) {
        diagnostics_.error(node != nullptr ? node->where : fallback, "there is no repository for the ledger",
                           "set ledger.repository or image.repository");
      }
      return;
    }
    project_.ledger_text = image_text_ + "-releases";
    if (project_.image_repository) {
      if (auto location = place(project_.ledger_text, fallback)) project_.ledger = *location;
    }
  }

  void check_after() {
    for (const Environment& environment : project_.environments) {
      for (const std::string& name : environment.after) {
        if (project_.find(name) == nullptr) {
          diagnostics_.error(environment.where,
                             fmt::format("environments.{}.after names '{}', which is not an environment",
                                         environment.name, printable(name, 80)));
        }
      }
      std::set<std::string> seen;
      if (reaches(environment, environment.name, seen)) {
        diagnostics_.error(environment.where,
                           fmt::format("environments.{}.after leads back to itself", environment.name));
      }
    }
  }

  bool reaches(const Environment& from, const std::string& goal, std::set<std::string>& seen) const {
    for (const std::string& name : from.after) {
      if (name == goal) return true;
      const Environment* next = project_.find(name);
      if (next != nullptr && seen.insert(name).second && reaches(*next, goal, seen)) return true;
    }
    return false;
  }

  /// Two environments that move one tag would undo each other's releases.
  void check_tags() {
    std::set<std::string> taken;
    for (const Environment& environment : project_.environments) {
      const std::string key = environment.repository.place() + ":" + environment.tag;
      if (!taken.insert(key).second) {
        diagnostics_.error(environment.where,
                           fmt::format("environments.{} has the same repository and tag as another environment ({})",
                                       environment.name, key),
                           "give it a tag of its own");
      }
    }
  }

  Diagnostics& diagnostics_;
  Project project_;
  std::string image_text_;
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
  for (const Environment& environment : environments) names.push_back(environment.name);
  const auto near = nearest(name, names);
  return fail(Error(Errc::invalid_argument, fmt::format("there is no environment '{}'", printable(name, 80)))
                  .with_hint(near           ? fmt::format("did you mean '{}'?", *near)
                             : names.empty() ? std::string("add it under 'environments' in slipway.yaml")
                                             : fmt::format("the environments are: {}", fmt::join(names, ", "))));
}

Project decode_project(const config::Node& document, const std::filesystem::path& folder, Diagnostics& diagnostics) {
  return ProjectDecoder(folder, diagnostics).decode(document);
}

}  // namespace slipway::release
