#include <glob.h>

#include <algorithm>
#include <array>

#include "slipway/base/text.h"
#include "slipway/run/pin.h"

namespace slipway::run {

namespace {

constexpr int kMaxDepth = 64;

/// Every file below a folder whose name pin knows, without following symlinks.
Status walk(FileSystem& fs, const stdfs::path& folder, int depth, std::vector<std::string>& files) {
  if (depth > kMaxDepth) return fail(Errc::too_large, "{}: folders too deep", printable(folder.native(), 4096));
  SLIPWAY_ASSIGN(const std::vector<std::string> names, fs.list(folder));
  for (const std::string& name : names) {
    SLIPWAY_ASSIGN(const FileStat stat, fs.stat(folder / name));
    const bool hidden = name.starts_with('.') && name != ".github" && name != ".gitlab";
    if (stat.type == FileType::directory && !hidden) SLIPWAY_TRY(walk(fs, folder / name, depth + 1, files));
    if (stat.type == FileType::regular && is_pinnable_name(name)) files.push_back((folder / name).native());
  }
  return {};
}

std::vector<std::string> expand(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> files;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return files;
}

}  // namespace

bool is_pinnable_name(std::string_view file) {
  constexpr std::array<std::string_view, 7> kEnds{".yaml",   ".yml",   ".service",   ".container",
                                                  ".volume", ".image", ".dockerfile"};
  const std::string name = to_lower(file.substr(file.rfind('/') + 1));
  const bool known = std::any_of(kEnds.begin(), kEnds.end(), [&](auto end) { return name.ends_with(end); });
  return known || name == "kustomization" || name == "dockerfile" || name == "containerfile" ||
         name.starts_with("dockerfile.") || name.starts_with("containerfile.") || name.ends_with(".containerfile");
}

Result<std::vector<std::string>> find_files(FileSystem& fs, const std::vector<std::string>& words) {
  std::vector<std::string> files;
  std::vector<Error> errors;
  for (const std::string& word : words) {
    const auto stat = fs.stat(word, true);
    if (stat && stat->type == FileType::directory) {
      if (Status walked = walk(fs, word, 0, files); !walked) errors.push_back(std::move(walked).error());
    } else if (stat) {
      files.push_back(word);
    } else if (const auto fitting = expand(word); !fitting.empty()) {
      files.insert(files.end(), fitting.begin(), fitting.end());
    } else {
      errors.push_back(stat.error());
    }
  }
  if (!errors.empty()) return fail(combine(std::move(errors)));
  return files;
}

}  // namespace slipway::run
