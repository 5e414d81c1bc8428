#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/copy/copy.h"
#include "slipway/image/image.h"

namespace slipway::run {

/// Whose images those of a machine are.
enum class StoreKind { podman, docker, nerdctl, containerd };
std::string_view name_of(StoreKind kind);
/// Errc::invalid_argument with the words there are.
Result<StoreKind> parse_store_kind(std::string_view word);
/// The program that speaks for a store: "ctr" for containerd.
std::string_view program_of(StoreKind kind);

struct LoadRequest {
  store::ReadTarget& from;
  const image::Image& image;
  std::string name;               ///< what it will be called, "registry.example.com/team/hello:v1"
  std::filesystem::path scratch;  ///< a private folder for the archive, removed by the caller
  copy::CopyOptions copy;
};

struct LoadResult {
  std::string reference;  ///< by which a container of exactly this image is started
  bool was_there = false;
};

/// Puts an image into a store through its own command line, unless that says it is there already (podman and docker
/// by the image ID, containerd by the manifest's digest). `program` is its argv so far, global options included.
/// Errc::not_found where the program is not installed, failed with its words where it fails.
Result<LoadResult> load_image(const LoadRequest& request, StoreKind kind, const std::vector<std::string>& program);

/// The same with the store's own program from PATH.
Result<LoadResult> load_into(FileSystem& fs, store::ReadTarget& from, const image::Image& image,
                             const std::string& name, StoreKind kind, const copy::CopyOptions& copy);

}  // namespace slipway::run
