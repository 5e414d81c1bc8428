#include "slipway/builder/outputs.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "slipway/base/json.h"
#include "slipway/base/text.h"
#include "slipway/elf/object.h"

namespace slipway::builder {
namespace {

constexpr std::size_t kMaxManifest = 16u << 20;
constexpr std::size_t kMaxPrograms = 200;
constexpr int kMaxLevels = 6;

/// What installs put beside programs for those who build against them.
bool is_for_developers(const std::string& path) {
  for (const char* part : {"/include/", "/pkgconfig/", "/cmake/", "/share/man/", "/share/doc/", "/aclocal/"}) {
    if (path.find(part) != std::string::npos) return true;
  }
  return path.ends_with(".a") || path.ends_with(".la") || path.ends_with(".cmake");
}

class Finder {
 public:
  Finder(FileSystem& fs, const OutputSearch& search) : fs_(fs), search_(search) {}

  Result<std::vector<Outputs>> find() {
    SLIPWAY_ASSIGN(const auto builds, build_folders());
    for (const stdfs::path& build : builds)
      SLIPWAY_TRY(take_cmake_manifest(build));
    for (const stdfs::path& build : builds)
      SLIPWAY_TRY(take_meson(build));
    for (const stdfs::path& build : builds)
      SLIPWAY_TRY(take_prefix(build));
    SLIPWAY_TRY(take_cargo());
    if (fs_.stat(search_.folder / "bazel-bin", true))
      SLIPWAY_TRY(take_tree(search_.folder / "bazel-bin", "Bazel's bazel-bin"));
    // What lies about in build trees is a guess: only where nothing better is known.
    for (const stdfs::path& build : builds) {
      if (!found_.empty()) break;
      const bool cmake = fs_.stat(build / "CMakeCache.txt").has_value();
      if (cmake || fs_.stat(build / "build.ninja") || is_called_build(build))
        SLIPWAY_TRY(take_tree(build, (cmake ? "CMake's build tree " : "the build tree ") + shown(build)));
    }
    return std::move(found_);
  }

 private:
  struct Kind {
    bool program = false;  ///< can be started
    bool elf = false;
  };

  static bool is_called_build(const stdfs::path& folder) {
    const std::string name = folder.filename().native();
    return name == "build" || name == "out" || name == "bin" || name == "dist";
  }

  std::string shown(const stdfs::path& path) const {
    const stdfs::path relative = path.lexically_relative(search_.folder);
    const bool inside = !relative.empty() && *relative.begin() != "..";
    return inside ? relative.native() : path.native();
  }

  /// The project itself and its folders, down to the second level: where people put build trees.
  Result<std::vector<stdfs::path>> build_folders() {
    std::vector<stdfs::path> folders = {search_.folder};
    for (std::size_t i = 0, level_end = 1, level = 0; i < folders.size() && level < 2; ++i) {
      SLIPWAY_ASSIGN(const auto names, fs_.list(folders[i]));
      for (const std::string& name : names) {
        if (name[0] == '.' || name == "node_modules" || name == "CMakeFiles") continue;
        const auto stat = fs_.stat(folders[i] / name);
        if (stat && stat->type == FileType::directory) folders.push_back(folders[i] / name);
      }
      if (i + 1 == level_end) {
        level_end = folders.size();
        ++level;
      }
    }
    return folders;
  }

  Kind kind_of(const stdfs::path& path) {
    const auto stat = fs_.stat(path, true);
    if (!stat || stat->type != FileType::regular || stat->size < 4) return {};
    const auto file = fs_.open(path);
    if (!file) return {};
    std::array<std::byte, 2> start{};
    const auto n = (*file)->read_at(start, 0);
    const bool script = n && *n == 2 && start[0] == std::byte{'#'} && start[1] == std::byte{'!'};
    if (script) return {(stat->mode & 0100) != 0, false};
    const auto object = elf::read_object(**file, path.native());
    if (!object || !*object) return {};
    const bool library = (*object)->interpreter.empty() && (*object)->dynamic;
    return {!library && (stat->mode & 0100) != 0, true};
  }

