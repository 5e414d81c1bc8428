#include "slipway/builder/build_cache.h"

#include <algorithm>
#include <cstring>

#include "slipway/base/json_reader.h"
#include "slipway/base/temporary.h"
#include "slipway/base/text.h"
#include "slipway/image/own_file.h"
#include "slipway/io/hash.h"

namespace slipway::builder {
namespace {

// A block's file: this, the sha256 of key and block in hexadecimal, a line end, the block.
constexpr std::string_view kBlockMagic = "slipway/v1/block ";
constexpr std::size_t kBlockHeader = kBlockMagic.size() + 64 + 1;
constexpr std::size_t kMaxBlock = 16u << 20;
// The file of a verdict that found something: this, the sha256 of key and text in hexadecimal, a line end, the text.
constexpr std::string_view kVerdictMagic = "slipway/v1/verdict ";
constexpr std::size_t kVerdictHeader = kVerdictMagic.size() + 64 + 1;
constexpr std::size_t kMaxVerdict = 256u << 10;
constexpr std::string_view kLayerSchema = "slipway/v1/layer-record";
constexpr std::int64_t kDay = 86'400;
// Coarser than the time stamps of any file system in use.
constexpr std::int64_t kRacySeconds = 2;

/// The check sum of one block under one key: under another name the block is not valid.
std::string check_of(const Digest& key, io::Bytes block) {
  io::Hasher hasher;
  hasher.update(io::as_bytes(key.hex()));
  hasher.update(block);
  return std::string(hasher.finish().hex());
}

std::string verdict_record(const Digest& key, std::string_view verdict) {
  return fmt::format("{}{}\n{}", kVerdictMagic, check_of(key, io::as_bytes(verdict)), verdict);
}

Result<std::size_t> read_whole(File& file, std::vector<std::byte>& out) {
  std::size_t size = 0;
  while (true) {
    if (size == out.size()) out.resize(std::max<std::size_t>(2 * size, 256u << 10));
    SLIPWAY_ASSIGN(const std::size_t n, file.read(std::span(out).subspan(size)));
    if (n == 0) return size;
    size += n;
    if (size > kMaxBlock) return fail(Errc::too_large, "a cached block is too large");
  }
}

/// The record without its check, whose hash the check is.
Json layer_json(const layer::Fingerprint& inputs, const layer::LayerDigests& digests) {
  return Json(Json::Object{{"diffId", digests.diff_id.str()},
                           {"digest", digests.digest.str()},
                           {"inputs", inputs.digest.str()},
                           {"schema", kLayerSchema},
                           {"size", digests.size}});
}

Result<layer::LayerDigests> parse_layer(const std::string& text, const layer::Fingerprint& inputs) {
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, "layer record"));
  SLIPWAY_ASSIGN(JsonReader reader, JsonReader::of(json, "layer record"));
  SLIPWAY_ASSIGN(const std::string schema, reader.required_string("schema"));
  SLIPWAY_ASSIGN(const Digest of, reader.required_digest("inputs"));
  SLIPWAY_ASSIGN(const std::string check, reader.required_string("check"));
  SLIPWAY_ASSIGN(Digest diff_id, reader.required_digest("diffId"));
  SLIPWAY_ASSIGN(Digest digest, reader.required_digest("digest"));
  SLIPWAY_ASSIGN(const std::int64_t size, reader.required_integer("size", 0, INT64_MAX));
  layer::LayerDigests digests{std::move(diff_id), std::move(digest), size};
  SLIPWAY_ASSIGN(const std::string plain, layer_json(inputs, digests).canonical());
  if (schema != kLayerSchema || of != inputs.digest || check != io::digest_of(plain).hex())
    return fail(Errc::verification_failed, "a layer record is damaged");
  return digests;
}

/// Calls `visitor` with every file below `folder` and the kind that it is of.
using Visitor = std::function<Status(const std::string& kind, const stdfs::path& file, const FileStat& stat)>;

