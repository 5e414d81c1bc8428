#include "slipway/builder/local_images.h"

#include <algorithm>
#include <limits>
#include <set>

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"
#include "slipway/oci/document.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/layout.h"

namespace slipway::builder {
namespace {

constexpr std::string_view kKeptSchema = "slipway/v1/kept-blobs";
constexpr const char* kImages = "images";
constexpr const char* kKept = "kept-blobs";
constexpr const char* kBuilding = "building";
constexpr const char* kLock = ".slipway.lock";  // a layout's, and that of the marks of builds
constexpr std::int64_t kLongBuild = 3600;       // seconds

struct Kept {
  std::vector<std::string> blobs;
  std::int64_t expires = 0;
};

Result<Kept> read_kept(FileSystem& fs, const stdfs::path& file) {
  SLIPWAY_ASSIGN(const std::string text, read_file(fs, file, 4u << 20));
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, "a list of kept blobs"));
  SLIPWAY_ASSIGN(JsonReader reader, JsonReader::of(json, "a list of kept blobs"));
  SLIPWAY_ASSIGN(const std::string schema, reader.required_string("schema"));
  if (schema != kKeptSchema) return fail(Errc::unsupported, "{} is of another version", file.native());
  Kept kept;
  SLIPWAY_ASSIGN(kept.expires, reader.required_integer("expires", 0, std::numeric_limits<std::int64_t>::max()));
  SLIPWAY_ASSIGN(auto blobs, reader.string_list("blobs"));
  kept.blobs = blobs.value_or(std::vector<std::string>());
  return kept;
}

/// The blobs that are kept by name; lists that have expired are removed.
Result<std::set<std::string>> kept_by_name(FileSystem& fs, const stdfs::path& folder, std::int64_t now) {
  std::set<std::string> needed;
  const auto names = fs.list(folder);
  if (!names && names.error().code == Errc::not_found) return needed;
  SLIPWAY_TRY(names);
  for (const std::string& name : *names) {
    if (!name.ends_with(".json")) continue;
    SLIPWAY_ASSIGN(const Kept kept, read_kept(fs, folder / name));
    if (kept.expires != 0 && kept.expires < now) {
      SLIPWAY_TRY(fs.remove(folder / name));
    } else {
      needed.insert(kept.blobs.begin(), kept.blobs.end());
    }
  }
  return needed;
}

/// One blob file.
struct Blob {
  std::string digest;
  stdfs::path path;
  std::uint64_t size = 0;
  std::int64_t written = 0;
};

Result<std::vector<Blob>> list_blobs(FileSystem& fs, const stdfs::path& images) {
  std::vector<Blob> blobs;
  const stdfs::path folder = images / "blobs";
  const auto algorithms = fs.list(folder);
  if (!algorithms && algorithms.error().code == Errc::not_found) return blobs;
  SLIPWAY_TRY(algorithms);
  for (const std::string& algorithm : *algorithms) {
    SLIPWAY_ASSIGN(const auto names, fs.list(folder / algorithm));
    for (const std::string& name : names) {
      const auto stat = fs.stat(folder / algorithm / name);
      if (!stat || stat->type != FileType::regular || name.starts_with('.')) continue;
      blobs.push_back({algorithm + ':' + name, folder / algorithm / name, stat->size, stat->mtime_ns});
    }
  }
  return blobs;
}

/// The images that index.json lists, and what each of them reaches.
struct Listed {
  oci::Descriptor root;
  std::vector<Digest> blobs;
  bool needed = false;
};

Result<bool> is_attached(store::ReadTarget& layout, const Listed& image, const std::set<std::string>& needed) {
  const auto fetched = layout.fetch_document(image.root.digest);
  if (!fetched && fetched.error().code == Errc::not_found) return false;
  SLIPWAY_TRY(fetched);
  SLIPWAY_ASSIGN(const oci::Document document, oci::parse_document(fetched->bytes, image.root.media_type));
  const auto& subject = oci::subject_of(document);
  return subject && needed.contains(subject->digest.str());
}

