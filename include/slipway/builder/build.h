#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/base/diagnostics.h"
#include "slipway/base/fs.h"
#include "slipway/builder/build_cache.h"
#include "slipway/builder/observer.h"
#include "slipway/builder/recipe.h"
#include "slipway/image/file_list.h"
#include "slipway/store/opener.h"

/// Builds an image from a recipe.
///
/// A Recipe says what is in the image, a BuildRequest what this build does with it, BuildServices with which means. A
/// build is five steps, each a function from value to value (src/builder): read_inputs (lock, base, documents),
/// plan_platforms (every file listed once), write_layers (every file read once), assemble (config, manifest, index)
/// and deliver. Nothing is visible at a destination before its last step, the tag.
///
/// Threads: one build a call, and several calls at once if their services are thread-safe (real ones are) and their
/// state folders differ. A build uses BuildServices::threads and lanes of its own.
///
/// Cost: planning makes one stat call a file, writing opens and reads each file once; a layer whose files are those of
/// an earlier build (BuildCache) is not read at all. Memory does not grow with the number of files.
///
/// Example: an image in a layout, under a tag.
///
///     Result<std::string> publish(const builder::Recipe& recipe, store::Opener& opener, const stdfs::path& folder) {
///       const builder::BuildServices services{real_fs(), opener};
///       builder::BuildRequest request;
///       request.state_folder = folder / ".slipway";
///       request.destinations = {{oci::Location::layout((folder / "out").native()), {"v1"}}};
///       SLIPWAY_ASSIGN(const auto built, builder::build_image(recipe, request, services));
///       return built.locations.front().str();
///     }
namespace slipway::builder {

/// The annotation of every manifest built: the compatibility level that decided its bytes (docs/FORMATS.md "Layers").
inline constexpr std::string_view kCompatAnnotation = "io.slipway.compat";
/// The codec of compressed layers (io::parse_codec), where compatibility level 1 does not imply it.
inline constexpr std::string_view kCodecAnnotation = "io.slipway.codec";
/// "true" when the working tree had changes (`source: git`).
inline constexpr std::string_view kDirtyAnnotation = "io.slipway.source.dirty";

/// A place that gets the finished image, and its tags there.
struct Destination {
  oci::Location location;  ///< its own tag is ignored: put it into `tags`
  std::vector<std::string> tags;
  bool build_tag = false;  ///< also `build-<first 12 hex of the digest>`
};

/// The reason why a closure put a file into the image.
struct ClosureReason {
  std::string platform, layer;
  std::string path;       ///< in the image
  std::string name;       ///< as it was asked for
  std::string needed_by;  ///< the file that asks for it
  bool at_run_time = false;

  bool operator==(const ClosureReason&) const = default;
};

/// The number and size of the files in a layer.
struct LayerContents {
  std::string platform, layer;
  std::uint64_t files = 0;  ///< regular files; one with several names counts once
  std::uint64_t bytes = 0;  ///< of them, uncompressed
};

struct BuildResult;

/// The choices of one build that are not in its recipe. A value.
struct BuildRequest {
  std::vector<Destination> destinations;
  std::filesystem::path state_folder;     ///< ".slipway"; its layout `images` gets blobs unless a lone layout does
  std::filesystem::path lock_file;        ///< empty: no lock is read or written
  std::vector<oci::Platform> platforms;   ///< instead of the recipe's, unless empty
  std::int64_t epoch = 0;                 ///< SOURCE_DATE_EPOCH, seconds
  std::optional<std::int64_t> created;    ///< --created TIME, unix seconds: only for `created` of the config
  bool created_from_git = false;          ///< --created git: the commit's time
  bool locked = false;                    ///< a base that the lock lacks is Errc::invalid_argument
  bool update_base = false;               ///< ask the registry for the base's digest and update the lock
  bool dry_run = false;                   ///< compute digests, write nothing
  bool check = true;                      ///< refuse an image whose entrypoint cannot start
  bool explain = false;                   ///< fill BuildResult::contents
  std::string tool = "slipway";           ///< the creator that SBOMs name
  const BuildResult* expected = nullptr;  ///< Errc::verification_failed unless the image is this one; not owned
};

/// The means of a build; the caller keeps them alive. The image does not depend on the optional ones.
struct BuildServices {
  FileSystem& fs;
  store::Opener& opener;
  BuildCache* cache = nullptr;                 ///< blocks and layers of earlier builds
  image::FileListCache* file_lists = nullptr;  ///< the merged files of bases
  BuildObserver* observer = nullptr;
  std::size_t lanes = 4;    ///< transfers at the same time
  std::size_t threads = 4;  ///< threads that read and compress
  std::stop_token stop = {};
};

/// The image of one platform.
struct BuiltImage {
  oci::Platform platform;
  oci::Descriptor manifest;
  oci::Descriptor config;
  std::vector<oci::Descriptor> layers;  ///< the base's first
};

/// A document about an image that was stored beside it.
struct Attachment {
  oci::Descriptor manifest;
  std::string platform;
  std::string what;  ///< for people, e.g. "debug information of 3 programs"
};

/// The image that was built.
struct BuildResult {
  oci::Descriptor root;            ///< the only manifest, or the index
  std::vector<BuiltImage> images;  ///< in the order of the platforms
  /// One for each destination and tag, in order, with tag and digest. A "build-..." tag is listed only when it is the
  /// only one of its destination.
  std::vector<oci::Location> locations;
  std::optional<oci::Location> base;   ///< full reference with the digest used
  oci::Annotations annotations;        ///< of the manifests
  std::vector<Error> warnings;         ///< each once
  std::vector<ClosureReason> reasons;  ///< one for every file that a closure added
  std::vector<Attachment> attachments;
  std::vector<LayerContents> contents;  ///< of every layer but the base's, the lowest first; only with `explain`
};

/// Builds the recipe's image for every platform and copies it to every destination; tags are set last. A destination
/// whose copy failed has no new tag; those before it keep theirs. Errc::invalid_argument for mistakes of the recipe
/// (all in one error, with places), verification_failed for an entrypoint that cannot start, failed for the disk's
/// errors, cancelled on stop; else the error of the base's or a destination's target.
Result<BuildResult> build_image(const Recipe& recipe, const BuildRequest& request, const BuildServices& services);

}  // namespace slipway::builder
