#include "builder/churn.h"

#include <array>

#include "slipway/elf/object.h"
#include "slipway/elf/root.h"

namespace slipway::builder {
namespace {

using layer::EntryType;
using layer::FileEntry;

constexpr std::size_t kKinds = static_cast<std::size_t>(Churn::programs) + 1;

std::string stem(const std::string& name) { return name.substr(0, name.find_first_of(".-")); }

/// Parts of the C library, glibc's or musl's: they are replaced together, with the system's release.
bool is_c_library(const std::string& path) {
  static const std::set<std::string> stems = {
      "ld",         "ld64",          "libc",          "libm",         "libmvec",         "libpthread",
      "libdl",      "librt",         "libutil",       "libanl",       "libresolv",       "libnss_files",
      "libnss_dns", "libnss_compat", "libnss_hesiod", "libthread_db", "libBrokenLocale", "libc_malloc_debug"};
  if (path.find("/gconv/") != std::string::npos) return true;
  const std::string name = elf::name_in(path);
  return name.find(".so") != std::string::npos && stems.contains(stem(name));
}

bool is_library_name(const std::string& name) {
  return name.ends_with(".so") || name.find(".so.") != std::string::npos;
}

class Splitter {
 public:
  Splitter(const std::set<std::string>& supplied, FileSystem& fs, const layer::SpillPlace& spill)
      : supplied_(supplied), fs_(fs) {
    for (auto& tree : trees_)
      tree.emplace(fs, spill);
  }

  Status take(FileEntry entry) {
    SLIPWAY_TRY(leave_folders(entry.path));
    if (entry.type == EntryType::directory) {
      open_.push_back({std::move(entry), {}});
      return {};
    }
    if (entry.type == EntryType::hardlink) {
      // Its own part finds again what its names have in common.
      entry.type = EntryType::regular;
      entry.link.clear();
      entry.size = entry.seen.size;
    }
    SLIPWAY_ASSIGN(const Churn churn, churn_of(entry));
    return put(std::move(entry), churn);
  }

  Result<std::vector<ChurnPart>> finish(std::int64_t epoch) {
    SLIPWAY_TRY(leave_folders(""));
    std::vector<ChurnPart> parts;
    for (std::size_t i = 0; i < kKinds; ++i) {
      if (!used_[i]) continue;
      SLIPWAY_ASSIGN(layer::FileTree tree, std::move(*trees_[i]).finish(epoch));
      parts.push_back({static_cast<Churn>(i), std::move(tree)});
    }
    return parts;
  }

 private:
  struct Open {
    FileEntry folder;
    std::array<bool, kKinds> in{};
  };

  Result<Churn> churn_of(const FileEntry& entry) {
    const std::string path = "/" + entry.path;
    if (is_supplied(path)) return is_c_library(path) ? Churn::system : Churn::libraries;
    if (entry.type == EntryType::whiteout || entry.type == EntryType::opaque) return Churn::system;
    if (entry.type == EntryType::symlink)
      return is_library_name(elf::name_in(path)) ? Churn::own_libraries : Churn::assets;
    if (entry.type != EntryType::regular || entry.source.empty()) return Churn::assets;
    SLIPWAY_ASSIGN(const auto file, fs_.open(entry.source));
    std::array<std::byte, 4> start{};
    SLIPWAY_ASSIGN(const std::size_t n, file->read_at(start, 0));
    const std::string_view magic(reinterpret_cast<const char*>(start.data()), n);
    if (magic.starts_with("#!")) return Churn::programs;
    if (magic !=
        "\x7f"
        "ELF")
      return Churn::assets;
    // A damaged one is a program here; who starts it is told what is wrong.
    const auto object = elf::read_object(*file, entry.source);
    const bool library =
        object && *object && (*object)->dynamic && (*object)->interpreter.empty() && is_library(**object, path);
    return library ? Churn::own_libraries : Churn::programs;
  }

  /// By itself, or in a folder that was.
  bool is_supplied(const std::string& path) const {
    for (std::string at = path; at != "/"; at = elf::parent_of(at)) {
      if (supplied_.contains(at)) return true;
    }
    return false;
  }

  /// A static-pie program has no interpreter either.
  static bool is_library(const elf::Object& object, const std::string& path) {
    return !object.soname.empty() || is_library_name(elf::name_in(path)) || !object.needed.empty();
  }

  Status put(FileEntry entry, Churn churn) {
    const auto kind = static_cast<std::size_t>(churn);
    for (Open& open : open_) {
      if (open.in[kind]) continue;
      open.in[kind] = true;
      SLIPWAY_TRY(trees_[kind]->add_entry(open.folder));
    }
    used_[kind] = true;
    return trees_[kind]->add_entry(std::move(entry));
  }

  /// Closes the folders that `path` is not in. One that stayed empty is data.
  Status leave_folders(const std::string& path) {
    while (!open_.empty() && !path.starts_with(open_.back().folder.path + "/")) {
      Open last = std::move(open_.back());
      open_.pop_back();
      if (last.in != std::array<bool, kKinds>{}) continue;
      const Churn churn = is_supplied("/" + last.folder.path) ? Churn::libraries : Churn::assets;
      SLIPWAY_TRY(put(std::move(last.folder), churn));
    }
    return {};
  }

  const std::set<std::string>& supplied_;
  FileSystem& fs_;
  std::array<std::optional<layer::FileTreeBuilder>, kKinds> trees_;
  std::array<bool, kKinds> used_{};
  std::vector<Open> open_;
};

}  // namespace

const char* churn_suffix(Churn churn) {
  switch (churn) {
    case Churn::system:
      return "system";
    case Churn::libraries:
      return "libraries";
    case Churn::own_libraries:
      return "own-libraries";
    case Churn::assets:
      return "assets";
    case Churn::programs:
      break;
  }
  return "programs";
}

Result<std::vector<ChurnPart>> split_by_churn(const layer::FileTree& whole, const std::set<std::string>& supplied,
                                              std::int64_t epoch, FileSystem& fs, const layer::SpillPlace& spill) {
  Splitter splitter(supplied, fs, spill);
  SLIPWAY_ASSIGN(const auto reader, whole.read());
  for (FileEntry entry;;) {
    SLIPWAY_ASSIGN(const bool more, reader->next(entry));
    if (!more) break;
    SLIPWAY_TRY(splitter.take(entry));
  }
  return splitter.finish(epoch);
}

}  // namespace slipway::builder
