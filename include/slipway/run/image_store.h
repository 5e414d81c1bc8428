#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/copy/copy.h"
#include "slipway/image/image.h"

namespace slipway::run {

/// The program in whose store a machine keeps images.
enum class StoreKind { podman, docker, nerdctl, containerd };
std::string_view name_of(StoreKind kind);
/// Returns the store that a word of `--into` names; Errc::invalid_argument listing the words.
Result<StoreKind> parse_store_kind(std::string_view word);
/// Returns the command of a store: "ctr" for containerd, else its name.
std::string_view program_of(StoreKind kind);

/// The image to load, its name in the store, and the means.
struct LoadRequest {
  store::ReadTarget& from;
  const image::Image& image;
  std::string name;               ///< the image's name in the store, "registry.example.com/team/hello:v1"
  std::filesystem::path scratch;  ///< a private folder for the archive, removed by the caller
  copy::CopyOptions copy;
};

/// The image in the store.
struct LoadResult {
  std::string reference;   ///< starts a container of exactly this image
  bool was_there = false;  ///< the store had it already
};

/// Loads an image into a store with the store's own command, unless the store has it already (podman and docker: that
/// image ID, containerd: that manifest digest). `program` is the beginning of its argv, with global options.
/// Errc::not_found when the program is not installed, failed with its output when it fails.
Result<LoadResult> load_image(const LoadRequest& request, StoreKind kind, const std::vector<std::string>& program);

/// The same with the command of the store from PATH, and a scratch folder of its own.
Result<LoadResult> load_into(FileSystem& fs, store::ReadTarget& from, const image::Image& image,
                             const std::string& name, StoreKind kind, const copy::CopyOptions& copy);

}  // namespace slipway::run
