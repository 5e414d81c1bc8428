#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/image/file_list.h"

namespace slipway::run {

/// Unpacking writes the files of an image to a folder that does not exist yet, or is empty.
///
/// It works from the image's merged list of files (image::merge_files), not from its layers one after the other: each
/// path is written once, and a file that a later layer replaces or hides is never written. The steps, in this order:
///
///   1. create a private folder (0700) named .tmp-* beside `to`
///   2. create all folders of the list in it, open to their owner alone
///   3. read each layer that has files of the list, on its own thread, writing those files with their metadata
///   4. create hard links, symlinks, FIFOs and devices, when nothing is written through folders any more
///   5. set owner, mode and time of the folders, from the leaves up
///   6. rename the private folder to `to`
///
/// A layer whose digest or diff ID is wrong fails step 3, so that nothing unproved becomes visible. After an error or a
/// stop request the private folder is removed; after SIGKILL it stays until the next unpacking beside it removes it.
/// Nothing outside of `to` is reached whatever the layers say: see base/tree_folder.h. Nothing is synced to disk.
///
/// Without root every file belongs to the user, setuid and setgid bits of files that belong to somebody else in the
/// image are dropped, and devices are left out; Unpacked::notes says so. Of extended attributes user.*, capabilities
/// and ACLs are kept, and those that would act on this machine (trusted.*, security.selinux) are not.
///
/// Example: the files of an image, for this user.
///
///     Result<std::size_t> unpack(store::ReadTarget& from, const oci::Descriptor& manifest, const stdfs::path& to) {
///       SLIPWAY_ASSIGN(const image::Image image, image::load_manifest(from, manifest));
///       SLIPWAY_ASSIGN(const image::FileList files, image::merge_files(from, image));
///       SLIPWAY_ASSIGN(const auto done, run::unpack_image(real_fs(), from, image, files, to, {.keep_owners = false}));
///       return done.paths;
///     }

/// Options of unpacking.
struct UnpackOptions {
  std::size_t lanes = 2;    ///< layers read at the same time
  bool keep_owners = true;  ///< the image's owners, where this user may set them; false: all belongs to the user
};

/// The result of unpacking.
struct Unpacked {
  std::size_t paths = 0;
  std::uint64_t bytes = 0;         ///< of regular files, each counted once whatever its names
  std::vector<std::string> notes;  ///< metadata that was not kept, one line for each kind
};

/// Unpacks `image` to `to`. `files` must be the merged list of the same image: Errc::verification_failed otherwise.
/// Errc::already_exists if `to` is a file, a symlink or a folder that is not empty. Errc::conflict if somebody else
/// replaces folders of the tree while it is filled.
Result<Unpacked> unpack_image(FileSystem& fs, store::ReadTarget& from, const image::Image& image,
                              const image::FileList& files, const stdfs::path& to, const UnpackOptions& options,
                              std::stop_token stop = {});

}  // namespace slipway::run
