#include "slipway/run/unpack.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "run/root_folder.h"
#include "slipway/base/lanes.h"
#include "slipway/base/temporary.h"
#include "slipway/base/text.h"
#include "slipway/image/file_places.h"

namespace slipway::run {

namespace {

using image::ImageFile;
using layer::EntryType;

bool has_bytes(EntryType type) { return type == EntryType::regular || type == EntryType::hardlink; }

/// Metadata that could not be kept, counted by kind; thread-safe.
class NotKept {
 public:
  void add(const Kept& kept) {
    const std::lock_guard lock(mutex_);
    owners_ += kept.made && !kept.owner ? 1 : 0;
    xattrs_ += kept.xattrs ? 0 : 1;
    devices_ += kept.made ? 0 : 1;
  }
  std::vector<std::string> notes(bool owners_wanted) const {
    std::vector<std::string> notes;
    if (owners_ > 0 && owners_wanted)
      notes.push_back(
          fmt::format("{} files belong to this user instead of their owners in the image (only root can "
                      "give files away); setuid bits of these are dropped",
                      owners_));
    if (xattrs_ > 0) notes.push_back(fmt::format("{} files without all their extended attributes", xattrs_));
    if (devices_ > 0) notes.push_back(fmt::format("{} device nodes left out: only root can make them", devices_));
    return notes;
  }

 private:
  std::mutex mutex_;
  std::size_t owners_ = 0, xattrs_ = 0, devices_ = 0;
};

/// One image on its way into one folder.
class Unpacking {
 public:
  Unpacking(FileSystem& fs, store::ReadTarget& from, const image::Image& image, const image::FileList& files,
            const image::FilePlaces& places, stdfs::path to, const UnpackOptions& options)
      : fs_(fs), from_(from), image_(image), files_(files), places_(places), to_(std::move(to)), options_(options) {}

  Result<Unpacked> run(std::stop_token stop) {
    SLIPWAY_ASSIGN(RootFolder root, RootFolder::open(fs_, to_));
    SLIPWAY_TRY(make_folders(root));
    SLIPWAY_TRY(run_lanes(std::max<std::size_t>(options_.lanes, 1), layers(), std::move(stop),
                          [this](std::size_t layer, std::stop_token inner) { return write_layer(layer, inner); }));
    SLIPWAY_TRY(make_links(root));
    SLIPWAY_TRY(finish_folders(root));
    SLIPWAY_TRY(root.set_root_mode(0755));
    return Unpacked{files_.size(), bytes_.load(), not_kept_.notes(options_.keep_owners)};
  }

 private:
  std::size_t layers() const { return image_.manifest.layers.size(); }

  /// Creates the folders.
  Status make_folders(RootFolder& root) {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const ImageFile file = files_.at(i);
      if (file.entry.type == EntryType::directory) {
        SLIPWAY_TRY(root.make_directory(file.entry.path));
        folders_.push_back(i);
      } else if (has_bytes(file.entry.type) && file.layer >= layers()) {
        return fail(Errc::verification_failed, "the file list names layer {}, but the image has {}", file.layer + 1,
                    layers());
      }
    }
    return files_.status();
  }

  /// Writes the first name of each file of a layer; further names become links to it.
  Status write_layer(std::size_t index, std::stop_token stop) {
    const auto layer = static_cast<std::uint32_t>(index);
    const std::uint64_t wanted = places_.entries_of(layer);
    if (wanted == 0) return {};
    SLIPWAY_ASSIGN(RootFolder root, RootFolder::open(fs_, to_));
    std::vector<bool> written(files_.size());
    std::uint64_t count = 0;
    const auto write = [&](const layer::FileEntry& entry, io::Source& content) -> Status {
      if (entry.type != EntryType::regular) return {};
      SLIPWAY_ASSIGN(const auto names, places_.of_entry(layer, entry.path));
      if (names.empty()) return {};
      const std::size_t first = names.front();
      const ImageFile file = files_.at(first);
      // A path that one layer has twice: the last one is in the list, and is written last.
      if (entry.size != file.entry.size) return {};
      SLIPWAY_ASSIGN(const Kept kept, root.write_file(file.entry.path, file.entry, content, options_.keep_owners));
      not_kept_.add(kept);
      count += written[first] ? 0 : 1;
      if (!written[first]) bytes_ += file.entry.size;
      written[first] = true;
      return {};
    };
    SLIPWAY_TRY(image::read_layer(from_, image_, index, write, std::move(stop)));
    if (count == wanted) return files_.status();
    return fail(Error(Errc::verification_failed,
                      fmt::format("layer {} has {} of the {} files it should have", index + 1, count, wanted))
                    .with_hint("clear kept file lists with: slipway cache prune"));
  }

