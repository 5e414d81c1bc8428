#include "run/build_contexts.h"

#include <array>
#include <map>
#include <memory>
#include <set>

#include "slipway/config/yaml.h"

namespace slipway::run {

namespace {

constexpr std::size_t kMaxFile = 1u << 20;
constexpr int kMaxFolders = 8;
constexpr std::array kBakeFiles{"docker-bake.hcl", "docker-bake.json", "docker-bake.override.hcl",
                                "docker-bake.override.json"};
constexpr std::array kComposeFiles{"compose.yaml",       "compose.yml",           "docker-compose.yaml",
                                   "docker-compose.yml", "compose.override.yaml", "docker-compose.override.yml"};

using Names = std::set<std::string>;

/// Adds the names of build.additional_contexts: keys of a mapping, or what stands in front of = in a list.
void add_compose_contexts(const config::Node& node, Names& names) {
  if (const config::Node* contexts = node.find("additional_contexts")) {
    for (const config::Node::Member& member : contexts->members)
      names.insert(member.key);
    for (const config::Node& item : contexts->items)
      names.insert(item.scalar.substr(0, item.scalar.find('=')));
  }
  for (const config::Node::Member& member : node.members)
    add_compose_contexts(member.value, names);
}

/// Returns the names that the build files of one folder have. One that cannot be read has none.
Names names_in(FileSystem& fs, const stdfs::path& folder) {
  Names names;
  for (const char* file : kBakeFiles) {
    for (std::string& name : bake_contexts(read_file(fs, folder / file, kMaxFile).value_or("")))
      names.insert(std::move(name));
  }
  for (const char* file : kComposeFiles) {
    const auto text = read_file(fs, folder / file, kMaxFile);
    if (!text || text->find("additional_contexts") == std::string::npos) continue;
    const auto documents = config::parse_yaml(*text, file, {.allow_aliases = true});
    for (const config::Node& document : documents.value_or(std::vector<config::Node>()))
      add_compose_contexts(document, names);
  }
  return names;
}

}  // namespace

std::function<bool(const std::string& file, const std::string& name)> contexts_above(FileSystem& fs) {
  return [&fs, known = std::make_shared<std::map<stdfs::path, Names>>()](const std::string& file,
                                                                         const std::string& name) {
    stdfs::path folder = stdfs::path(file).parent_path();
    for (int i = 0; i < kMaxFolders; ++i, folder = folder.parent_path()) {
      const auto [at, is_new] = known->try_emplace(folder);
      if (is_new) at->second = names_in(fs, folder);
      if (at->second.contains(name)) return true;
      if (folder.empty() || folder == folder.parent_path() || fs.stat(folder / ".git").has_value()) return false;
    }
    return false;
  };
}

}  // namespace slipway::run
