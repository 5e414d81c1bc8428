#include "builder/rpm_database.h"

#include <memory>

#include "builder/sqlite_api.h"
#include "slipway/base/text.h"

namespace slipway::builder {
namespace {

constexpr std::size_t kMaxTags = 1u << 16, kMaxRpmFiles = 1u << 20, kMaxRpmPackages = 100'000;
constexpr std::uint32_t kName = 1000, kVersion = 1001, kRelease = 1002, kEpoch = 1003, kArch = 1022, kDirIndexes = 1116,
                        kBaseNames = 1117, kDirNames = 1118;
constexpr std::size_t kReadVersion = 18;  // in SQLite's header; 2 means a write-ahead log

/// One header: big-endian numbers, each tag with its type, its place in the store and how many values it has.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view blob) : blob_(blob) {}

  Status start() {
    if (blob_.size() < 8) return damaged();
    tags_ = number(0);
    const std::uint64_t size = number(4);
    if (tags_ > kMaxTags || 8 + 16 * tags_ + size > blob_.size()) return damaged();
    store_ = blob_.substr(8 + 16 * tags_, size);
    return {};
  }

  Result<std::string> text(std::uint32_t tag) const {
    SLIPWAY_ASSIGN(const auto all, texts(tag));
    return all.empty() ? std::string() : all.front();
  }

  Result<std::vector<std::string>> texts(std::uint32_t tag) const {
    std::vector<std::string> out;
    const auto place = find(tag);
    if (!place) return out;
    std::size_t at = place->first;
    for (std::uint64_t i = 0; i < place->second; ++i) {
      const std::size_t end = at > store_.size() ? std::string_view::npos : store_.find('\0', at);
      if (end == std::string_view::npos || out.size() > kMaxRpmFiles) return damaged();
      out.emplace_back(store_.substr(at, end - at));
      at = end + 1;
    }
    return out;
  }

  Result<std::vector<std::uint32_t>> numbers(std::uint32_t tag) const {
    std::vector<std::uint32_t> out;
    const auto place = find(tag);
    if (!place) return out;
    if (place->second > kMaxRpmFiles || place->first + 4 * place->second > store_.size()) return damaged();
    const std::size_t before = static_cast<std::size_t>(store_.data() - blob_.data());
    for (std::uint64_t i = 0; i < place->second; ++i)
      out.push_back(number(before + place->first + 4 * i));
    return out;
  }

  static tl::unexpected<Error> damaged() {
    return fail(Errc::malformed, "a package header in rpm's database is damaged");
  }

 private:
  std::uint32_t number(std::size_t at) const {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
      value = value << 8 | static_cast<unsigned char>(blob_[at + i]);
    return value;
  }

  /// Offset in the store and count.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> find(std::uint32_t tag) const {
    for (std::size_t i = 0; i < tags_; ++i) {
      if (number(8 + 16 * i) == tag)
        return std::pair<std::uint64_t, std::uint64_t>(number(16 + 16 * i), number(20 + 16 * i));
    }
    return std::nullopt;
  }

  std::string_view blob_, store_;
  std::uint64_t tags_ = 0;
};

Status read_rows(const SqliteApi& api, sqlite3* database, const std::string& distribution,
                 std::vector<NamedPackage>& out) {
  sqlite3_stmt* raw = nullptr;
  const int prepared = api.prepare(database, "SELECT blob FROM Packages ORDER BY hnum", -1, &raw, nullptr);
  const std::unique_ptr<sqlite3_stmt, decltype(api.finalize)> statement(raw, api.finalize);
  if (prepared != SQLITE_OK) return fail(Errc::malformed, "rpm's database cannot be read: {}", api.message(database));
  int step = SQLITE_OK;
  while ((step = api.step(statement.get())) == SQLITE_ROW) {
    const auto* data = static_cast<const char*>(api.blob(statement.get(), 0));
    const int size = api.bytes(statement.get(), 0);
    if (data == nullptr || size <= 0) return HeaderReader::damaged();
    SLIPWAY_ASSIGN(auto package, parse_rpm_header({data, static_cast<std::size_t>(size)}, distribution));
    if (package) out.push_back(*std::move(package));
    if (out.size() > kMaxRpmPackages) return fail(Errc::too_large, "rpm's database has too many packages");
  }
  if (step != SQLITE_DONE) return fail(Errc::malformed, "rpm's database cannot be read: {}", api.message(database));
  return {};
}

}  // namespace

bool is_rpm_database(const std::string& path) {
  return path == "var/lib/rpm/rpmdb.sqlite" || path == "usr/lib/sysimage/rpm/rpmdb.sqlite" ||
         path == "usr/share/rpm/rpmdb.sqlite";
}

Result<std::optional<NamedPackage>> parse_rpm_header(std::string_view blob, const std::string& distribution) {
  HeaderReader header(blob);
  SLIPWAY_TRY(header.start());
  NamedPackage found;
  SLIPWAY_ASSIGN(found.package.name, header.text(kName));
  if (found.package.name.empty() || found.package.name == "gpg-pubkey") return std::optional<NamedPackage>();
  SLIPWAY_ASSIGN(const std::string version, header.text(kVersion));
  SLIPWAY_ASSIGN(const std::string release, header.text(kRelease));
  SLIPWAY_ASSIGN(found.package.architecture, header.text(kArch));
  SLIPWAY_ASSIGN(const auto epoch, header.numbers(kEpoch));
  found.package.version = version + "-" + release;
  std::string qualifiers = "arch=" + found.package.architecture;
  if (!epoch.empty()) qualifiers += fmt::format("&epoch={}", epoch.front());
  found.package.purl = make_purl("rpm", {distribution, found.package.name}, found.package.version, qualifiers);
  SLIPWAY_ASSIGN(const auto folders, header.texts(kDirNames));
  SLIPWAY_ASSIGN(const auto names, header.texts(kBaseNames));
  SLIPWAY_ASSIGN(const auto indexes, header.numbers(kDirIndexes));
  if (names.size() != indexes.size()) return HeaderReader::damaged();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (indexes[i] >= folders.size()) return HeaderReader::damaged();
    const std::string path = folders[indexes[i]] + names[i];
    if (path.starts_with('/')) found.files.insert(path);
  }
  return std::optional(std::move(found));
}

Result<std::vector<NamedPackage>> parse_rpm_database(std::string bytes, const std::string& distribution) {
  SLIPWAY_ASSIGN(const SqliteApi* const loaded, SqliteApi::get());
  const SqliteApi& api = *loaded;
  std::vector<NamedPackage> packages;
  if (bytes.size() < 100) return fail(Errc::malformed, "rpm's database is not an SQLite file");
  // A write-ahead log is not in the image: SQLite must not look for one.
  bytes[kReadVersion] = bytes[kReadVersion + 1] = 1;
  sqlite3* raw = nullptr;
  const int opened = api.open(":memory:", &raw, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, decltype(api.close)> database(raw, api.close);
  if (opened != SQLITE_OK) return fail(Errc::failed, "SQLite cannot be started");
  const auto size = static_cast<sqlite3_int64>(bytes.size());
  const int taken = api.deserialize(database.get(), "main", reinterpret_cast<unsigned char*>(bytes.data()), size, size,
                                    SQLITE_DESERIALIZE_READONLY);
  if (taken != SQLITE_OK)
    return fail(Errc::malformed, "rpm's database cannot be read: {}", api.message(database.get()));
  SLIPWAY_TRY(read_rows(api, database.get(), distribution, packages));
  return packages;
}

}  // namespace slipway::builder
