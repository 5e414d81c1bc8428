#include "builder/last_look.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <set>

#include "builder/image_assembly.h"
#include "slipway/base/text.h"
#include "slipway/elf/closure.h"
#include "slipway/layer/path_walk.h"

namespace slipway::builder {
namespace {

using layer::EntryType;
using layer::FileEntry;

constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t kHeadSize = 256;  // bytes: the kernel reads that much of a script's first line
constexpr std::size_t kMaxFindings = 50;

/// A path of the image with its symlinks followed.
struct Place {
  std::string path;  ///< without a leading slash
  FileEntry entry;
  std::vector<FileEntry> folders;  ///< that were walked through
};

constexpr std::string_view kAbsent = "is not in the image";

/// The image as a process in it sees it.
class Scene {
 public:
  Scene(const LayerStack& files, const oci::ImageConfig& config) : files_(files), config_(config) {}

  /// Nothing where there is nothing, or no way to it.
  std::optional<Place> open(std::string_view path) const {
    Place place;
    const auto look = [&](const std::string& at) -> std::optional<layer::Step> {
      const auto entry = files_.find(at);
      if (!entry) return std::nullopt;
      if (entry->type == EntryType::directory) place.folders.push_back(*entry);
      return layer::Step{entry->type, entry->link};
    };
    const auto real = layer::real_path(path, true, look);
    if (!real) return std::nullopt;
    const auto entry = files_.find(*real);
    if (!entry) return std::nullopt;
    place.path = *real;
    place.entry = *entry;
    return place;
  }

  /// True below a volume: what lies there is known at run time only.
  bool is_mounted(const std::string& path) const {
    return std::any_of(config_.volumes.begin(), config_.volumes.end(), [&path](const std::string& volume) {
      return path == volume || path.starts_with(volume.ends_with('/') ? volume : volume + "/");
    });
  }

  const oci::ImageConfig& config() const { return config_; }

