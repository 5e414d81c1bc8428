#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/builder/recipe.h"
#include "slipway/image/file_list.h"
#include "slipway/io/compress.h"
#include "slipway/store/target.h"

/// Images made of other images without a build: the config of every platform changes, layers are added or merged, and
/// no layer that stays is read. One thread at a time.
///
/// Example: a copy with another config.
///
///     Status copy_changed(store::ReadTarget& source, const oci::Descriptor& root, const builder::ConfigChange& change,
///                         store::Target& destination) {
///       const builder::ChangeImage edit = [&](auto&, auto& draft) { return builder::apply_change(change, draft); };
///       SLIPWAY_ASSIGN(const auto derived, builder::derive(source, root, change.annotations, edit));
///       return copy::copy_tagged({derived.documents.get(), &source}, derived.root, destination, {"v2"}, {});
///     }
namespace slipway::builder {

/// Manifest and config of one platform's image while they are changed.
struct Draft {
  oci::Manifest manifest;
  oci::ImageConfig config;
};

/// Changes the draft of one image, which starts as its copy.
using ChangeImage = std::function<Status(const image::Image& image, Draft& draft)>;

/// The result of derive().
struct Derived {
  oci::Descriptor root;                          ///< a manifest, or an index
  std::vector<oci::Platform> platforms;          ///< in the order of the index
  std::vector<Digest> left_out;                  ///< attestations of BuildKit: they name the digests of the original
  std::shared_ptr<store::ReadTarget> documents;  ///< has the new configs, manifests and index; blobs stay in `from`
};

/// Derives an image, or every image of an index. `annotations` are added to an index. Errc::unsupported for artifacts
/// and nested indexes, invalid_argument for a config that oci::ImageConfig::check() refuses; errors of `change`.
Result<Derived> derive(store::ReadTarget& from, const oci::Descriptor& root, const oci::Annotations& annotations,
                       const ChangeImage& change);

/// Puts what the change names into a draft. Images of Docker's media types get annotations as labels.
Status apply_change(const ConfigChange& change, Draft& draft);

/// A compressed layer in an unnamed file, which lasts as long as this.
struct PackedLayer {
  oci::Descriptor blob;
  Digest diff_id;
  std::unique_ptr<File> file;
};

/// The place in which new layers wait, and how they are compressed.
struct PackingPlace {
  FileSystem& fs;
  stdfs::path temporary;      ///< a folder
  bool docker_types = false;  ///< media types of Docker's images
  std::size_t threads = 1;
};

/// Makes a layer of a tar: one that is compressed with gzip or zstd keeps its bytes, another one is compressed with
/// gzip. Errc::malformed for what is not a tar that every runtime reads alike, Errc::invalid_argument
/// for zstd with Docker's media types.
Result<PackedLayer> pack_tar(io::Source& tar, const PackingPlace& place, std::stop_token stop = {});

/// Packs the merged files of an image as one layer (image::write_tree).
Result<PackedLayer> pack_tree(store::ReadTarget& from, const image::Image& image, const image::FileList& files,
                              const PackingPlace& place, std::stop_token stop = {});

/// Adds a layer and its line of history.
void add_layer(Draft& draft, const PackedLayer& layer, oci::History history);

/// Packed layers as a place to copy from. Reading is thread-safe, adding is not.
class PackedLayers final : public store::ReadTarget {
 public:
  /// Adds a layer; the reference is valid as long as this.
  const PackedLayer& add(PackedLayer layer);

  std::string name() const override { return "the new layers"; }
  Result<oci::Descriptor> resolve(const store::TagOrDigest& reference) override;
  Result<bool> exists(const oci::Descriptor& descriptor) override;
  Result<std::unique_ptr<io::Source>> fetch(const oci::Descriptor& descriptor) override;

 private:
  const PackedLayer* find(const Digest& digest) const;

  std::vector<std::unique_ptr<PackedLayer>> layers_;
};

}  // namespace slipway::builder
