#include "slipway/builder/outputs.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "builder/program_rank.h"
#include "builder/service_manifests.h"
#include "slipway/base/json.h"
#include "slipway/base/text.h"
#include "slipway/elf/object.h"
#include "slipway/elf/root.h"

namespace slipway::builder {
namespace {

constexpr std::size_t kMaxManifest = 16u << 20;
constexpr std::size_t kMaxPrograms = 200;
constexpr int kMaxLevels = 6;

/// True for files that installs put beside programs for those who build against them.
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
      SLIPWAY_TRY(take_cmake_manifest(build, builds));
    for (const stdfs::path& build : builds)
      SLIPWAY_TRY(take_meson(build));
    for (const stdfs::path& build : builds)
      SLIPWAY_TRY(take_prefix(build));
    SLIPWAY_TRY(take_cargo());
    if (fs_.stat(search_.folder / "bazel-bin", true)) SLIPWAY_TRY(take_bazel(search_.folder / "bazel-bin"));
    SLIPWAY_TRY(take_services());
    if (found_.empty()) SLIPWAY_TRY(take_guesses(builds));
    return std::move(found_);
  }

 private:
  struct Kind {
    bool program = false;  ///< can be started
    bool elf = false;
  };

  Status take_services() {
    SLIPWAY_ASSIGN(auto node, find_node_service(fs_, search_.folder));
    if (node) found_.push_back(*std::move(node));
    SLIPWAY_ASSIGN(auto python, find_python_service(fs_, search_.folder));
    if (python) found_.push_back(*std::move(python));
    return {};
  }

  /// Programs that lie about in build trees, or beside the sources.
  Status take_guesses(const std::vector<stdfs::path>& builds) {
    for (const stdfs::path& build : builds) {
      const bool cmake = fs_.stat(build / "CMakeCache.txt").has_value();
      if (!cmake && !fs_.stat(build / "build.ninja") && !is_called_build(build)) continue;
      SLIPWAY_TRY(take_tree(build, (cmake ? "CMake's build tree " : "the build tree ") + shown(build)));
      if (!found_.empty()) return {};
    }
    std::string maker = "the project's own folder";
    for (const auto& [file, name] : {std::pair("go.mod", "the folder of Go's module"),
                                     std::pair("configure", "the source tree, as autotools and make leave it"),
                                     std::pair("Makefile", "the source tree, as make leaves it")}) {
      if (fs_.stat(search_.folder / file)) {
        maker = name;
        break;
      }
    }
    return take_tree(search_.folder, maker);
  }

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

  Kind kind_of(const stdfs::path& path) const {
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
    sort_by_likelihood(outputs.programs, search_.app);
    std::sort(outputs.rules.begin(), outputs.rules.end(),
              [](const OutputRule& a, const OutputRule& b) { return a.to < b.to; });
    found_.push_back(std::move(outputs));
  }

  /// Bazel's programs look for their runfiles, symlinks out of the tree, beside themselves, and for their data in them.
  Status take_bazel(const stdfs::path& folder) {
    SLIPWAY_TRY(take_tree(folder, "Bazel's bazel-bin"));
    if (found_.empty() || found_.back().kind != "Bazel's bazel-bin") return {};
    Outputs& outputs = found_.back();
    for (std::size_t i = outputs.rules.size(); i-- > 0;) {
      const OutputRule program = outputs.rules[i];
      const stdfs::path runfiles = search_.folder / (program.from + ".runfiles");
      if (!fs_.stat(runfiles, true)) continue;
      outputs.rules.push_back({program.from + ".runfiles", program.to + ".runfiles", true, false, true});
      const std::string main = main_repository(runfiles);
      // The program itself is beside its runfiles already.
      outputs.exclude = {"MANIFEST", main + program.from.substr(program.from.find('/'))};
      if (program.to == outputs.programs.front()) outputs.workdir = program.to + ".runfiles/" + main;
    }
    return {};
  }

  /// The folder of the project's own files among runfiles.
  std::string main_repository(const stdfs::path& runfiles) const {
    if (fs_.stat(runfiles / "_main", true)) return "_main";
    for (const std::string& name : fs_.list(runfiles).value_or(std::vector<std::string>())) {
      const auto stat = fs_.stat(runfiles / name, true);
      if (stat && stat->type == FileType::directory) return name;
    }
    return {};
  }

  /// True for paths of the project, whatever ".." they have.
  bool is_inside(const stdfs::path& path) const {
    return path.lexically_normal().native().starts_with(search_.folder.native() + "/");
  }

  /// One installed file. Links between libraries stay links.
  void take_file(const stdfs::path& from, const std::string& to, Outputs& outputs) const {
    const auto named = fs_.stat(from);
    if (named && named->type == FileType::symlink) {
      const std::string text = fs_.read_link(from).value_or("");
      if (!text.empty() && text.find('/') == std::string::npos) {
        outputs.rules.push_back({text, to, false, true});
        return;
      }
    }
    const auto stat = fs_.stat(from, true);
    outputs.rules.push_back({shown(from), to, stat && stat->type == FileType::directory});
    const Kind kind = kind_of(from);
    if (kind.elf || kind.program) outputs.closures.push_back(shown(from));
    if (kind.program) outputs.programs.push_back(to);
  }

