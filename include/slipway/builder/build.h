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
#include "slipway/builder/recipe.h"
#include "slipway/copy/copy.h"
#include "slipway/image/file_list.h"
#include "slipway/store/opener.h"

namespace slipway::builder {

/// The annotation of every manifest built: the compatibility level that decided its bytes (docs/FORMATS.md "Layers").
inline constexpr std::string_view kCompatAnnotation = "io.slipway.compat";
/// "true" when the working tree had changes (`source: git`).
inline constexpr std::string_view kDirtyAnnotation = "io.slipway.source.dirty";

/// Where the finished image goes and how it is called there.
struct Destination {
  oci::Location location;  ///< its own tag is ignored: put it into `tags`
  std::vector<std::string> tags;
  bool build_tag = false;  ///< also `build-<first 12 hex of the digest>`
};

/// Sees what a build does; called from several threads.
class Observer : public copy::Observer {
 public:
  virtual void layer_started(const std::string& /*platform*/, const std::string& /*name*/) {}
  /// An earlier build's layer is the same and still there.
  virtual void layer_reused(const std::string& /*platform*/, const std::string& /*name*/, const oci::Descriptor&) {}
  virtual void layer_built(const std::string& /*platform*/, const std::string& /*name*/, const oci::Descriptor&) {}
};

struct BuildResult;

/// Why a closure put a file into the image.
struct Reason {
  std::string platform, layer;
  std::string path;       ///< in the image
  std::string name;       ///< as it was asked for
  std::string needed_by;  ///< the file that asks for it
  bool at_run_time = false;

  bool operator==(const Reason&) const = default;
};

/// What a layer of the plan holds, for people.
struct LayerContents {
  std::string platform, layer;
  std::uint64_t files = 0, bytes = 0;  ///< regular files; their bytes before compression, a file with many names once
};

struct BuildOptions {
  std::vector<Destination> destinations;
  std::filesystem::path state_folder;          ///< ".slipway": holds `images` when no destination is a lone layout
  std::filesystem::path lock_file;             ///< empty: no lock is read or written
  std::vector<oci::Platform> platforms;        ///< overrides the recipe's
  std::int64_t epoch = 0;                      ///< SOURCE_DATE_EPOCH
  std::optional<std::int64_t> created;         ///< --created TIME: `created` alone
  bool created_from_git = false;               ///< --created git: the commit's time
  bool locked = false;                         ///< a base that the lock lacks is Errc::invalid_argument
  bool update_base = false;                    ///< ask for the base's digest anew
  bool dry_run = false;                        ///< compute digests, write nothing
  std::string tool = "slipway";                ///< what SBOMs say they were made by
  bool explain = false;                        ///< fill BuildResult::contents
  std::size_t lanes = 4;                       ///< transfers at once
  std::size_t threads = 4;                     ///< that read and compress
  image::FileListCache* file_lists = nullptr;  ///< of bases; not owned; nothing: read anew each time
  BuildCache* cache = nullptr;                 ///< not owned; the image does not depend on it
  Observer* observer = nullptr;                ///< not owned
  const BuildResult* expected = nullptr;       ///< nothing is published unless the same image comes of it
  std::stop_token stop;
};

/// One platform's image.
struct BuiltImage {
  oci::Platform platform;
  oci::Descriptor manifest;
  oci::Descriptor config;
  std::vector<oci::Descriptor> layers;
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
  std::vector<Error> warnings;
  std::vector<Reason> reasons;  ///< of every file that came by a closure
  std::vector<Attachment> attachments;
  std::vector<LayerContents> contents;  ///< of every layer but the base's, the lowest first
};

/// Builds the recipe's image for every platform and carries it to every
/// destination; tags move last, and nothing is tagged when anything failed.
/// invalid_argument for the recipe's mistakes (all at once, with places), failed for
/// the disk's, cancelled on stop; else what the base or a destination said.
Result<BuildResult> build_image(const Recipe& recipe, const BuildOptions& options, FileSystem& fs,
                                store::Opener& opener);

}  // namespace slipway::builder
