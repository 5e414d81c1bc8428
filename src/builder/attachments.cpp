#include "builder/attachments.h"

#include "builder/recipe_root.h"
#include "builder/sbom_debian.h"
#include "slipway/base/clock.h"
#include "slipway/builder/debug.h"
#include "slipway/builder/sbom.h"
#include "slipway/builder/watched_target.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/layout.h"

namespace slipway::builder {
namespace {

constexpr std::size_t kLargestHeld = 256u << 20;  // of a document, without a place to write it to

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

/// One blob a build-id, whose title is the path that gdb and debuginfod look for below a folder of debug files.
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

/// Reads the finished image once, whatever the number of formats.
Result<Sbom> sbom_of(const BuiltImage& built, const Recipe& recipe, const std::vector<std::string>& others,
                     const std::vector<store::ReadTarget*>& sources, const BuildServices& services) {
  FirstOf places(sources);
  store::ReadTarget* target = &places;
  std::optional<WatchedTarget> watched;
  if (auto* const watcher = dynamic_cast<WorkObserver*>(services.observer)) {
    watched.emplace(std::shared_ptr<store::ReadTarget>(std::shared_ptr<void>(), &places), *watcher);
    target = &*watched;
  }
  store::ReadTarget& everything = *target;
  const std::stop_token& stop = services.stop;
  const layer::SpillPlace spill = layer::spill_to_temporary(services.fs);
  SLIPWAY_ASSIGN(const image::Image image, image::load_manifest(everything, built.manifest));
  SLIPWAY_ASSIGN(const image::FileList list, image::merge_files(everything, image, stop, spill));
  const std::string name = fmt::format("{}@{}", recipe.app.empty() ? "image" : recipe.app, built.manifest.digest.str());
  SLIPWAY_ASSIGN(Sbom sbom, take_sbom(everything, image, list, name, stop, spill));
  SLIPWAY_TRY(add_documents(sbom, others));
  return sbom;
}

/// The files of this machine that the recipe packs from outside of the project, and where they are in the image.
/// Folders that were merged into /usr are known under both names.
Result<std::map<std::string, std::string>> machine_files(const Recipe& recipe, const PlatformPlan& plan) {
  const std::string project = absolute_path(recipe.folder).native() + "/";
  std::map<std::string, std::string> places;
  for (const PlannedLayer& layer : plan.layers) {
    SLIPWAY_ASSIGN(const auto reader, layer.tree.read());
    for (layer::FileEntry entry;;) {
      SLIPWAY_ASSIGN(const bool more, reader->next(entry));
      if (!more) break;
      if (entry.type != layer::EntryType::regular || !entry.source.starts_with('/') ||
          entry.source.starts_with(project))
        continue;
      const std::string source = stdfs::path(entry.source).lexically_normal().native();
      places.emplace(source, "/" + entry.path);
      places.emplace(source.starts_with("/usr/") ? source.substr(4) : "/usr" + source, "/" + entry.path);
    }
  }
  return places;
}

/// Names the Debian packages that `files` took something of.
Status add_machine_packages(const Recipe& recipe, const PlatformPlan& plan, FileSystem& fs, Sbom& sbom) {
  SLIPWAY_ASSIGN(const auto places, machine_files(recipe, plan));
  if (places.empty()) return {};
  std::set<std::string> files;
  for (const auto& [source, path] : places)
    files.insert(source);
  SLIPWAY_ASSIGN(const auto packages, owners_of(fs, "/", files));
  if (!packages) return {};
  return add_debian_packages(sbom, *packages, read_file(fs, "/etc/os-release", 1u << 20).value_or(""), places);
}

/// Writes the document as a blob of the workplace, so that it is never held whole.
Result<oci::Descriptor> store_document(Sbom& sbom, const SbomFormat& format, const std::string& tool, FileSystem& fs,
                                       store::BlobIngest* ingest, StagedDocuments& documents) {
  const layer::SpillPlace spill = layer::spill_to_temporary(fs);
  if (ingest == nullptr) {
    io::StringSink text(kLargestHeld);
    SLIPWAY_TRY(format.write(sbom, tool, spill, text));
    return documents.add(std::string(format.media_type), text.take() + "\n");
  }
  SLIPWAY_ASSIGN(const auto writer, ingest->start_blob(std::string(format.media_type)));
  SLIPWAY_TRY(format.write(sbom, tool, spill, *writer));
  SLIPWAY_TRY(writer->write(io::as_bytes("\n")));
  SLIPWAY_TRY(writer->finish());
  return writer->descriptor();
}

Result<Attachment> attach_sbom(Sbom& sbom, const std::string& format, const std::string& tool, const BuiltImage& built,
                               const oci::Annotations& annotations, FileSystem& fs, store::BlobIngest* ingest,
                               StagedDocuments& documents) {
  const SbomFormat& kind = *find_sbom_format(format);
  SLIPWAY_ASSIGN(oci::Descriptor blob, store_document(sbom, kind, tool, fs, ingest, documents));
  blob.annotations = {{"org.opencontainers.image.title", std::string(kind.file_name)}};
  return Attachment{stage_artifact(kind.media_type, built.manifest, {std::move(blob)}, annotations, documents),
                    built.platform.str(), fmt::format("SBOM ({})", format)};
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

Result<std::vector<Attachment>> attach(const Recipe& recipe, const BuildRequest& request, const Inputs& inputs,
                                       const std::vector<PlatformPlan>& plans, const std::vector<BuiltImage>& images,
                                       const std::vector<store::ReadTarget*>& sources, const Workplace& workplace,
                                       const BuildServices& services, StagedDocuments& documents) {
  const oci::Annotations annotations = {{"org.opencontainers.image.created", format_time(inputs.created)}};
  std::vector<Attachment> attachments;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto& files = plans[i].debug;
    if (!files.empty()) {
      SLIPWAY_ASSIGN(auto manifest,
                     attach_debug_files(files, images[i], annotations, services.fs, workplace.ingest, documents));
      attachments.push_back(
          {std::move(manifest), images[i].platform.str(),
           fmt::format("debug information of {} program{}", files.size(), files.size() == 1 ? "" : "s")});
    }
    if (recipe.sboms.empty() || workplace.target == nullptr) continue;
    SLIPWAY_ASSIGN(Sbom sbom, sbom_of(images[i], recipe, inputs.sbom_documents, sources, services));
    SLIPWAY_TRY(add_machine_packages(recipe, plans[i], services.fs, sbom));
    for (const std::string& format : recipe.sboms) {
      SLIPWAY_ASSIGN(Attachment attached, attach_sbom(sbom, format, request.tool, images[i], annotations, services.fs,
                                                      workplace.ingest, documents));
      attachments.push_back(std::move(attached));
    }
  }
  return attachments;
}

}  // namespace slipway::builder
