#include "builder/program_rank.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "slipway/base/text.h"
#include "slipway/elf/root.h"

namespace slipway::builder {
namespace {

/// Parts of names that programs have which people call by hand, or that a build uses itself.
bool is_tool(std::string_view name) {
  constexpr std::array<std::string_view, 22> kWords = {
      "test", "bench", "example", "demo",   "check", "config", "dump", "passwd", "angel", "ctl",      "cli",
      "tool", "util",  "client",  "helper", "gen",   "debug",  "fuzz", "sample", "query", "sentinel", "compile"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [name](std::string_view word) { return name.find(word) != std::string_view::npos; });
}

bool is_daemon_of(std::string_view name, std::string_view app) {
  if (!name.starts_with(app)) return false;
  const std::string_view rest = name.substr(app.size());
  return rest == "d" || rest == "-server" || rest == "_server" || rest == "server" || rest == "-daemon";
}

int rank_of(const std::string& path, const std::string& app) {
  const std::string name = to_lower(elf::name_in(path));
  if (name == app) return 0;
  if (is_daemon_of(name, app)) return 1;
  const bool tool = is_tool(name.starts_with(app) ? std::string_view(name).substr(app.size()) : name);
  if (tool) return 5;
  if (name.ends_with("server") || name.ends_with("d")) return name.starts_with(app) ? 2 : 3;
  return name.starts_with(app) ? 2 : 4;
}

}  // namespace

void sort_by_likelihood(std::vector<std::string>& programs, const std::string& app) {
  std::stable_sort(programs.begin(), programs.end(),
                   [&app](const std::string& a, const std::string& b) { return rank_of(a, app) < rank_of(b, app); });
}

}  // namespace slipway::builder
