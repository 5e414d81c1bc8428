#include "slipway/build/sbom.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>

#include "build/dpkg_database.h"
#include "slipway/base/clock.h"
#include "slipway/base/text.h"
#include "slipway/elf/object.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"

namespace slipway::build {
namespace {

/// Programs larger than this are listed without their build-id: their headers are read from memory.
constexpr std::size_t kMaxProgram = 128u << 20;
constexpr std::size_t kMaxDatabase = 256u << 20;

/// A program's bytes as a file that can only be read.
class ProgramBytes final : public File {
 public:
  explicit ProgramBytes(const std::string& bytes) : bytes_(bytes) {}
  Result<std::size_t> read(std::span<std::byte>) override { return refused(); }
  Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
    if (offset >= bytes_.size()) return std::size_t{0};
    const std::size_t n = std::min(buffer.size(), bytes_.size() - static_cast<std::size_t>(offset));
    std::memcpy(buffer.data(), bytes_.data() + offset, n);
    return n;
  }
  Status write(std::span<const std::byte>) override { return refused(); }
  Status seek(std::uint64_t) override { return refused(); }
  Status sync() override { return refused(); }
  Result<FileStat> stat() override {
    FileStat stat;
    stat.size = bytes_.size();
    return stat;
  }

 private:
  static tl::unexpected<Error> refused() { return fail(Errc::internal, "a program in memory is read by offset only"); }
  const std::string& bytes_;
};

/// What a damaged program has is no reason to list nothing of the image: it is a file without a build-id.
std::string build_id_of(const std::string& bytes, const std::string& path) {
  ProgramBytes file(bytes);
  const auto object = elf::read_object(file, path);
  return object && *object ? (*object)->build_id : std::string();
}

bool is_database(const std::string& path) {
  return path == "var/lib/dpkg/status" || path.starts_with("var/lib/dpkg/status.d/") ||
         (path.starts_with("var/lib/dpkg/info/") && path.ends_with(".list")) || path == "usr/lib/os-release" ||
         path == "etc/os-release";
}

std::string in_purl(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

/// A value of os-release, without its quotes.
std::string value_in(const std::string& os_release, const std::string& key) {
  for (const std::string& line : split(os_release, '\n')) {
    if (!line.starts_with(key + "=")) continue;
    std::string value = line.substr(key.size() + 1);
    if (value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0])
      value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

/// Of what dpkg's files say, by path.
std::vector<DpkgPackage> installed_in(const std::map<std::string, std::string>& database) {
  std::vector<DpkgPackage> packages;
  for (const auto& [path, text] : database) {
    const bool one = path.starts_with("var/lib/dpkg/status.d/");
    if (!one && path != "var/lib/dpkg/status") continue;
    // Distroless images leave the Status out of what is one installed package each.
    const bool says = text.starts_with("Status:") || text.find("\nStatus:") != std::string::npos;
    std::vector<DpkgPackage> found = parse_dpkg_status(one && !says ? "Status: install ok installed\n" + text : text);
    std::move(found.begin(), found.end(), std::back_inserter(packages));
  }
  const auto key = [](const DpkgPackage& p) { return std::tie(p.name, p.architecture, p.version); };
  std::sort(packages.begin(), packages.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto same = [&](const auto& a, const auto& b) { return key(a) == key(b); };
  packages.erase(std::unique(packages.begin(), packages.end(), same), packages.end());
  return packages;
}

/// Collects, while the layers go by.
class Taker {
 public:
  explicit Taker(const image::FileList& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const image::ImageFile file = list.at(i);
      if (!file.member.empty()) places_[{file.layer, file.member}].push_back(file.entry.path);
    }
  }

  Status visit(std::uint32_t layer, const layer::Entry& entry, io::Source& content) {
    const auto place = places_.find({layer, entry.path});
    if (place == places_.end() || entry.type != layer::EntryType::regular) return {};
    const bool database = std::any_of(place->second.begin(), place->second.end(), is_database);
    SLIPWAY_ASSIGN(const Bytes bytes, take(content, database, entry.path));
    for (const std::string& path : place->second) {
      SbomFile file = bytes.file;
      file.path = "/" + path;
      if (is_database(path)) database_[path] = bytes.text;
      files_[path] = std::move(file);
    }
    return {};
  }

  Sbom finish();

 private:
  struct Bytes {
    SbomFile file;
    std::string text;  ///< of database files
  };

  Result<Bytes> take(io::Source& content, bool database, const std::string& path) const {
    io::Hasher sha1("sha1"), sha256;
    std::string kept;
    std::uint64_t size = 0;
    std::vector<std::byte> buffer(io::kBlock);
    while (true) {
      SLIPWAY_ASSIGN(const std::size_t n, content.read(buffer));
      if (n == 0) break;
      const io::Bytes piece = io::Bytes(buffer).first(n);
      sha1.update(piece);
      sha256.update(piece);
      if (size == 0 || keeps(kept, size, database)) kept += io::as_text(piece);
      size += n;
      if (!keeps(kept, size, database)) kept.clear();
    }
    if (database && kept.size() != size)
      return fail(Errc::too_large, "/{} is larger than {}", printable(path), human_bytes(kMaxDatabase));
    Bytes bytes;
    bytes.file.sha1 = sha1.finish_hex();
    bytes.file.sha256 = sha256.finish_hex();
    if (!database && !kept.empty()) bytes.file.build_id = build_id_of(kept, path);
    if (database) bytes.text = std::move(kept);
    return bytes;
  }

  /// Whether the bytes so far, of which none was dropped, are worth keeping.
  static bool keeps(const std::string& kept, std::uint64_t size, bool database) {
    if (kept.size() != size) return false;
    return database ? size <= kMaxDatabase
                    : size <= kMaxProgram && kept.starts_with(
                                                 "\x7f"
                                                 "ELF");
  }

  std::string distribution() const {
    for (const char* path : {"usr/lib/os-release", "etc/os-release"})
      if (const auto found = database_.find(path); found != database_.end()) return found->second;
    return {};
  }
  void add_owned(Sbom& sbom, const DpkgPackage& package, SbomPackage& next) const;

  std::map<std::pair<std::uint32_t, std::string>, std::vector<std::string>> places_;
  std::map<std::string, SbomFile> files_;
  std::map<std::string, std::string> database_;
};

void Taker::add_owned(Sbom& sbom, const DpkgPackage& package, SbomPackage& next) const {
  const std::string name = package.several_architectures ? package.name + ":" + package.architecture : package.name;
  const auto list = database_.find("var/lib/dpkg/info/" + name + ".list");
  if (list == database_.end()) return;
  std::set<std::size_t> owned;
  for (const std::string& line : split(list->second, '\n')) {
    // Folders that were merged into /usr are known under both names.
    for (const std::string& path : {line, "/usr" + line}) {
      const auto at = std::lower_bound(sbom.files.begin(), sbom.files.end(), path,
                                       [](const SbomFile& file, const std::string& p) { return file.path < p; });
      if (at == sbom.files.end() || at->path != path) continue;
      owned.insert(static_cast<std::size_t>(at - sbom.files.begin()));
      break;
    }
  }
  next.files.assign(owned.begin(), owned.end());
}

Sbom Taker::finish() {
  Sbom sbom;
  for (auto& [path, file] : files_)
    sbom.files.push_back(std::move(file));
  std::string id = value_in(distribution(), "ID");
  const std::string release = value_in(distribution(), "VERSION_ID");
  if (id.empty()) id = "debian";
  std::set<std::size_t> owned;
  for (const DpkgPackage& package : installed_in(database_)) {
    SbomPackage next;
    next.name = package.name;
    next.version = package.version;
    next.architecture = package.architecture;
    next.purl = "pkg:deb/" + in_purl(to_lower(id)) + "/" + in_purl(package.name) + "@" + in_purl(package.version) +
                "?arch=" + in_purl(package.architecture);
    if (!release.empty()) next.purl += "&distro=" + in_purl(id + "-" + release);
    add_owned(sbom, package, next);
    owned.insert(next.files.begin(), next.files.end());
    sbom.packages.push_back(std::move(next));
  }
  for (std::size_t i = 0; i < sbom.files.size(); ++i)
    if (owned.count(i) == 0) sbom.unowned.push_back(i);
  return sbom;
}

}  // namespace

Result<Sbom> take_sbom(store::ReadTarget& from, const image::Image& image, const image::FileList& list,
                       const std::string& name, std::stop_token stop) {
  Taker taker(list);
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const auto visit = [&taker, i](const layer::Entry& entry, io::Source& content) {
      return taker.visit(static_cast<std::uint32_t>(i), entry, content);
    };
    SLIPWAY_TRY(image::read_layer(from, image, i, visit, stop));
  }
  Sbom sbom = taker.finish();
  sbom.name = name;
  sbom.digest = image.descriptor.digest.str();
  // SPDX knows no fractions of seconds.
  const auto created = parse_time(image.config.created);
  sbom.created = format_time(created ? *created : 0);
  return sbom;
}

Result<std::map<std::string, std::string>> installed_packages(store::ReadTarget& from, const image::Image& image,
                                                              const image::FileList& list, std::stop_token stop) {
  std::map<std::uint32_t, std::map<std::string, std::string>> wanted;  // layer -> member -> path
  for (std::size_t i = 0; i < list.size(); ++i) {
    const image::ImageFile file = list.at(i);
    const std::string& path = file.entry.path;
    if (!file.member.empty() && path.starts_with("var/lib/dpkg/status") && is_database(path))
      wanted[file.layer].emplace(file.member, path);
  }
  std::map<std::string, std::string> database;
  for (const auto& [index, members] : wanted) {
    const auto& here = members;
    const auto visit = [&database, &here](const layer::Entry& entry, io::Source& content) -> Status {
      const auto at = here.find(entry.path);
      if (at == here.end() || entry.type != layer::EntryType::regular) return {};
      SLIPWAY_ASSIGN(database[at->second], io::read_all(content, kMaxDatabase));
      return {};
    };
    SLIPWAY_TRY(image::read_layer(from, image, index, visit, stop));
  }
  std::map<std::string, std::string> packages;
  for (const DpkgPackage& package : installed_in(database)) {
    const std::string name = package.several_architectures ? package.name + ":" + package.architecture : package.name;
    packages.insert_or_assign(name, package.version);
  }
  return packages;
}

}  // namespace slipway::build
