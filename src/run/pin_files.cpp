#include <glob.h>

#include <algorithm>
#include <array>

#include "slipway/base/text.h"
#include "slipway/layer/path_patterns.h"
#include "slipway/run/pin.h"

namespace slipway::run {

namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxIgnoreFile = 1u << 20;
constexpr std::string_view kIgnoreFile = ".slipwayignore";
constexpr std::array<std::string_view, 8> kHiddenFolders{".github", ".gitlab",  ".circleci",     ".woodpecker",
                                                         ".gitea",  ".forgejo", ".devcontainer", ".azure-pipelines"};

PinReport fault_of(const std::string& file, Error failure) {
  PinReport report;
  report.file = file;
  report.errors.push_back(std::move(failure));
  return report;
}

/// Patterns and the folder that they are relative to.
struct Ignored {
  stdfs::path folder;
  layer::PathPatterns patterns;
};

/// The files below folders whose names pin knows, without following symlinks.
class Walk {
 public:
  Walk(FileSystem& fs, FoundFiles& found) : fs_(fs), found_(found) {}

  Status start(const stdfs::path& folder, const std::vector<std::string>& exclude) {
    SLIPWAY_ASSIGN(layer::PathPatterns patterns, layer::PathPatterns::compile(exclude));
    ignored_.assign(1, {folder, std::move(patterns)});
    visit(folder, 0);
    return {};
  }

 private:
  void visit(const stdfs::path& folder, int depth) {
    if (Status visited = visit_members(folder, depth); !visited)
      found_.faults.push_back(fault_of(folder.native(), std::move(visited).error()));
  }

  Status visit_members(const stdfs::path& folder, int depth) {
    if (depth > kMaxDepth) return fail(Errc::too_large, "{}: folders too deep", printable(folder.native(), 4096));
    SLIPWAY_ASSIGN(const std::vector<std::string> names, fs_.list(folder));
    const bool has_ignore_file = std::binary_search(names.begin(), names.end(), kIgnoreFile);
    if (has_ignore_file) SLIPWAY_TRY(read_ignore_file(folder));
    for (const std::string& name : names)
      member(folder, name, depth);
    if (has_ignore_file) ignored_.pop_back();
    return {};
  }

  void member(const stdfs::path& folder, const std::string& name, int depth) {
    const stdfs::path path = folder / name;
    // Only what may be asked about is looked at: most files of a source tree have other names.
    const bool is_hidden =
        name.starts_with('.') && std::find(kHiddenFolders.begin(), kHiddenFolders.end(), name) == kHiddenFolders.end();
    if (is_hidden && !is_pinnable_name(name)) return;
    auto stat = fs_.stat(path);
    if (!stat) return found_.faults.push_back(fault_of(path.native(), std::move(stat).error()));
    const bool is_folder = stat->type == FileType::directory;
    const bool is_file = stat->type == FileType::regular && is_pinnable_name(name);
    if ((!is_folder && !is_file) || (is_folder && is_hidden) || is_ignored(path)) return;
    if (is_folder) return visit(path, depth + 1);
    found_.files.push_back(path.native());
  }

  Status read_ignore_file(const stdfs::path& folder) {
    SLIPWAY_ASSIGN(const std::string text, read_file(fs_, folder / kIgnoreFile, kMaxIgnoreFile));
    std::vector<std::string> lines;
    for (const std::string& line : split(text, '\n')) {
      const std::string pattern(trim(line));
      if (!pattern.empty() && !pattern.starts_with('#')) lines.push_back(pattern);
    }
    auto patterns = layer::PathPatterns::compile(lines);
    if (!patterns)
      return fail(std::move(patterns).error().in(fmt::format("reading {}", (folder / kIgnoreFile).native())));
    ignored_.push_back({folder, *std::move(patterns)});
    return {};
  }

  bool is_ignored(const stdfs::path& path) const {
    return std::any_of(ignored_.begin(), ignored_.end(), [&](const Ignored& ignored) {
      return !ignored.patterns.empty() && ignored.patterns.matches(path.lexically_relative(ignored.folder).native());
    });
  }

  FileSystem& fs_;
  FoundFiles& found_;
  std::vector<Ignored> ignored_;
};

std::vector<std::string> expand(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> files;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return files;
}

}  // namespace

bool is_pinnable_name(std::string_view file) {
  constexpr std::array<std::string_view, 10> kEnds{".yaml",   ".yml",   ".json",       ".service", ".container",
                                                   ".volume", ".image", ".dockerfile", ".nomad",   ".nomad.hcl"};
  const std::string name = to_lower(file.substr(file.rfind('/') + 1));
  const bool known = std::any_of(kEnds.begin(), kEnds.end(), [&](auto end) { return name.ends_with(end); });
  return known || name == "docker-bake.hcl" || name == "docker-bake.override.hcl" || name == "kustomization" ||
         name == "dockerfile" || name == "containerfile" || name.starts_with("dockerfile.") ||
         name.starts_with("containerfile.") || name.ends_with(".containerfile");
}

Result<FoundFiles> look_for_files(FileSystem& fs, const std::vector<std::string>& words,
                                  const std::vector<std::string>& exclude) {
  FoundFiles found;
  for (const std::string& word : words) {
    auto stat = fs.stat(word, true);
    if (stat && stat->type == FileType::directory) {
      SLIPWAY_TRY(Walk(fs, found).start(word, exclude));
    } else if (stat) {
      found.files.push_back(word);
    } else if (const auto matching = expand(word); !matching.empty()) {
      found.files.insert(found.files.end(), matching.begin(), matching.end());
    } else {
      found.faults.push_back(fault_of(word, std::move(stat).error()));
    }
  }
  return found;
}

Result<std::vector<std::string>> find_files(FileSystem& fs, const std::vector<std::string>& words,
                                            const std::vector<std::string>& exclude) {
  SLIPWAY_ASSIGN(FoundFiles found, look_for_files(fs, words, exclude));
  if (found.faults.empty()) return std::move(found.files);
  std::vector<Error> errors;
  for (PinReport& fault : found.faults)
    errors.push_back(std::move(fault.errors.front()));
  return fail(combine(std::move(errors)));
}

}  // namespace slipway::run