 private:
  const LayerStack& files_;
  const oci::ImageConfig& config_;
};

std::string value_of(const oci::ImageConfig& config, std::string_view key) {
  for (const std::string& entry : config.env) {
    if (entry.size() > key.size() && entry.starts_with(key) && entry[key.size()] == '=')
      return entry.substr(key.size() + 1);
  }
  return {};
}

std::string workdir_of(const oci::ImageConfig& config) { return config.working_dir.empty() ? "/" : config.working_dir; }

/// The user's and the group's number; nothing for names, which only the image's files could translate.
struct User {
  std::optional<std::uint64_t> uid, gid;
};

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

User user_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = std::string_view(text).substr(0, colon);
  User user{name.empty() || name == "root" ? 0 : number_of(name), std::nullopt};
  if (colon != std::string::npos) user.gid = number_of(std::string_view(text).substr(colon + 1));
  return user;
}

/// True where some execute bit that may be the user's is set. Groups that the image's files may add count as the
/// user's: only what is certain is reported.
bool may_execute(const FileEntry& entry, const User& user) {
  if ((entry.mode & 0111) == 0) return false;
  if (!user.uid) return true;
  if (*user.uid == 0) return true;
  if (*user.uid == entry.uid) return (entry.mode & 0100) != 0;
  return (entry.mode & 0011) != 0;
}

bool may_search(const FileEntry& folder, const User& user) {
  return (user.uid && *user.uid == 0) || may_execute(folder, user);
}

/// The paths at which a command may be, in the order in which a runtime looks.
std::vector<std::string> candidates(const std::string& command, const oci::ImageConfig& config) {
  if (command.starts_with('/')) return {command};
  if (command.find('/') != std::string::npos) return {elf::normal_path(workdir_of(config) + "/" + command)};
  std::string path = value_of(config, "PATH");
  if (path.empty()) path = kDefaultPath;
  std::vector<std::string> all;
  for (const std::string& folder : split(path, ':')) {
    if (folder.starts_with('/')) all.push_back(elf::normal_path(folder + "/" + command));
  }
  return all;
}

Error problem(std::string message, std::string hint) {
  return Error(Errc::verification_failed, std::move(message)).with_hint(std::move(hint));
}

/// The program that a container of the image starts.
struct Start {
  std::string word;                   ///< "entrypoint" or "cmd"
  std::string command;                ///< as in the config
  std::optional<std::string> path{};  ///< where it is, without a leading slash
};

std::optional<Start> start_of(const oci::ImageConfig& config) {
  if (!config.entrypoint.empty()) return Start{"entrypoint", config.entrypoint[0]};
  if (!config.cmd.empty()) return Start{"cmd", config.cmd[0]};
  return std::nullopt;
}

/// The program that the recipe's health check starts; the shell where the check is a command for one.
std::optional<Start> health_start_of(const ConfigRule& rule) {
  if (!rule.health_check || rule.health_check->test.size() < 2) return std::nullopt;
  if (rule.health_check->test[0] == "CMD") return Start{"health check", rule.health_check->test[1]};
  const bool shell = rule.shell && !rule.shell->empty();
  return Start{"shell of the health check", shell ? rule.shell->front() : "/bin/sh"};
}

std::optional<Error> find_start(const Scene& scene, Start& start) {
  const oci::ImageConfig& config = scene.config();
  const User user = user_of(config.user);
  const std::string shown = fmt::format("the {} \"{}\"", start.word, printable(start.command, 300));
  std::optional<Error> refused;
  for (const std::string& path : candidates(start.command, config)) {
    if (scene.is_mounted(path)) return std::nullopt;
    const auto place = scene.open(path.substr(1));
    if (!place) continue;
    if (place->entry.type != EntryType::regular && place->entry.type != EntryType::hardlink) {
      refused = problem(fmt::format("{} is not a file", shown), "name a program of the image");
      continue;
    }
    const bool reachable = std::all_of(place->folders.begin(), place->folders.end(),
                                       [&user](const FileEntry& folder) { return may_search(folder, user); });
    if (reachable && may_execute(place->entry, user)) {
      start.path = place->path;
      return std::nullopt;
    }
    refused = problem(fmt::format("{} cannot be executed by the image's user \"{}\": {} has mode {:04o}", shown,
                                  config.user.empty() ? "root" : printable(config.user, 100),
                                  reachable ? "/" + printable(place->path, 4096) : "a folder on the way to it",
                                  reachable ? place->entry.mode : place->folders.back().mode),
                      "set its mode in 'files' or --add, e.g. \"0755\", or keep modes as they are on disk");
  }
  if (refused) return refused;
  return problem(fmt::format("{} is not in the image", shown),
                 fmt::format("add it to a layer, or correct its {}", start.word));
}

/// The part of a program's file that decides whether it starts.
struct Program {
  std::string head;
  std::optional<elf::Object> object;
};

/// Nothing for files that the kernel does not start by themselves. A damaged ELF file is known by its head alone.
Result<std::optional<Program>> read_program(FileSystem& fs, const FileEntry& entry) {
  SLIPWAY_ASSIGN(const auto file, fs.open(entry.source));
  std::array<std::byte, kHeadSize> buffer{};
  SLIPWAY_ASSIGN(const std::size_t n, file->read_at(buffer, 0));
  Program program{std::string(reinterpret_cast<const char*>(buffer.data()), n), std::nullopt};
  if (program.head.starts_with("#!")) return std::optional(std::move(program));
  if (!program.head.starts_with("\x7f"
                                "ELF"))
    return std::optional<Program>();
  if (auto object = elf::read_object(*file, entry.source)) program.object = *std::move(object);
  return std::optional(std::move(program));
}

/// Machines whose programs the kernel of another one starts as well.
bool runs_on(const oci::Platform& program, const oci::Platform& image) {
  if (program.architecture == image.architecture) return true;
  return (program.architecture == "386" && image.architecture == "amd64") ||
         (program.architecture == "arm" && image.architecture == "arm64");
}

/// Calls `visit` with every entry of the recipe's layers, the lowest layer first.
Status visit_entries(const PlatformPlan& plan,
                     const std::function<Status(const PlannedLayer&, const FileEntry&)>& visit) {
  for (const PlannedLayer& layer : plan.layers) {
    SLIPWAY_ASSIGN(const auto reader, layer.tree.read());
    for (FileEntry entry;;) {
      SLIPWAY_ASSIGN(const bool more, reader->next(entry));
      if (!more) break;
      SLIPWAY_TRY(visit(layer, entry));
    }
  }
  return {};
}

/// The names of all libraries in the image, without their folders.
Result<std::set<std::string>> library_names(const PlatformPlan& plan) {
  std::set<std::string> names;
  const auto add = [&names](const std::string& path) {
    if (path.find(".so") != std::string::npos) names.insert(elf::name_in("/" + path));
  };
  if (plan.base_files != nullptr) {
    for (std::size_t i = 0; i < plan.base_files->size(); ++i)
      add(plan.base_files->at(i).entry.path);
  }
  SLIPWAY_TRY(visit_entries(plan, [&](const PlannedLayer&, const FileEntry& entry) -> Status {
    add(entry.path);
    return {};
  }));
  return names;
}

/// Judges one program after the other.
class Judge {
 public:
  /// `without`: libraries that the recipe says come otherwise.
  Judge(const Scene& scene, const PlatformPlan& plan, std::set<std::string> without)
      : scene_(scene), plan_(plan), without_(std::move(without)) {}