/// Marks the images that have a tag, are kept by name, or are attached to one that is needed; adds their blobs.
Status mark_needed(store::ReadTarget& layout, std::vector<Listed>& images, std::set<std::string>& needed) {
  for (bool again = true; again;) {
    again = false;
    for (Listed& image : images) {
      if (image.needed) continue;
      const bool tagged = image.root.annotations.contains(std::string(oci::kRefName));
      bool wanted = tagged || needed.contains(image.root.digest.str());
      if (!wanted) {
        SLIPWAY_ASSIGN(wanted, is_attached(layout, image, needed));
      }
      if (!wanted) continue;
      image.needed = again = true;
      for (const Digest& blob : image.blobs)
        needed.insert(blob.str());
    }
  }
  return {};
}

/// The parts of the layout that may go.
struct Spare {
  std::vector<Blob> blobs;     // the oldest first
  std::vector<Listed> images;  // without a tag, which nothing needs
};

Result<Spare> spare_of(FileSystem& fs, const stdfs::path& state_folder, std::int64_t now) {
  const stdfs::path folder = state_folder / kImages;
  Spare spare;
  SLIPWAY_ASSIGN(spare.blobs, list_blobs(fs, folder));
  SLIPWAY_ASSIGN(std::set<std::string> needed, kept_by_name(fs, state_folder / kKept, now));
  SLIPWAY_ASSIGN(const auto layout, store::LayoutTarget::open(folder, {&fs, {}}));
  auto* const lister = store::as<store::RootLister>(*layout);
  SLIPWAY_ASSIGN(const auto roots, lister->roots());
  for (const oci::Descriptor& root : roots) {
    SLIPWAY_ASSIGN(auto blobs, blobs_of(*layout, root));
    spare.images.push_back({root, std::move(blobs)});
  }
  SLIPWAY_TRY(mark_needed(*layout, spare.images, needed));
  std::erase_if(spare.images, [](const Listed& image) { return image.needed; });
  std::erase_if(spare.blobs, [&needed](const Blob& blob) { return needed.contains(blob.digest); });
  std::sort(spare.blobs.begin(), spare.blobs.end(), [](const Blob& a, const Blob& b) { return a.written < b.written; });
  return spare;
}

/// Takes the images of which a blob goes off index.json.
Status forget_images(FileSystem& fs, const stdfs::path& folder, const std::vector<Listed>& images,
                     const std::set<std::string>& gone) {
  std::vector<Digest> roots;
  for (const Listed& image : images) {
    const auto goes = [&gone](const Digest& blob) { return gone.contains(blob.str()); };
    if (std::any_of(image.blobs.begin(), image.blobs.end(), goes)) roots.push_back(image.root.digest);
  }
  return roots.empty() ? Status() : store::forget_untagged(fs, folder, roots);
}

/// Returns true if another process builds; removes the marks of those that were killed.
Result<bool> others_build(FileSystem& fs, const stdfs::path& folder, const stdfs::path& own, std::int64_t now) {
  const auto names = fs.list(folder);
  if (!names && names.error().code == Errc::not_found) return false;
  SLIPWAY_TRY(names);
  for (const std::string& name : *names) {
    if (name == kLock || folder / name == own) continue;
    const auto stat = fs.stat(folder / name);
    if (!stat) continue;
    // The process may be one of another container, which this one cannot see: an hour is longer than a build.
    if (!is_stale_temporary(name) || now - stat->mtime_ns / 1'000'000'000 < kLongBuild) return true;
    SLIPWAY_TRY(fs.remove(folder / name));
  }
  return false;
}

}  // namespace