  void add(Outputs outputs) {
    if (outputs.programs.empty()) return;
    std::sort(outputs.rules.begin(), outputs.rules.end(),
              [](const OutputRule& a, const OutputRule& b) { return a.to < b.to; });
    found_.push_back(std::move(outputs));
  }

  /// One installed file; what is not there any more is passed over.
  void take_file(const stdfs::path& from, const std::string& to, Outputs& outputs) {
    const auto stat = fs_.stat(from, true);
    if (!stat || is_for_developers(to)) return;
    outputs.rules.push_back({shown(from), to, stat->type == FileType::directory});
    const Kind kind = kind_of(from);
    if (kind.elf) outputs.closures.push_back(shown(from));
    if (kind.program) outputs.programs.push_back(to);
  }

  Status take_cmake_manifest(const stdfs::path& build) {
    const std::string name =
        search_.component.empty() ? "install_manifest.txt" : "install_manifest_" + search_.component + ".txt";
    const auto text = read_file(fs_, build / name, kMaxManifest);
    if (!text && text.error().code == Errc::not_found) return {};
    SLIPWAY_TRY(text);
    Outputs outputs;
    outputs.kind = "CMake's " + shown(build / name);
    std::set<std::string> paths;
    for (const std::string& line : split(*text, '\n')) {
      const std::string path(trim(line));
      if (path.starts_with('/')) paths.insert(path);
    }
    const std::string prefix = prefix_inside(paths);
    for (const std::string& path : paths)
      take_file(path, prefix.empty() ? path : "/usr/local" + path.substr(prefix.size()), outputs);
    add(std::move(outputs));
    return {};
  }

  /// Where files were installed below the project itself: the folder that has their bin/, lib/ and so on. What was
  /// installed elsewhere keeps its place.
  std::string prefix_inside(const std::set<std::string>& paths) const {
    const std::string inside = search_.folder.native() + "/";
    std::string prefix;
    for (const std::string& path : paths) {
      if (!path.starts_with(inside)) return {};
      for (const char* part : {"/bin/", "/sbin/", "/lib/", "/lib64/", "/libexec/", "/share/", "/etc/", "/include/"}) {
        const std::size_t at = path.find(part, inside.size() - 1);
        if (at != std::string::npos && (prefix.empty() || at < prefix.size())) prefix = path.substr(0, at);
      }
    }
    return prefix;
  }

  /// meson-info/intro-installed.json: {what was built: where it is installed}.
  Status take_meson(const stdfs::path& build) {
    const stdfs::path path = build / "meson-info/intro-installed.json";
    const auto text = read_file(fs_, path, kMaxManifest);
    if (!text && text.error().code == Errc::not_found) return {};
    SLIPWAY_TRY(text);
    SLIPWAY_ASSIGN(const Json json, Json::parse(*text, shown(path)));
    const auto* installed = json.object();
    if (installed == nullptr) return fail(Errc::malformed, "{} is no object", shown(path));
    Outputs outputs;
    outputs.kind = "meson's " + shown(path);
    for (const auto& [from, to] : *installed) {
      if (to.string() != nullptr && from.starts_with('/') && to.string()->starts_with('/'))
        take_file(from, *to.string(), outputs);
    }
    add(std::move(outputs));
    return {};
  }

