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
/// A Recipe says what is in the image, a BuildRequest what this build shall do with it, BuildServices who carries that
/// out. A build is five steps, each a function from value to value (src/builder): read_inputs (lock, base, documents),
/// plan_platforms (every file listed once), write_layers (every file read once), assemble (config, manifest, index)
/// and deliver. Nothing is visible at a destination before its last step, the tag.
///
///     builder::BuildServices services{real_fs(), opener};
///     builder::BuildRequest request;
///     request.state_folder = "project/.slipway";
///     request.destinations = {{oci::Location::layout("out"), {"v1"}}};
///     const auto built = builder::build_image(recipe, request, services);
///     if (built) print(built->locations.front().str());
///
/// Cost: planning makes one stat call a file, writing opens and reads each file once; a layer whose files are those of
/// an earlier build (BuildCache) is not read at all. Memory does not grow with the number of files.
namespace slipway::builder {

/// The annotation of every manifest built: the compatibility level that decided its bytes (docs/FORMATS.md "Layers").
inline constexpr std::string_view kCompatAnnotation = "io.slipway.compat";
/// The codec of compressed layers (io::parse_codec), where compatibility level 1 does not imply it.
inline constexpr std::string_view kCodecAnnotation = "io.slipway.codec";
/// "true" when the working tree had changes (`source: git`).
inline constexpr std::string_view kDirtyAnnotation = "io.slipway.source.dirty";

/// A place that gets the finished image, and the image's names there.
struct Destination {
  oci::Location location;  ///< its own tag is ignored: put it into `tags`
  std::vector<std::string> tags;
  bool build_tag = false;  ///< also `build-<first 12 hex of the digest>`
};

/// The reason why a closure put a file into the image.
struct Reason {
  std::string platform, layer;
  std::string path;       ///< in the image
  std::string name;       ///< as it was asked for
  std::string needed_by;  ///< the file that asks for it
  bool at_run_time = false;

  bool operator==(const Reason&) const = default;
};

/// The amount of files in a layer of the plan.
struct LayerContents {
  std::string platform, layer;
  std::uint64_t files = 0;  ///< regular files; one with several names counts once
  std::uint64_t bytes = 0;  ///< of them, uncompressed
};

struct BuildResult;

/// The part of a build that its caller decides and that no recipe says. A value.
struct BuildRequest {
  std::vector<Destination> destinations;
  std::filesystem::path state_folder;     ///< ".slipway": holds `images` when no destination is a lone layout
  std::filesystem::path lock_file;        ///< empty: no lock is read or written
  std::vector<oci::Platform> platforms;   ///< overrides the recipe's
  std::int64_t epoch = 0;                 ///< SOURCE_DATE_EPOCH, seconds
  std::optional<std::int64_t> created;    ///< --created TIME: `created` of the config alone
  bool created_from_git = false;          ///< --created git: the commit's time
  bool locked = false;                    ///< a base that the lock lacks is Errc::invalid_argument
  bool update_base = false;               ///< ask the registry for the base's digest, whatever the lock says
  bool dry_run = false;                   ///< compute digests, write nothing
  bool check = true;                      ///< refuse an image whose entrypoint cannot start
  bool explain = false;                   ///< fill BuildResult::contents
  std::string tool = "slipway";           ///< the creator that SBOMs name
  const BuildResult* expected = nullptr;  ///< publish nothing unless the same image comes of it; not owned
};

/// The parts that carry a build out; none is owned. The image does not depend on any of the optional ones.
struct BuildServices {
  FileSystem& fs;
  store::Opener& opener;
  BuildCache* cache = nullptr;                 ///< blocks and layers of earlier builds
  image::FileListCache* file_lists = nullptr;  ///< the merged files of bases
  Observer* observer = nullptr;
  std::size_t lanes = 4;    ///< transfers at once
  std::size_t threads = 4;  ///< that read and compress
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

struct BuildResult {
  oci::Descriptor root;            ///< the only manifest, or the index
  std::vector<BuiltImage> images;  ///< in the order of the platforms
  /// One for each destination and tag, in order: tag and digest set. "build-..." tags are not among them unless alone.
  std::vector<oci::Location> locations;
  std::optional<oci::Location> base;  ///< full reference with the digest used
  oci::Annotations annotations;       ///< of the manifests
  std::vector<Error> warnings;        ///< each once
  std::vector<Reason> reasons;        ///< of every file that came by a closure
  std::vector<Attachment> attachments;
  std::vector<LayerContents> contents;  ///< of every layer but the base's, the lowest first; with `explain` only
};

/// Builds the recipe's image for every platform and carries it to every destination; tags move last, and nothing is
/// tagged when anything failed. Errc::invalid_argument for the recipe's mistakes (all at once, with places), failed for
/// the disk's, cancelled on stop; else what the base or a destination said.
Result<BuildResult> build_image(const Recipe& recipe, const BuildRequest& request, const BuildServices& services);

}  // namespace slipway::builder