Status visit_files(FileSystem& fs, const stdfs::path& folder, const std::string& kind, const Visitor& visitor) {
  const auto names = fs.list(folder);
  if (!names && names.error().code == Errc::not_found) return {};
  SLIPWAY_TRY(names);
  for (const std::string& name : *names) {
    const stdfs::path path = folder / name;
    const auto stat = fs.stat(path);
    if (!stat) continue;  // another process removed it just now
    if (stat->type == FileType::directory) {
      SLIPWAY_TRY(visit_files(fs, path, kind.empty() ? name : kind, visitor));
    } else if (!kind.empty()) {
      SLIPWAY_TRY(visitor(kind, path, *stat));
    }
  }
  return {};
}

}  // namespace

BuildCache::BuildCache(FileSystem& fs, Clock& clock, stdfs::path folder)
    : fs_(fs), clock_(clock), folder_(std::move(folder)) {}

stdfs::path BuildCache::block_path(const Digest& key) const {
  const std::string hex(key.hex());
  return folder_ / "blocks" / hex.substr(0, 2) / hex.substr(2);
}

stdfs::path BuildCache::layer_path(const layer::Fingerprint& inputs) const {
  return folder_ / "layers" / std::string(inputs.digest.hex());
}

stdfs::path BuildCache::verdict_path(const layer::Fingerprint& inputs) const {
  return folder_ / "proofs" / std::string(inputs.digest.hex());
}

/// Marks a record as used, so that pruning spares it.
void BuildCache::keep_fresh(const stdfs::path& path, const FileStat& stat) {
  if (stat.mtime_ns / 1'000'000'000 < clock_.now() - kDay) (void)fs_.touch(path);
}

/// Looks at the folder once.
bool BuildCache::is_trusted() {
  std::call_once(looked_, [this] {
    own_folder_ = image::is_own_folder(fs_, folder_);
    if (!own_folder_) foreign_ = true;
  });
  return own_folder_;
}

bool BuildCache::is_trusted(const FileStat& record) {
  if (image::is_own(record)) return true;
  foreign_ = true;
  return false;
}

bool BuildCache::find(const Digest& key, std::vector<std::byte>& out) {
  if (!is_trusted()) return false;
  const stdfs::path path = block_path(key);
  const auto file = fs_.open(path, false);
  if (!file) return false;
  const auto stat = (*file)->stat();
  if (stat && !is_trusted(*stat)) return false;
  const auto size = read_whole(**file, out);
  const bool whole = stat && size && *size > kBlockHeader;
  const std::string_view text = io::as_text(io::Bytes(out).first(whole ? *size : 0));
  if (!whole || !text.starts_with(kBlockMagic) ||
      text.substr(kBlockMagic.size(), 64) != check_of(key, io::as_bytes(text.substr(kBlockHeader)))) {
    (void)fs_.remove(path);
    return false;
  }
  keep_fresh(path, *stat);
  out.resize(*size);
  out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(kBlockHeader));
  return true;
}

void BuildCache::remember(const Digest& key, io::Bytes block) {
  if (full_ || !is_trusted()) return;
  const stdfs::path path = block_path(key);
  const auto write = [&]() -> Status {
    SLIPWAY_TRY(fs_.make_directories(path.parent_path(), 0700));
    const stdfs::path temporary = temporary_name(path.parent_path());
    SLIPWAY_ASSIGN(const auto file, fs_.create(temporary, 0600));
    Status written = file->write(io::as_bytes(fmt::format("{}{}\n", kBlockMagic, check_of(key, block))));
    if (written) written = file->write(block);
    // No fsync: what a power cut leaves half-written fails its check.
    if (written) written = fs_.rename(temporary, path);
    if (!written) (void)fs_.remove(temporary);
    return written;
  };
  if (write()) {
    added_ += block.size();
  } else {
    full_ = true;
  }
}

std::optional<layer::LayerDigests> BuildCache::find_layer(const layer::Fingerprint& inputs) {
  if (!is_trusted()) return std::nullopt;
  const stdfs::path path = layer_path(inputs);
  const auto stat = fs_.stat(path);
  if (!stat || !is_trusted(*stat)) return std::nullopt;
  const auto text = read_file(fs_, path, 64u << 10);
  if (!text) return std::nullopt;
  auto digests = parse_layer(*text, inputs);
  if (!digests) {
    (void)fs_.remove(path);
    return std::nullopt;
  }
  keep_fresh(path, *stat);
  return *std::move(digests);
}