  Result<std::vector<Error>> judge(const std::string& path, const Program& program) {
    errors_.clear();
    shown_ = "/" + printable(path, 4096);
    if (program.head.starts_with("#!")) {
      judge_script(program.head);
    } else {
      judge_machine(program.head);
      if (program.object) SLIPWAY_TRY(judge_object(path, *program.object));
    }
    return std::move(errors_);
  }

 private:
  void judge_machine(const std::string& head) {
    const auto built_for = elf::elf_platform(head);
    if (!built_for || runs_on(*built_for, plan_.platform)) return;
    errors_.push_back(
        problem(fmt::format("{} is for {}, but the image is for {}", shown_, built_for->str(), plan_.platform.str()),
                "put {arch} into its path in slipway.yaml, or name its platform with --platform"));
  }

  void judge_script(const std::string& head) {
    const auto interpreters = elf::script_interpreters(head);
    for (std::size_t i = 0; i < interpreters.size(); ++i) {
      const std::string& name = interpreters[i];
      // The kernel knows no PATH; env does.
      const std::string of_kernel = name.starts_with('/') ? name : workdir_of(scene_.config()) + "/" + name;
      const std::string fault = fault_of_any(i == 0 ? std::vector<std::string>{elf::normal_path(of_kernel)}
                                                    : candidates(name, scene_.config()));
      if (fault.empty()) continue;
      errors_.push_back(problem(fmt::format("{} is a script for \"{}\", which {}", shown_, printable(name, 300), fault),
                                fault == kAbsent
                                    ? "add the interpreter with 'closure' or 'files', or use a base that has it"
                                    : "name a program there, with a mode that has its execute bits, e.g. \"0755\""));
      return;
    }
  }

  /// Returns why the kernel does not start what lies at a path; "" if it may.
  std::string fault_of(const std::string& path) const {
    if (scene_.is_mounted(path)) return {};
    const auto place = scene_.open(path.substr(1));
    if (!place) return std::string(kAbsent);
    if (place->entry.type == EntryType::directory) return "is a folder";
    return (place->entry.mode & 0111) == 0 ? fmt::format("nobody may execute (mode {:04o})", place->entry.mode) : "";
  }

  /// The same of the first of several paths that can be started, else of the first that is there.
  std::string fault_of_any(const std::vector<std::string>& paths) const {
    std::string first(kAbsent);
    for (const std::string& path : paths) {
      std::string fault = fault_of(path);
      if (fault.empty()) return fault;
      if (first == kAbsent) first = std::move(fault);
    }
    return first;
  }

  Status judge_object(const std::string& path, const elf::Object& object) {
    const std::string fault = object.interpreter.empty() ? "" : fault_of(object.interpreter);
    if (!fault.empty()) {
      errors_.push_back(problem(
          fmt::format("{} needs the loader {}, which {}", shown_, printable(object.interpreter, 300), fault),
          fault == kAbsent ? "add 'closure' (--closure), which brings loader and libraries, use a base that has "
                             "them, or link the program statically"
                           : "give it a mode with execute bits, e.g. \"0755\""));
      return {};
    }
    for (const std::string& name : object.needed) {
      if (without_.contains(name)) continue;
      SLIPWAY_ASSIGN(const bool found, is_found(path, object, name));
      if (found) continue;
      errors_.push_back(
          problem(fmt::format("{} needs the library {}, which is not in the image", shown_, printable(name, 300)),
                  "add 'closure' (--closure), which brings a program's libraries"));
    }
    return {};
  }

