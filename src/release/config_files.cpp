#include "release/config_files.h"

#include <set>

#include "slipway/base/text.h"
#include "slipway/io/hash.h"
#include "slipway/layer/entry.h"

namespace slipway::release {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxFiles = 10'000;

std::string shown(const stdfs::path& path) { return printable(path.native(), 4096); }

class Walk {
 public:
  Walk(FileSystem& fs, const ConfigFile& place, std::map<std::string, FileValue>& files, Diagnostics& diagnostics)
      : fs_(fs), place_(place), files_(files), diagnostics_(diagnostics) {}

  Status run() {
    const auto stat = fs_.stat(place_.path, true);
    if (!stat && stat.error().code == Errc::not_found) {
      diagnostics_.error(place_.where, stat.error().message, "create it, or correct the path in slipway.yaml");
      return {};
    }
    SLIPWAY_TRY(stat);
    if (stat->type == FileType::directory) return members(place_.path, "", 0);
    return take(place_.path, place_.path.filename().native(), *stat);
  }

 private:
  Status members(const stdfs::path& folder, const std::string& below, int depth) {
    if (depth > kMaxDepth) {
      report(fmt::format("{} is nested too deeply for a config", shown(folder)));
      return {};
    }
    SLIPWAY_ASSIGN(const auto names, fs_.list(folder));
    for (const std::string& name : names) {
      const stdfs::path path = folder / name;
      SLIPWAY_ASSIGN(const FileStat stat, fs_.stat(path));
      if (stat.type == FileType::directory) {
        SLIPWAY_TRY(members(path, below + name + "/", depth + 1));
      } else {
        SLIPWAY_TRY(take(path, below + name, stat));
      }
    }
    return {};
  }

  Status take(const stdfs::path& path, const std::string& name, const FileStat& stat) {
    if (stat.type != FileType::regular) {
      report(fmt::format("{} is {}, which a config cannot have", shown(path),
                         stat.type == FileType::symlink ? "a symlink" : "not a regular file"),
             "put a regular file there");
      return {};
    }
    if (const auto valid = layer::image_path("/" + name); !valid || *valid != name || !is_valid_utf8(name)) {
      report(fmt::format("{} has a name that a config cannot have", shown(path)));
      return {};
    }
    if (stat.size > kMaxConfigFiles || files_.size() >= kMaxFiles) return too_much();
    SLIPWAY_ASSIGN(std::string content, read_file(fs_, path, kMaxConfigFiles));
    const std::uint32_t mode = (stat.mode & 0100) != 0 ? 0755 : 0644;
    FileValue value{io::digest_of(content), content.size(), mode};
    value.content = std::make_shared<const std::string>(std::move(content));
    files_.insert_or_assign(name, std::move(value));
    std::uint64_t all = 0;
    for (const auto& [other, file] : files_)
      all += file.size;
    return all > kMaxConfigFiles ? too_much() : Status();
  }

  static Status too_much() {
    return fail(Error(Errc::invalid_argument, fmt::format("the files of a config may have {} in all, and be {} at most",
                                                          human_bytes(kMaxConfigFiles), kMaxFiles))
                    .with_hint("put what is large into the image: slipway build"));
  }

  void report(std::string message, std::string hint = {}) {
    diagnostics_.error(place_.where, std::move(message), std::move(hint));
  }

  FileSystem& fs_;
  const ConfigFile& place_;
  std::map<std::string, FileValue>& files_;
  Diagnostics& diagnostics_;
};

}  // namespace

Status add_config_files(FileSystem& fs, const ConfigFile& place, std::map<std::string, FileValue>& files,
                        Diagnostics& diagnostics) {
  Status status = Walk(fs, place, files, diagnostics).run();
  if (status) return status;
  return fail(std::move(status).error().at(place.where));
}

void check_config_files(const std::map<std::string, FileValue>& files, const Where& where, Diagnostics& diagnostics) {
  std::set<std::string> both;
  for (const auto& [name, file] : files) {
    if (name == kEnvFileName || name.starts_with(std::string(kEnvFileName) + "/")) {
      diagnostics.error(
          where, fmt::format("the config has a file \"{}\", which is the name of the file with its values", name),
          "give that file another name");
    }
    for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
      if (!files.contains(name.substr(0, slash)) || !both.insert(name.substr(0, slash)).second) continue;
      diagnostics.error(where, fmt::format("the config's files have \"{}\" as a file and as a folder",
                                           printable(name.substr(0, slash), 4096)));
    }
  }
}

}  // namespace slipway::release