void BuildCache::remember_layer(const layer::Fingerprint& inputs, const layer::LayerDigests& digests,
                                std::int64_t started) {
  if (full_ || !is_trusted() || inputs.newest_ns / 1'000'000'000 >= started - kRacySeconds) return;
  Json record = layer_json(inputs, digests);
  const auto plain = record.canonical();
  if (!plain) return;
  record.set("check", io::digest_of(*plain).hex());
  const auto text = record.canonical();
  const stdfs::path path = layer_path(inputs);
  if (text && fs_.make_directories(path.parent_path(), 0700)) (void)write_file_atomically(fs_, path, *text, 0600);
}

std::optional<std::string> BuildCache::find_verdict(const layer::Fingerprint& inputs) {
  if (!is_trusted()) return std::nullopt;
  const stdfs::path path = verdict_path(inputs);
  const auto stat = fs_.stat(path);
  if (!stat || stat->type != FileType::regular || !is_trusted(*stat)) return std::nullopt;
  std::string verdict;
  if (stat->size > 0) {
    const auto text = read_file(fs_, path, kMaxVerdict + kVerdictHeader);
    if (text && text->size() > kVerdictHeader) verdict = text->substr(kVerdictHeader);
    if (verdict.empty() || *text != verdict_record(inputs.digest, verdict)) {
      (void)fs_.remove(path);
      return std::nullopt;
    }
  }
  keep_fresh(path, *stat);
  return verdict;
}

/// The record of "nothing wrong" is an empty file: its name says everything.
void BuildCache::remember_verdict(const layer::Fingerprint& inputs, std::string_view verdict, std::int64_t started) {
  if (full_ || !is_trusted() || inputs.newest_ns / 1'000'000'000 >= started - kRacySeconds) return;
  if (verdict.size() > kMaxVerdict) return;
  const stdfs::path path = verdict_path(inputs);
  if (!fs_.make_directories(path.parent_path(), 0700)) return;
  if (verdict.empty()) {
    (void)fs_.create(path, 0600);
  } else {
    (void)write_file_atomically(fs_, path, verdict_record(inputs.digest, verdict), 0600);
  }
}

void BuildCache::settle(std::uint64_t limit) {
  // Looking through the cache costs time: once in a while is enough.
  if (added_ < limit / 16) return;
  (void)prune_cache(fs_, folder_, limit);
  added_ = 0;
}

Result<std::vector<CacheShare>> cache_stats(FileSystem& fs, const stdfs::path& folder) {
  std::vector<CacheShare> shares;
  SLIPWAY_TRY(visit_files(fs, folder, "", [&](const std::string& kind, const stdfs::path&, const FileStat& stat) {
    if (shares.empty() || shares.back().name != kind) shares.push_back({kind, 0, 0});
    ++shares.back().files;
    shares.back().bytes += stat.size;
    return Status();
  }));
  return shares;
}

Result<CacheShare> prune_cache(FileSystem& fs, const stdfs::path& folder, std::uint64_t limit) {
  struct Old {
    std::int64_t used;
    std::uint64_t size;
    stdfs::path path;
  };
  std::vector<Old> all;
  std::uint64_t total = 0;
  CacheShare removed;
  const auto remove = [&](const stdfs::path& path, std::uint64_t size) -> Status {
    SLIPWAY_TRY(fs.remove(path));
    ++removed.files;
    removed.bytes += size;
    return {};
  };
  SLIPWAY_TRY(
      visit_files(fs, folder, "", [&](const std::string&, const stdfs::path& path, const FileStat& stat) -> Status {
        const std::string name = path.filename().native();
        if (const auto dead = take_stale_temporary(path)) return remove(path, stat.size);
        if (name.starts_with('.')) return {};  // somebody is writing it
        all.push_back({stat.mtime_ns, stat.size, path});
        total += stat.size;
        return {};
      }));
  std::sort(all.begin(), all.end(), [](const Old& a, const Old& b) { return a.used < b.used; });
  for (const Old& old : all) {
    if (total <= limit) break;
    SLIPWAY_TRY(remove(old.path, old.size));
    total -= old.size;
  }
  return removed;
}

}  // namespace slipway::builder