  /// In a folder where the loader looks; anywhere at all where other programs or the image's own configuration may say
  /// where that is.
  Result<bool> is_found(const std::string& path, const elf::Object& object, const std::string& name) {
    if (name.find('/') != std::string::npos) {
      const std::string from = name.starts_with('/') ? name : workdir_of(scene_.config()) + "/" + name;
      return scene_.is_mounted(from) || scene_.open(elf::normal_path(from).substr(1)).has_value();
    }
    const bool configured = scene_.open("etc/ld.so.cache") || scene_.open("etc/ld.so.conf");
    if (configured || object.interpreter.empty()) return is_anywhere(name);
    for (const std::string& folder : folders_of(path, object)) {
      if (scene_.is_mounted(folder) || scene_.open((folder + "/" + name).substr(1))) return true;
    }
    return false;
  }

  std::vector<std::string> folders_of(const std::string& path, const elf::Object& object) const {
    const oci::ImageConfig& config = scene_.config();
    return elf::loader_folders(object, elf::parent_of("/" + path), value_of(config, "LD_LIBRARY_PATH"),
                               workdir_of(config));
  }

  Result<bool> is_anywhere(const std::string& name) {
    if (!names_) {
      SLIPWAY_ASSIGN(names_, library_names(plan_));
    }
    return names_->contains(name);
  }

  const Scene& scene_;
  const PlatformPlan& plan_;
  std::set<std::string> without_;
  std::optional<std::set<std::string>> names_;  ///< made when first asked for
  std::string shown_;
  std::vector<Error> errors_;
};

/// The name under which the layer's tar has the bytes, where `path` is another name of the same file.
Result<std::string> first_name(const PlatformPlan& plan, const std::string& path) {
  std::string name = path;
  SLIPWAY_TRY(visit_entries(plan, [&](const PlannedLayer&, const FileEntry& entry) -> Status {
    if (entry.type == EntryType::hardlink && entry.path == path) name = entry.link;
    return {};
  }));
  return name;
}

Status judge_programs(const Recipe& recipe, const PlatformPlan& plan, const Scene& scene,
                      const std::optional<std::string>& started, FileSystem& fs, std::vector<Finding>& findings) {
  std::set<std::string> without;
  for (const LayerRule& rule : recipe.layers)
    without.insert(rule.without.begin(), rule.without.end());
  Judge judge(scene, plan, std::move(without));
  return visit_entries(plan, [&](const PlannedLayer& layer, const FileEntry& entry) -> Status {
    const bool is_started = started == entry.path;
    const bool program = entry.type == EntryType::regular && !entry.source.empty() && (entry.mode & 0111) != 0;
    if (!program || (findings.size() >= kMaxFindings && !is_started)) return {};
    SLIPWAY_ASSIGN(const auto read, read_program(files_of(layer, fs), entry));
    if (!read) return {};
    SLIPWAY_ASSIGN(auto errors, judge.judge(entry.path, *read));
    for (Error& error : errors)
      findings.push_back({std::move(error), is_started});
    return {};
  });
}

}  // namespace

Result<std::vector<Finding>> look_at_image(const Recipe& recipe, const PlatformPlan& plan, FileSystem& fs) {
  std::vector<Finding> findings;
  if (plan.platform.os != "linux") return findings;
  const oci::ImageConfig config =
      compose_config({recipe, plan.base ? &*plan.base : nullptr, plan.platform, {}, {}, {}});
  const Scene scene(*plan.files, config);
  std::optional<std::string> started;
  // A program that the base names and the recipe does not may be meant for images further on.
  const bool named = recipe.config.entrypoint || recipe.config.cmd;
  if (auto start = start_of(config)) {
    if (auto error = find_start(scene, *start)) findings.push_back({*std::move(error), named});
    if (start->path) {
      SLIPWAY_ASSIGN(started, first_name(plan, *start->path));
    }
  }
  if (auto check = health_start_of(recipe.config)) {
    if (auto error = find_start(scene, *check)) findings.push_back({*std::move(error)});
  }
  SLIPWAY_TRY(judge_programs(recipe, plan, scene, started, fs, findings));
  return findings;
}

}  // namespace slipway::builder