Status keep_blobs(FileSystem& fs, const stdfs::path& state_folder, const std::string& name,
                  const std::vector<Digest>& blobs, std::int64_t expires) {
  Json::Array list;
  for (const Digest& blob : blobs)
    list.emplace_back(blob.str());
  const Json document(Json::Object{{"blobs", std::move(list)}, {"expires", expires}, {"schema", Json(kKeptSchema)}});
  SLIPWAY_ASSIGN(const std::string text, document.canonical());
  const stdfs::path folder = state_folder / kKept;
  const stdfs::path file = folder / (name + ".json");
  if (const auto known = read_file(fs, file, 4u << 20); known && *known == text) return {};
  SLIPWAY_TRY(fs.make_directories(folder));
  return write_file_atomically(fs, file, text);
}

Result<std::vector<Digest>> blobs_of(store::ReadTarget& from, const oci::Descriptor& root) {
  std::vector<Digest> found;
  std::set<std::string> seen;
  std::vector<oci::Descriptor> ahead = {root};
  while (!ahead.empty()) {
    const oci::Descriptor next = std::move(ahead.back());
    ahead.pop_back();
    if (!seen.insert(next.digest.str()).second) continue;
    found.push_back(next.digest);
    if (!oci::is_graph_node(next.media_type)) continue;
    const auto fetched = from.fetch_document(next.digest);
    if (!fetched && fetched.error().code == Errc::not_found) continue;
    SLIPWAY_TRY(fetched);
    SLIPWAY_ASSIGN(const oci::Document document, oci::parse_document(fetched->bytes, next.media_type));
    for (oci::Descriptor& child : oci::children(document))
      ahead.push_back(std::move(child));
  }
  return found;
}

Result<CacheShare> count_local_images(FileSystem& fs, const stdfs::path& state_folder) {
  SLIPWAY_ASSIGN(const auto blobs, list_blobs(fs, state_folder / kImages));
  CacheShare share{"images", blobs.size(), 0};
  for (const Blob& blob : blobs)
    share.bytes += blob.size;
  return share;
}

BuildMark BuildMark::begin(FileSystem& fs, const stdfs::path& state_folder) {
  BuildMark mark;
  const stdfs::path folder = state_folder / kBuilding;
  if (!fs.make_directories(folder)) return mark;
  const auto lock = fs.lock(folder / kLock);
  const stdfs::path file = temporary_name(folder);
  if (!lock || !fs.create(file)) return mark;
  mark.fs_ = &fs;
  mark.file_ = file;
  return mark;
}

BuildMark::~BuildMark() {
  if (!file_.empty()) (void)fs_->remove(file_).has_value();
}

Result<CacheShare> prune_local_images(FileSystem& fs, const stdfs::path& state_folder, std::uint64_t limit,
                                      std::int64_t now, const BuildMark& own) {
  CacheShare removed{"images", 0, 0};
  const stdfs::path images = state_folder / kImages, building = state_folder / kBuilding;
  if (!fs.stat(images / "index.json")) return removed;
  SLIPWAY_ASSIGN(const CacheShare all, count_local_images(fs, state_folder));
  if (all.bytes <= limit) return removed;
  SLIPWAY_TRY(fs.make_directories(building));
  SLIPWAY_ASSIGN(const auto turn, fs.lock(building / kLock));  // no build begins until this is done
  SLIPWAY_ASSIGN(const bool busy, others_build(fs, building, own.file_, now));
  if (busy) return removed;
  SLIPWAY_ASSIGN(const auto lock, fs.lock(images / kLock));
  SLIPWAY_ASSIGN(const Spare spare, spare_of(fs, state_folder, now));
  std::uint64_t total = 0;
  for (const Blob& blob : spare.blobs)
    total += blob.size;
  std::vector<const Blob*> going;
  std::set<std::string> gone;
  for (const Blob& blob : spare.blobs) {
    if (total <= limit) break;
    total -= blob.size;
    going.push_back(&blob);
    gone.insert(blob.digest);
  }
  SLIPWAY_TRY(forget_images(fs, images, spare.images, gone));
  for (const Blob* blob : going) {
    SLIPWAY_TRY(fs.remove(blob->path));
    ++removed.files;
    removed.bytes += blob->size;
  }
  return removed;
}

}  // namespace slipway::builder