  /// Symlinks come after everything that is written through folders, hard links before them.
  Status make_links(RootFolder& root) {
    for (std::size_t i = 0; i < files_.size(); ++i)
      SLIPWAY_TRY(make_hard_link(root, i));
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const ImageFile file = files_.at(i);
      if (file.entry.type == EntryType::directory || has_bytes(file.entry.type)) continue;
      SLIPWAY_ASSIGN(const Kept kept, root.make_other(file.entry.path, file.entry, options_.keep_owners));
      not_kept_.add(kept);
    }
    return files_.status();
  }

  Status make_hard_link(RootFolder& root, std::size_t index) {
    const ImageFile file = files_.at(index);
    if (!has_bytes(file.entry.type)) return {};
    SLIPWAY_ASSIGN(const auto names, places_.of_entry(file.layer, file.member));
    if (names.empty() || names.front() == index) return {};
    return root.link(files_.at(names.front()).entry.path, file.entry.path);
  }

  /// From the leaves up: a folder that is closed to its owner has been filled, and its time stays.
  Status finish_folders(RootFolder& root) {
    for (auto index = folders_.rbegin(); index != folders_.rend(); ++index) {
      const ImageFile file = files_.at(*index);
      SLIPWAY_ASSIGN(const Kept kept, root.set_metadata(file.entry.path, file.entry, options_.keep_owners));
      not_kept_.add(kept);
    }
    return {};
  }

  FileSystem& fs_;
  store::ReadTarget& from_;
  const image::Image& image_;
  const image::FileList& files_;
  const image::FilePlaces& places_;
  const stdfs::path to_;
  const UnpackOptions& options_;
  std::vector<std::size_t> folders_;  ///< indexes in the list
  std::atomic<std::uint64_t> bytes_ = 0;
  NotKept not_kept_;
};

/// Removes what an unpacking that was killed left beside `to`. Best effort: it may be another user's.
void remove_leftovers(FileSystem& fs, const stdfs::path& parent) {
  for (const std::string& name : fs.list(parent).value_or(std::vector<std::string>())) {
    const auto dead = take_stale_temporary(parent / name);
    if (dead) (void)remove_tree(fs, parent / name).has_value();
  }
}

Status check_free(FileSystem& fs, const stdfs::path& to) {
  const auto there = fs.stat(to);
  if (!there) return there.error().code == Errc::not_found ? Status() : fail(there.error());
  const Error taken = Error(Errc::already_exists, fmt::format("cannot unpack to {}: something exists there already",
                                                              printable(to.native(), 4096)))
                          .with_hint("name a folder that does not exist yet: slipway unpack REF NEW-FOLDER");
  if (there->type != FileType::directory) return fail(taken);
  SLIPWAY_ASSIGN(const auto names, fs.list(to));
  return names.empty() ? Status() : fail(taken);
}

/// `to` as an absolute path whose last component is a name.
stdfs::path named_place(const stdfs::path& to) {
  const stdfs::path place = stdfs::absolute(to).lexically_normal();
  return place.has_filename() ? place : place.parent_path();
}

}  // namespace

Result<Unpacked> unpack_image(FileSystem& fs, store::ReadTarget& from, const image::Image& image,
                              const image::FileList& files, const stdfs::path& to, const UnpackOptions& options,
                              std::stop_token stop) {
  const stdfs::path place = named_place(to);
  SLIPWAY_ASSIGN(const image::FilePlaces places, image::FilePlaces::of(files, layer::spill_to_temporary(fs)));
  SLIPWAY_TRY(check_free(fs, place));
  SLIPWAY_TRY(fs.make_directories(place.parent_path()));
  remove_leftovers(fs, place.parent_path());
  const stdfs::path temporary = temporary_name(place.parent_path());
  // Closed to others while it is filled: nobody can put a symlink in the way, or run what is not proved yet.
  SLIPWAY_TRY(fs.make_directories(temporary, 0700));
  const auto held = hold_temporary(temporary);
  auto done = Unpacking(fs, from, image, files, places, temporary, options).run(std::move(stop));
  if (done) {
    if (Status renamed = fs.rename(temporary, place); !renamed) done = fail(std::move(renamed).error());
  }
  if (done) return done;
  (void)remove_tree(fs, temporary).has_value();
  return fail(std::move(done).error().in(fmt::format("unpacking to {}", printable(place.native(), 4096))));
}

}  // namespace slipway::run
