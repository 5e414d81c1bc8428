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
constexpr const char* kLock = ".slipway.lock";  // a layout's

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

/// The blobs of the images that index.json lists.
Result<std::set<std::string>> listed_blobs(FileSystem& fs, const stdfs::path& images) {
  SLIPWAY_ASSIGN(const auto layout, store::LayoutTarget::open(images, {&fs, {}}));
  auto* const lister = store::as<store::RootLister>(*layout);
  SLIPWAY_ASSIGN(const auto roots, lister->roots());
  std::set<std::string> listed;
  for (const oci::Descriptor& root : roots) {
    SLIPWAY_ASSIGN(const auto blobs, blobs_of(*layout, root));
    for (const Digest& blob : blobs)
      listed.insert(blob.str());
  }
  return listed;
}

/// Keeps of `blobs` those that nothing needs, the oldest first.
Result<std::vector<Blob>> spare_blobs(FileSystem& fs, const stdfs::path& state_folder, std::int64_t now) {
  const stdfs::path images = state_folder / kImages;
  SLIPWAY_ASSIGN(std::vector<Blob> blobs, list_blobs(fs, images));
  SLIPWAY_ASSIGN(std::set<std::string> needed, kept_by_name(fs, state_folder / kKept, now));
  SLIPWAY_ASSIGN(const std::set<std::string> listed, listed_blobs(fs, images));
  needed.insert(listed.begin(), listed.end());
  std::erase_if(blobs, [&needed](const Blob& blob) { return needed.contains(blob.digest); });
  std::sort(blobs.begin(), blobs.end(), [](const Blob& a, const Blob& b) { return a.written < b.written; });
  return blobs;
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

Result<CacheShare> prune_local_images(FileSystem& fs, const stdfs::path& state_folder, std::uint64_t limit,
                                      std::int64_t now) {
  CacheShare removed{"images", 0, 0};
  if (!fs.stat(state_folder / kImages / "index.json")) return removed;
  SLIPWAY_ASSIGN(const auto lock, fs.lock(state_folder / kImages / kLock));
  SLIPWAY_ASSIGN(const auto spare, spare_blobs(fs, state_folder, now));
  std::uint64_t total = 0;
  for (const Blob& blob : spare)
    total += blob.size;
  for (const Blob& blob : spare) {
    if (total <= limit) break;
    SLIPWAY_TRY(fs.remove(blob.path));
    total -= blob.size;
    ++removed.files;
    removed.bytes += blob.size;
  }
  return removed;
}

}  // namespace slipway::builder
