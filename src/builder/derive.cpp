#include "slipway/builder/derive.h"

#include <algorithm>
#include <array>

#include "builder/image_assembly.h"
#include "builder/staged_documents.h"
#include "slipway/copy/copy.h"
#include "slipway/image/image.h"
#include "slipway/image/tree_tar.h"
#include "slipway/io/filters.h"
#include "slipway/layer/layer_reader.h"
#include "slipway/layer/layer_writer.h"
#include "slipway/layer/plain_tar.h"
#include "slipway/oci/media_type.h"

namespace slipway::builder {
namespace {

bool is_docker(const oci::Manifest& manifest) { return manifest.media_type == oci::kDockerManifestType; }

Result<oci::Descriptor> derive_image(const image::Image& image, const ChangeImage& change, StagedDocuments& documents) {
  Draft draft{image.manifest, image.config};
  SLIPWAY_TRY(change(image, draft));
  SLIPWAY_TRY(draft.config.check());
  const std::string media_type = image.manifest.config.media_type;
  draft.manifest.config = documents.add(media_type, draft.config.serialize());
  return documents.add(draft.manifest.media_type, oci::write_manifest(draft.manifest));
}

/// True for BuildKit's attestations, which stand in an index beside the images they are about.
bool is_attestation(const oci::Descriptor& child) { return child.annotations.contains("vnd.docker.reference.digest"); }

Result<Derived> derive_index(store::ReadTarget& from, oci::Index index, const oci::Annotations& annotations,
                             const ChangeImage& change, StagedDocuments& documents) {
  Derived derived{index.manifests.front(), {}, {}, nullptr};
  std::vector<oci::Descriptor> children;
  for (const oci::Descriptor& child : index.manifests) {
    if (is_attestation(child)) {
      derived.left_out.push_back(child.digest);
      continue;
    }
    SLIPWAY_ASSIGN(const image::Image image, image::load_manifest(from, child));
    SLIPWAY_ASSIGN(oci::Descriptor made, derive_image(image, change, documents));
    made.platform = child.platform;
    made.annotations = child.annotations;
    derived.platforms.push_back(image.config.platform);
    children.push_back(std::move(made));
  }
  index.manifests = std::move(children);
  if (index.media_type != oci::kDockerIndexType) {
    for (const auto& [key, value] : annotations)
      index.annotations[key] = value;
  }
  derived.root = documents.add(index.media_type, oci::write_index(index));
  return derived;
}

/// Opens a spool and fills it from a source.
Result<std::unique_ptr<File>> spooled(io::Source& from, const PackingPlace& place, std::stop_token stop) {
  SLIPWAY_ASSIGN(auto file, place.fs.create_unnamed(place.temporary));
  io::FileSink sink(*file);
  SLIPWAY_TRY(io::copy(from, sink, std::move(stop)));
  return file;
}

/// Returns the file's position to its first byte.
Result<io::Compression> compression_of(File& file) {
  std::array<std::byte, 4> head{};
  SLIPWAY_ASSIGN(const std::size_t n, file.read_at(head, 0));
  SLIPWAY_TRY(file.seek(0));
  return io::compression_of(std::span(head).first(n));
}

/// A view of a file that somebody else owns.
class BorrowedFile final : public io::Source {
 public:
  explicit BorrowedFile(File& file) : file_(file) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override { return file_.read(buffer); }

 private:
  File& file_;
};

Result<std::string> layer_type(io::Compression format, bool docker) {
  if (!docker) return std::string(layer::layer_media_type(format));
  if (format == io::Compression::gzip) return std::string(oci::kDockerLayerGzipType);
  return fail(Error(Errc::invalid_argument, "zstd layers need an OCI base, but this base has docker's older format")
                  .with_hint("compress the tar with gzip, or use an OCI variant of the base"));
}

/// Writes a tar through gzip into a spool.
Result<PackedLayer> compress(const std::function<Status(io::Sink&)>& write, const PackingPlace& place) {
  SLIPWAY_ASSIGN(auto file, place.fs.create_unnamed(place.temporary));
  io::FileSink sink(*file);
  io::HashingSink hashed(sink);
  io::Hasher plain;
  SLIPWAY_ASSIGN(const auto compressor,
                 io::compressor({.format = io::Compression::gzip, .lanes = place.threads, .plain = &plain}, hashed));
  SLIPWAY_TRY(write(*compressor));
  SLIPWAY_TRY(compressor->finish());
  SLIPWAY_ASSIGN(std::string type, layer_type(io::Compression::gzip, place.docker_types));
  const auto size = static_cast<std::int64_t>(hashed.count());
  return PackedLayer{oci::Descriptor(std::move(type), hashed.digest(), size), plain.finish(), std::move(file)};
}

/// Takes a compressed tar as it stands.
Result<PackedLayer> keep(std::unique_ptr<File> file, io::Compression format, const PackingPlace& place,
                         std::stop_token stop) {
  io::NullSink nowhere;
  io::HashingSink blob(nowhere), plain(nowhere);
  BorrowedFile whole(*file);
  SLIPWAY_TRY(io::copy(whole, blob, stop));
  SLIPWAY_TRY(file->seek(0));
  const auto tar = io::decompressor(std::make_unique<BorrowedFile>(*file));
  SLIPWAY_TRY(io::copy(*tar, plain, std::move(stop)));
  SLIPWAY_ASSIGN(std::string type, layer_type(format, place.docker_types));
  const auto size = static_cast<std::int64_t>(blob.count());
  return PackedLayer{oci::Descriptor(std::move(type), blob.digest(), size), plain.digest(), std::move(file)};
}

/// Reads every entry of a tar, compressed or not, so that no runtime meets a surprise.
Status check_tar(File& file) {
  const auto ignore = [](const layer::FileEntry&, io::Source&) { return Status(); };
  SLIPWAY_ASSIGN(const auto tar, layer::plain_tar(std::make_unique<BorrowedFile>(file), "the tar"));
  SLIPWAY_TRY(layer::read_tar(*tar, {}, ignore));
  return file.seek(0);
}

}  // namespace

Result<Derived> derive(store::ReadTarget& from, const oci::Descriptor& root, const oci::Annotations& annotations,
                       const ChangeImage& change) {
  const auto documents = std::make_shared<StagedDocuments>();
  SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(from, root));
  if (const auto* index = std::get_if<oci::Index>(&document); index != nullptr && !index->manifests.empty()) {
    SLIPWAY_ASSIGN(Derived derived, derive_index(from, *index, annotations, change, *documents));
    derived.documents = documents;
    return derived;
  }
  SLIPWAY_ASSIGN(const image::Image image, image::load_manifest(from, root));
  SLIPWAY_ASSIGN(oci::Descriptor made, derive_image(image, change, *documents));
  return Derived{std::move(made), {image.config.platform}, {}, documents};
}

