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

/// Patterns and the folder that they are relative to.
struct Ignored {
  stdfs::path folder;
  layer::PathPatterns patterns;
};

/// The files below folders whose names pin knows, without following symlinks.
class Walk {
 public:
  Walk(FileSystem& fs, std::vector<std::string>& files) : fs_(fs), files_(files) {}

  Status start(const stdfs::path& folder, const std::vector<std::string>& exclude) {
    SLIPWAY_ASSIGN(layer::PathPatterns patterns, layer::PathPatterns::compile(exclude));
    ignored_.assign(1, {folder, std::move(patterns)});
    return visit(folder, 0);
  }

 private:
  Status visit(const stdfs::path& folder, int depth) {
    if (depth > kMaxDepth) return fail(Errc::too_large, "{}: folders too deep", printable(folder.native(), 4096));
    SLIPWAY_ASSIGN(const std::vector<std::string> names, fs_.list(folder));
    const bool has_ignore_file = std::binary_search(names.begin(), names.end(), kIgnoreFile);
    if (has_ignore_file) SLIPWAY_TRY(read_ignore_file(folder));
    for (const std::string& name : names)
      SLIPWAY_TRY(member(folder, name, depth));
    if (has_ignore_file) ignored_.pop_back();
    return {};
  }

  Status member(const stdfs::path& folder, const std::string& name, int depth) {
    const stdfs::path path = folder / name;
    // Only what may be asked about is looked at: most files of a source tree have other names.
    const bool is_hidden =
        name.starts_with('.') && std::find(kHiddenFolders.begin(), kHiddenFolders.end(), name) == kHiddenFolders.end();
    if (is_hidden && !is_pinnable_name(name)) return {};
    SLIPWAY_ASSIGN(const FileStat stat, fs_.stat(path));
    if (stat.type == FileType::directory) return is_hidden || is_ignored(path) ? Status() : visit(path, depth + 1);
    if (stat.type == FileType::regular && is_pinnable_name(name) && !is_ignored(path)) files_.push_back(path.native());
    return {};
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
  std::vector<std::string>& files_;
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
  return known || name == "kustomization" || name == "dockerfile" || name == "containerfile" ||
         name.starts_with("dockerfile.") || name.starts_with("containerfile.") || name.ends_with(".containerfile");
}

Result<std::vector<std::string>> find_files(FileSystem& fs, const std::vector<std::string>& words,
                                            const std::vector<std::string>& exclude) {
  std::vector<std::string> files;
  std::vector<Error> errors;
  for (const std::string& word : words) {
    const auto stat = fs.stat(word, true);
    if (stat && stat->type == FileType::directory) {
      if (Status walked = Walk(fs, files).start(word, exclude); !walked) errors.push_back(std::move(walked).error());
    } else if (stat) {
      files.push_back(word);
    } else if (const auto matching = expand(word); !matching.empty()) {
      files.insert(files.end(), matching.begin(), matching.end());
    } else {
      errors.push_back(stat.error());
    }
  }
  if (!errors.empty()) return fail(combine(std::move(errors)));
  return files;
}

}  // namespace slipway::run