  /// An installed tree: bin/ with programs in it, or the same below usr/ of a DESTDIR.
  Status take_prefix(const stdfs::path& folder) {
    struct Shape {
      const char* bin;
      const char* to;
    };
    for (const Shape& shape : {Shape{"usr/local/bin", "/"}, Shape{"usr/bin", "/"}, Shape{"bin", "/usr/local"},
                               Shape{"sbin", "/usr/local"}}) {
      if (folder == search_.folder && std::string_view(shape.to) != "/") continue;
      const auto names = fs_.list(folder / shape.bin);
      if (!names) continue;
      Outputs outputs;
      outputs.kind = "the install prefix " + shown(folder);
      outputs.rules.push_back({shown(folder), shape.to, true});
      outputs.closures.push_back(shown(folder));
      const std::string to = std::string_view(shape.to) == "/" ? "/" : std::string(shape.to) + "/";
      for (const std::string& name : *names) {
        if (kind_of(folder / shape.bin / name).program) outputs.programs.push_back(to + shape.bin + "/" + name);
      }
      if (outputs.programs.empty()) continue;
      add(std::move(outputs));
      return {};
    }
    return {};
  }

  /// target/release, and target/<triple>/release of a cross build.
  Status take_cargo() {
    const stdfs::path target = search_.folder / "target";
    if (!fs_.stat(search_.folder / "Cargo.toml") && !fs_.stat(target / "CACHEDIR.TAG")) return {};
    std::vector<stdfs::path> folders = {target / "release"};
    for (const std::string& name : fs_.list(target).value_or(std::vector<std::string>()))
      folders.push_back(target / name / "release");
    for (const stdfs::path& folder : folders) {
      Outputs outputs;
      outputs.kind = "Cargo's " + shown(folder);
      for (const std::string& name : fs_.list(folder).value_or(std::vector<std::string>()))
        if (kind_of(folder / name).program) take_program(folder / name, outputs);
      add(std::move(outputs));
    }
    return {};
  }

  void take_program(const stdfs::path& path, Outputs& outputs) const {
    const std::string to = "/usr/bin/" + path.filename().native();
    const bool twice = std::any_of(outputs.rules.begin(), outputs.rules.end(),
                                   [&to](const OutputRule& rule) { return rule.to == to; });
    if (twice || outputs.programs.size() == kMaxPrograms) return;
    outputs.rules.push_back({shown(path), to, false});
    outputs.closures.push_back(shown(path));
    outputs.programs.push_back(to);
  }

  Status take_tree(const stdfs::path& folder, const std::string& kind) {
    Outputs outputs;
    outputs.kind = kind;
    SLIPWAY_TRY(walk(folder, 0, outputs));
    // Tests and generators are programs of the build, not of what is shipped.
    const auto is_helper = [](const std::string& path) {
      const std::string name = path.substr(path.rfind('/') + 1);
      return name.find("test") != std::string::npos || name.find("bench") != std::string::npos;
    };
    std::stable_partition(outputs.programs.begin(), outputs.programs.end(),
                          [&](const std::string& path) { return !is_helper(path); });
    add(std::move(outputs));
    return {};
  }

  Status walk(const stdfs::path& folder, int level, Outputs& outputs) {
    if (level > kMaxLevels) return {};
    SLIPWAY_ASSIGN(const auto names, fs_.list(folder));
    for (const std::string& name : names) {
      const auto stat = fs_.stat(folder / name);
      if (!stat) continue;
      const bool skipped = name[0] == '.' || name == "CMakeFiles" || name == "_deps" || name == "_objs" ||
                           name == "deps" || name.ends_with(".runfiles") || name.ends_with(".p");
      if (stat->type == FileType::directory && !skipped) SLIPWAY_TRY(walk(folder / name, level + 1, outputs));
      if (stat->type != FileType::regular || (stat->mode & 0100) == 0) continue;
      const Kind kind = kind_of(folder / name);
      if (kind.program && kind.elf) take_program(folder / name, outputs);
    }
    return {};
  }

  FileSystem& fs_;
  const OutputSearch& search_;
  std::vector<Outputs> found_;
};

}  // namespace

Result<std::vector<Outputs>> find_outputs(FileSystem& fs, const OutputSearch& search) {
  return Finder(fs, search).find();
}

}  // namespace slipway::builder
