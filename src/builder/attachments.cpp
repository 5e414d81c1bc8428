#include "builder/attachments.h"

#include "slipway/builder/debug.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"

namespace slipway::builder {
namespace {

Result<oci::Descriptor> store_file(const stdfs::path& path, FileSystem& fs, store::BlobIngest* ingest) {
  SLIPWAY_ASSIGN(auto file, fs.open(path));
  io::FileSource source(std::move(file));
  if (ingest == nullptr) {
    io::NullSink nowhere;
    io::HashingSink sink(nowhere);
    SLIPWAY_TRY(io::copy(source, sink));
    return oci::Descriptor(std::string(kDebugFileType), sink.digest(), static_cast<std::int64_t>(sink.count()));
  }
  SLIPWAY_ASSIGN(const auto writer, ingest->start_blob(std::string(kDebugFileType)));
  SLIPWAY_TRY(io::copy(source, *writer));
  SLIPWAY_TRY(writer->finish());
  return writer->descriptor();
}

}  // namespace

Result<store::ReadTarget*> FirstOf::place_of(const oci::Descriptor& descriptor) {
  for (store::ReadTarget* place : places_) {
    SLIPWAY_ASSIGN(const bool there, place->exists(descriptor));
    if (there) return place;
  }
  return nullptr;
}

Result<oci::Descriptor> FirstOf::resolve(const store::TagOrDigest& reference) {
  for (store::ReadTarget* place : places_) {
    auto found = place->resolve(reference);
    if (found || found.error().code != Errc::not_found) return found;
  }
  return fail(Errc::not_found, "the build has no such document");
}

Result<bool> FirstOf::exists(const oci::Descriptor& descriptor) {
  SLIPWAY_ASSIGN(const store::ReadTarget* place, place_of(descriptor));
  return place != nullptr;
}

Result<std::unique_ptr<io::Source>> FirstOf::fetch(const oci::Descriptor& descriptor) {
  SLIPWAY_ASSIGN(store::ReadTarget* const place, place_of(descriptor));
  if (place == nullptr) return fail(Errc::not_found, "the build has no {}", descriptor.digest.str());
  return place->fetch(descriptor);
}

oci::Descriptor stage_artifact(std::string_view type, const oci::Descriptor& subject,
                               std::vector<oci::Descriptor> files, const oci::Annotations& annotations,
                               StagedDocuments& documents) {
  oci::Manifest manifest{.raw = {},
                         .media_type = std::string(oci::kManifestType),
                         .artifact_type = std::string(type),
                         .config = documents.add(std::string(oci::kEmptyType), "{}"),
                         .layers = std::move(files),
                         .subject = oci::Descriptor(subject.media_type, subject.digest, subject.size),
                         .annotations = annotations};
  oci::Descriptor descriptor = documents.add(manifest.media_type, oci::write_manifest(manifest));
  descriptor.artifact_type = std::string(type);
  return descriptor;
}

Result<oci::Descriptor> attach_debug_files(const std::map<std::string, DebugFile>& files, const BuiltImage& image,
                                           const oci::Annotations& annotations, FileSystem& fs,
                                           store::BlobIngest* ingest, StagedDocuments& documents) {
  std::vector<oci::Descriptor> blobs;
  for (const auto& [build_id, file] : files) {
    SLIPWAY_ASSIGN(oci::Descriptor blob, store_file(file.file, fs, ingest));
    blob.annotations = {{"org.opencontainers.image.title", debug_path(build_id)},
                        {std::string(kBuildIdAnnotation), build_id},
                        {std::string(kDebugPathAnnotation), file.path}};
    blobs.push_back(std::move(blob));
  }
  return stage_artifact(kDebugArtifactType, image.manifest, std::move(blobs), annotations, documents);
}

}  // namespace slipway::builder