Status apply_change(const ConfigChange& change, Draft& draft) {
  apply_rule(change.config, draft.config);
  for (const auto& [key, value] : change.annotations)
    (is_docker(draft.manifest) ? draft.config.labels : draft.manifest.annotations)[key] = value;
  return {};
}

Result<PackedLayer> pack_tar(io::Source& tar, const PackingPlace& place, std::stop_token stop) {
  SLIPWAY_ASSIGN(auto file, spooled(tar, place, stop));
  SLIPWAY_ASSIGN(const io::Compression format, compression_of(*file));
  SLIPWAY_TRY(check_tar(*file));
  if (format != io::Compression::none) return keep(std::move(file), format, place, std::move(stop));
  SLIPWAY_ASSIGN(const auto plain, layer::plain_tar(std::make_unique<BorrowedFile>(*file), "the tar"));
  return compress(
      [&](io::Sink& out) -> Status {
        SLIPWAY_TRY(io::copy(*plain, out, stop));
        return {};
      },
      place);
}

Result<PackedLayer> pack_tree(store::ReadTarget& from, const image::Image& image, const image::FileList& files,
                              const PackingPlace& place, std::stop_token stop) {
  return compress([&](io::Sink& out) { return image::write_tree(from, image, files, out, stop); }, place);
}

void add_layer(Draft& draft, const PackedLayer& layer, oci::History history) {
  // The counts must agree: an image without history gets a line for each of its layers.
  if (draft.config.history.empty()) {
    oci::History inherited;
    inherited.created = draft.config.created;
    inherited.comment = "from the base image";
    draft.config.history.assign(draft.config.diff_ids.size(), inherited);
  }
  draft.manifest.layers.push_back(layer.blob);
  draft.config.diff_ids.push_back(layer.diff_id);
  draft.config.history.push_back(std::move(history));
}

namespace {

/// Reads a file from its start, whatever others read of it at the same time.
class FromStart final : public io::Source {
 public:
  explicit FromStart(File& file) : file_(file) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    SLIPWAY_ASSIGN(const std::size_t n, file_.read_at(buffer, at_));
    at_ += n;
    return n;
  }

 private:
  File& file_;
  std::uint64_t at_ = 0;
};

}  // namespace

const PackedLayer& PackedLayers::add(PackedLayer layer) {
  layers_.push_back(std::make_unique<PackedLayer>(std::move(layer)));
  return *layers_.back();
}

const PackedLayer* PackedLayers::find(const Digest& digest) const {
  for (const auto& layer : layers_) {
    if (layer->blob.digest == digest) return layer.get();
  }
  return nullptr;
}

Result<oci::Descriptor> PackedLayers::resolve(const store::TagOrDigest& reference) {
  return fail(Errc::not_found, "{} is not a layer", store::to_string(reference));
}

Result<bool> PackedLayers::exists(const oci::Descriptor& descriptor) { return find(descriptor.digest) != nullptr; }

Result<std::unique_ptr<io::Source>> PackedLayers::fetch(const oci::Descriptor& descriptor) {
  const PackedLayer* layer = find(descriptor.digest);
  if (layer == nullptr) return fail(Errc::not_found, "layer {} was not packed in this run", descriptor.digest.str());
  return std::unique_ptr<io::Source>(std::make_unique<io::VerifyingSource>(
      std::make_unique<FromStart>(*layer->file), descriptor.digest, descriptor.size, "a new layer"));
}

}  // namespace slipway::builder