  /// Files that a manifest lists: where they are in the project, and where they belong in the image. Those for
  /// developers, outside of the project or gone are counted and left out.
  void take_listed(const std::map<std::string, stdfs::path>& listed, Outputs& outputs) const {
    std::vector<std::string> developers, outside, gone;
    for (const auto& [to, from] : listed) {
      if (is_for_developers(to)) {
        developers.push_back(to);
      } else if (!is_inside(from)) {
        outside.push_back(from.native());
      } else if (!fs_.stat(from)) {
        gone.push_back(shown(from));
      } else {
        take_file(from, to, outputs);
      }
    }
    const auto leave_out = [&outputs](const std::vector<std::string>& files, const char* why) {
      if (!files.empty()) outputs.left_out.push_back(fmt::format("{}: {}", why, printable(list_of(files, 3), 1000)));
    };
    leave_out(developers, "for developers");
    leave_out(outside, "not in the project (install with DESTDIR or a prefix inside it)");
    leave_out(gone, "not there any more");
  }

  Status take_cmake_manifest(const stdfs::path& build, const std::vector<stdfs::path>& folders) {
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
    std::map<std::string, stdfs::path> listed;
    const std::string prefix = prefix_inside(paths);
    const stdfs::path stage = prefix.empty() ? stage_of(paths, folders) : stdfs::path();
    for (const std::string& path : paths) {
      if (!prefix.empty()) {
        listed.emplace("/usr/local" + path.substr(prefix.size()), path);
      } else {
        listed.emplace(path, stage.empty() ? stdfs::path(path) : stage / path.substr(1));
      }
    }
    if (!stage.empty()) outputs.kind += ", installed into " + shown(stage);
    take_listed(listed, outputs);
    add(std::move(outputs));
    return {};
  }

  /// The folder of the project that was DESTDIR: below it are the most of the listed paths. Empty when none has any.
  stdfs::path stage_of(const std::set<std::string>& paths, const std::vector<stdfs::path>& folders) const {
    stdfs::path best;
    std::ptrdiff_t most = 0;
    for (const stdfs::path& folder : folders) {
      const auto there = std::count_if(paths.begin(), paths.end(), [&](const std::string& path) {
        return fs_.stat(folder / path.substr(1)).has_value();
      });
      if (there <= most) continue;
      most = there;
      best = folder;
    }
    return best;
  }

  /// The prefix below the project itself that files were installed to: the folder that has their bin/, lib/ and so on.
  /// Empty where any file was installed elsewhere.
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
    if (installed == nullptr) return fail(Errc::malformed, "{} is not a JSON object", shown(path));
    Outputs outputs;
    outputs.kind = "meson's " + shown(path);
    std::map<std::string, stdfs::path> listed;
    std::vector<std::string> links;
    for (const auto& [from, to] : *installed) {
      if (to.string() == nullptr || !to.string()->starts_with('/')) continue;
      if (from.starts_with('/')) {
        listed.emplace(*to.string(), from);
      } else {
        links.push_back(*to.string());
      }
    }
    take_listed(listed, outputs);
    take_meson_links(links, listed, outputs);
    add(std::move(outputs));
    return {};
  }

  /// Links that meson makes when it installs: a library's lead to the file with the longer name, of others meson does
  /// not say where they lead.
  static void take_meson_links(const std::vector<std::string>& links, const std::map<std::string, stdfs::path>& listed,
                               Outputs& outputs) {
    std::vector<std::string> unknown;
    for (const std::string& link : links) {
      const auto target = listed.lower_bound(link + '.');
      const bool versioned = target != listed.end() && target->first.starts_with(link + '.') &&
                             target->first.find('/', link.size()) == std::string::npos;
      if (!versioned) {
        unknown.push_back(link);
      } else if (!link.ends_with(".so")) {  // that one is for developers
        outputs.rules.push_back({elf::name_in(target->first), link, false, true});
      }
    }
    if (unknown.empty()) return;
    outputs.left_out.push_back(fmt::format(
        "links whose target meson does not tell ('link:' entries or meson install --destdir bring them): {}",
        printable(list_of(unknown, 3), 1000)));
  }

  /// An installed tree: bin/ or sbin/ with programs, or the same below usr/ of a DESTDIR.
  Status take_prefix(const stdfs::path& folder) {
    struct Shape {
      const char *inside, *to;
    };
    for (const Shape& shape : {Shape{"usr/local", "/"}, Shape{"usr", "/"}, Shape{"", "/usr/local"}}) {
      if (folder == search_.folder && *shape.inside == '\0') continue;
      Outputs outputs;
      outputs.kind = (*shape.inside == '\0' ? "the install prefix " : "the staged installation ") + shown(folder);
      outputs.rules.push_back({shown(folder), shape.to, true});
      outputs.closures.push_back(shown(folder));
      outputs.left_out.emplace_back("for developers: headers, static libraries, manuals");
      const std::string to = *shape.inside == '\0' ? shape.to : std::string("/") + shape.inside;
      for (const char* bin : {"sbin", "bin"}) {
        const stdfs::path place = folder / shape.inside / bin;
        for (const std::string& name : fs_.list(place).value_or(std::vector<std::string>())) {
          if (kind_of(place / name).program) outputs.programs.push_back(to + "/" + bin + "/" + name);
        }
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
    add(std::move(outputs));
    return {};
  }

  Status walk(const stdfs::path& folder, int level, Outputs& outputs) {
    if (level > kMaxLevels) return {};
    SLIPWAY_ASSIGN(const auto names, fs_.list(folder));
    for (const std::string& name : names) {
      const auto stat = fs_.stat(folder / name);
      if (!stat) continue;
      const bool skipped = name[0] == '.' || name == "CMakeFiles" || name == "node_modules" || name == "_deps" ||
                           name == "_objs" || name == "deps" || name.ends_with(".runfiles") || name.ends_with(".p");
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
