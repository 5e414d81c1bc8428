#include "slipway/builder/sbom.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "builder/dpkg_database.h"
#include "builder/ecosystems.h"
#include "builder/rpm_database.h"
#include "builder/sbom_debian.h"
#include "builder/sbom_sources.h"
#include "slipway/base/clock.h"
#include "slipway/base/text.h"
#include "slipway/elf/object.h"
#include "slipway/image/file_places.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"

namespace slipway::builder {
namespace {

/// Programs larger than this are listed without their build-id: their headers are read from memory.
constexpr std::size_t kMaxProgram = 128u << 20;
constexpr std::size_t kMaxDatabase = 256u << 20;
constexpr std::string_view kElfMagic =
    "\x7f"
    "ELF";
constexpr int kMaxFolders = 64;
constexpr std::size_t kBeforePath = 34;  // in a line of md5sums: 32 digits and two spaces

bool is_apk_database(const std::string& path) {
  return path == "lib/apk/db/installed" || path == "usr/lib/apk/db/installed";
}

bool is_database(const std::string& path) {
  return path == "var/lib/dpkg/status" || path.starts_with("var/lib/dpkg/status.d/") ||
         (path.starts_with("var/lib/dpkg/info/") && path.ends_with(".list")) || path == "usr/lib/os-release" ||
         path == "etc/os-release" || is_apk_database(path) || is_rpm_database(path) || is_sbom_name(path);
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
    const bool one = path.starts_with("var/lib/dpkg/status.d/") && !path.ends_with(".md5sums");
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

std::string purl_text(std::string_view text) { return make_purl("x", {std::string(text)}, "").substr(6); }

SbomPackage debian_package(const DpkgPackage& package, const std::string& id, const std::string& release) {
  SbomPackage next;
  next.name = package.name;
  next.version = package.version;
  next.architecture = package.architecture;
  std::string qualifiers = "arch=" + purl_text(package.architecture);
  if (!release.empty()) qualifiers += "&distro=" + purl_text(id + "-" + release);
  next.purl = make_purl("deb", {to_lower(id), package.name}, package.version, qualifiers);
  return next;
}

/// A package that a file of the image names, and the files that do.
struct FoundPackage {
  SbomPackage package;
  std::vector<std::string> paths;  // absolute
};

/// Adds a package and the files that it installed, which may not be in the image.
template <class Paths>
Status add_package(Sbom& sbom, SbomPackage package, const Paths& paths) {
  for (const std::string& path : paths)
    SLIPWAY_TRY(sbom.files.own(sbom.packages.size(), path));
  sbom.packages.push_back(std::move(package));
  return {};
}

/// Adds packages that no database has: the same name and version is the same thing, whoever says it.
Status merge_packages(Sbom& sbom, std::map<std::string, FoundPackage> named) {
  std::set<std::pair<std::string, std::string>> known;
  for (const SbomPackage& package : sbom.packages)
    known.emplace(package.name, package.version);
  for (auto& [purl, found] : named) {
    if (!known.emplace(found.package.name, found.package.version).second) continue;
    SLIPWAY_TRY(add_package(sbom, std::move(found.package), found.paths));
  }
  return {};
}

/// True for the files in which dpkg lists what a package installed: lists, or sums in distroless images.
bool is_dpkg_list(const std::string& path) {
  return (path.starts_with("var/lib/dpkg/info/") && path.ends_with(".list")) ||
         (path.starts_with("var/lib/dpkg/status.d/") && path.ends_with(".md5sums"));
}

/// The bytes of one file while they go by: in memory, or in a temporary file once they outgrow `spill`.
class KeptBytes {
 public:
  explicit KeptBytes(const layer::SpillPlace& spill) : spill_(spill) {}

  Status append(io::Bytes piece) {
    if (!file_) text_ += io::as_text(piece);
    if (file_) return file_->write(piece);
    return spill_.fs != nullptr && text_.size() > spill_.memory ? spill() : Status();
  }
  void clear() {
    std::string().swap(text_);
    file_.reset();
  }

  /// Returns the temporary file that has the bytes; nullptr where text() has them.
  File* file() const { return file_.get(); }
  const std::string& text() const& { return text_; }
  std::string text() && { return std::move(text_); }

 private:
  Status spill() {
    SLIPWAY_ASSIGN(file_, spill_.fs->create_unnamed(spill_.folder));
    SLIPWAY_TRY(file_->write(io::as_bytes(text_)));
    std::string().swap(text_);
    return {};
  }

  layer::SpillPlace spill_;
  std::string text_;
  std::unique_ptr<File> file_;
};

/// Collects, while the layers go by.
class Taker {
 public:
  Taker(const image::FileList& list, const image::FilePlaces& places, const layer::SpillPlace& spill)
      : list_(list), places_(places), spill_(spill), files_(spill), listed_(spill) {}

  Status visit(std::uint32_t layer, const layer::FileEntry& entry, io::Source& content) {
    if (entry.type != layer::EntryType::regular) return {};
    SLIPWAY_ASSIGN(const std::vector<std::string> paths, paths_of(layer, entry.path));
    if (paths.empty()) return {};
    const bool database = std::any_of(paths.begin(), paths.end(), [](const std::string& path) {
      return is_database(path) || is_package_manifest(path);
    });
    SLIPWAY_ASSIGN(Bytes bytes, take(content, entry, database));
    for (const std::string& path : paths) {
      SLIPWAY_TRY(read_database(path, bytes.text));
      bytes.file.path = "/" + path;
      SLIPWAY_TRY(files_.put(bytes.file));
    }
    for (const SbomPackage& package : bytes.packages)
      named_.emplace_back(paths.front(), package);
    return {};
  }

  Result<Sbom> finish();

 private:
  Result<std::vector<std::string>> paths_of(std::uint32_t layer, const std::string& member) const {
    SLIPWAY_ASSIGN(const auto indexes, places_.of_entry(layer, member));
    std::vector<std::string> paths;
    for (const std::size_t index : indexes)
      paths.push_back(list_.at(index).entry.path);
    return paths;
  }

  /// Keeps what a file says about packages.
  Status read_database(const std::string& path, const std::string& text) {
    if (is_package_manifest(path)) {
      if (auto package = package_of_manifest(path, text)) named_.emplace_back(path, *std::move(package));
    }
    if (!is_dpkg_list(path)) {
      if (is_database(path)) database_[path] = text;
      return {};
    }
    const std::string key = path + '\n';
    SLIPWAY_TRY(listed_.erase_if(key, [](std::string_view) { return true; }));  // of the same path before it
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      const std::string_view line = std::string_view(text).substr(at, end - at);
      at = end + 1;
      if (path.ends_with(".list")) {
        SLIPWAY_TRY(listed_.put(key + std::string(line), {}));
      } else if (line.size() > kBeforePath) {
        SLIPWAY_TRY(listed_.put(key + "/" + std::string(line.substr(kBeforePath)), {}));
      }
    }
    return {};
  }

  struct Bytes {
    SbomFile file;
    std::string text;                   ///< of files that name packages
    std::vector<SbomPackage> packages;  ///< of a program
  };

  Result<Bytes> take(io::Source& content, const layer::FileEntry& entry, bool database) const {
    const std::string& path = entry.path;
    io::Hasher sha1("sha1"), sha256;
    KeptBytes kept(database ? layer::SpillPlace() : spill_);
    bool kept_whole = true;
    std::uint64_t size = 0;
    std::vector<std::byte> buffer(std::clamp<std::uint64_t>(entry.size, 1, io::kBlock));
    while (true) {
      SLIPWAY_ASSIGN(const std::size_t n, content.read(buffer));
      if (n == 0) break;
      const io::Bytes piece = io::Bytes(buffer).first(n);
      sha1.update(piece);
      sha256.update(piece);
      kept_whole = kept_whole && (size > 0 || database || io::as_text(piece).starts_with(kElfMagic));
      size += n;
      kept_whole = kept_whole && size <= (database ? kMaxDatabase : kMaxProgram);
      if (!kept_whole) kept.clear();
      if (kept_whole) SLIPWAY_TRY(kept.append(piece));
    }
    if (database && !kept_whole)
      return fail(Errc::too_large, "/{} is larger than {}", printable(path), human_bytes(kMaxDatabase));
    Bytes bytes;
    bytes.file.sha1 = sha1.finish_hex();
    bytes.file.sha256 = sha256.finish_hex();
    if (!database && kept_whole && size > 0) SLIPWAY_TRY(read_program(kept, path, bytes));
    if (database) bytes.text = std::move(kept).text();
    return bytes;
  }

  /// Reads what a program says about itself and its packages. A damaged one is listed as a file like others.
  static Status read_program(KeptBytes& kept, const std::string& path, Bytes& bytes) {
    File* const file = kept.file();
    const auto object = file != nullptr ? elf::read_object(*file, path) : elf::read_object(kept.text(), path);
    if (object && *object) {
      bytes.file.build_id = (*object)->build_id;
      bytes.file.package_note = (*object)->package_note;
    }
    if (file != nullptr) {
      SLIPWAY_ASSIGN(bytes.packages, packages_of_go_program(*file));
    } else {
      bytes.packages = packages_of_go_program(kept.text());
    }
    auto crates = file != nullptr ? packages_of_rust_program(*file) : packages_of_rust_program(kept.text());
    std::move(crates.begin(), crates.end(), std::back_inserter(bytes.packages));
    return {};
  }

  std::string distribution() const {
    for (const char* path : {"usr/lib/os-release", "etc/os-release"})
      if (const auto found = database_.find(path); found != database_.end()) return found->second;
    return {};
  }
  Status add_dpkg(Sbom& sbom, const std::string& id, const std::string& release);
  Status own_listed(Sbom& sbom, const std::string& list);
  Status add_databases(Sbom& sbom, const std::string& id) const;
  Status add_named_elsewhere(Sbom& sbom) const;

  const image::FileList& list_;
  const image::FilePlaces& places_;
  const layer::SpillPlace& spill_;
  SbomFiles files_;
  layer::PagedMap listed_;                                  ///< file of dpkg and path that it lists -> nothing
  std::map<std::string, std::string> database_;             ///< path -> text of the other files that name packages
  std::vector<std::pair<std::string, SbomPackage>> named_;  ///< path of the file that names the package
};

/// Gives the next package the file of a path as a database spells it: folders that were merged into /usr are known
/// under both names.
Status own_spelled(Sbom& sbom, const std::string& path) {
  SLIPWAY_ASSIGN(const bool found, sbom.files.own(sbom.packages.size(), path));
  if (!found) SLIPWAY_TRY(sbom.files.own(sbom.packages.size(), "/usr" + path));
  return {};
}

Status Taker::own_listed(Sbom& sbom, const std::string& list) {
  return listed_.visit(list + '\n', [&](std::string_view key, std::string_view) {
    return own_spelled(sbom, std::string(key.substr(list.size() + 1)));
  });
}

Status Taker::add_dpkg(Sbom& sbom, const std::string& id, const std::string& release) {
  for (const DpkgPackage& package : installed_in(database_)) {
    const std::string name = package.several_architectures ? package.name + ":" + package.architecture : package.name;
    SLIPWAY_TRY(own_listed(sbom, "var/lib/dpkg/info/" + name + ".list"));
    SLIPWAY_TRY(own_listed(sbom, "var/lib/dpkg/status.d/" + package.name + ".md5sums"));
    sbom.packages.push_back(debian_package(package, id, release));
  }
  return {};
}

/// Adds the packages of apk's and rpm's databases.
Status Taker::add_databases(Sbom& sbom, const std::string& id) const {
  for (const auto& [path, text] : database_) {
    std::vector<NamedPackage> packages;
    if (is_apk_database(path)) packages = parse_apk_database(text, id.empty() ? "alpine" : to_lower(id));
    if (is_rpm_database(path)) {
      SLIPWAY_ASSIGN(packages, parse_rpm_database(text, id.empty() ? "fedora" : to_lower(id)));
    }
    for (NamedPackage& found : packages) {
      for (const std::string& listed : found.files)
        SLIPWAY_TRY(own_spelled(sbom, listed));
      sbom.packages.push_back(std::move(found.package));
    }
  }
  return {};
}

/// Adds the packages of package notes, manifests and other tools' documents in the image, each once.
Status Taker::add_named_elsewhere(Sbom& sbom) const {
  std::map<std::string, FoundPackage> named;  // by purl
  SLIPWAY_TRY(sbom.files.visit([&named](std::size_t, const SbomFile& file) -> Status {
    if (file.package_note.empty()) return {};
    auto package = package_of_note(file.package_note);
    if (!package) return {};
    const std::string purl = package->purl;
    named.emplace(purl, FoundPackage{*std::move(package), {}}).first->second.paths.push_back(file.path);
    return {};
  }));
  for (const auto& [path, package] : named_)
    named.emplace(package.purl, FoundPackage{package, {}}).first->second.paths.push_back("/" + path);
  for (const auto& [path, text] : database_) {
    if (!is_sbom_name(path)) continue;
    for (SbomPackage& package : packages_of_document(text)) {
      const std::string purl = package.purl;
      named.emplace(purl, FoundPackage{std::move(package), {}});
    }
  }
  return merge_packages(sbom, std::move(named));
}

Result<Sbom> Taker::finish() {
  Sbom sbom{{}, {}, {}, {}, std::move(files_)};
  SLIPWAY_TRY(sbom.files.number());
  const std::string id = value_in(distribution(), "ID");
  SLIPWAY_TRY(add_dpkg(sbom, id.empty() ? "debian" : id, value_in(distribution(), "VERSION_ID")));
  SLIPWAY_TRY(add_databases(sbom, id));
  SLIPWAY_TRY(add_named_elsewhere(sbom));
  return sbom;
}

/// A document itself, or those below a folder.
Status collect_documents(FileSystem& fs, const stdfs::path& path, int depth, std::vector<std::string>& out) {
  SLIPWAY_ASSIGN(const FileStat stat, fs.stat(path, depth == 0));
  if (stat.type == FileType::regular && (depth == 0 || is_sbom_name(path.native()))) {
    SLIPWAY_ASSIGN(std::string text, read_file(fs, path));
    if (packages_of_document(text).empty() && depth == 0) {
      return fail(Error(Errc::invalid_argument,
                        fmt::format("{} is not an SBOM that names a package", printable(path.native(), 4096)))
                      .with_hint("use SPDX 2 or CycloneDX, as JSON"));
    }
    out.push_back(std::move(text));
  }
  if (stat.type != FileType::directory || depth > kMaxFolders) return {};
  SLIPWAY_ASSIGN(const auto names, fs.list(path));
  for (const std::string& name : names)
    SLIPWAY_TRY(collect_documents(fs, path / name, depth + 1, out));
  return {};
}

}  // namespace

Result<Sbom> take_sbom(store::ReadTarget& from, const image::Image& image, const image::FileList& list,
                       const std::string& name, std::stop_token stop, const layer::SpillPlace& spill) {
  SLIPWAY_ASSIGN(const image::FilePlaces places, image::FilePlaces::of(list, spill));
  Taker taker(list, places, spill);
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const auto visit = [&taker, i](const layer::FileEntry& entry, io::Source& content) {
      return taker.visit(static_cast<std::uint32_t>(i), entry, content);
    };
    SLIPWAY_TRY(image::read_layer(from, image, i, visit, stop));
  }
  SLIPWAY_TRY(list.status());
  SLIPWAY_ASSIGN(Sbom sbom, taker.finish());
  sbom.name = name;
  sbom.digest = image.descriptor.digest.str();
  // SPDX knows no fractions of seconds.
  const auto created = parse_time(image.config.created);
  sbom.created = format_time(created ? *created : 0);
  return sbom;
}

Status add_debian_packages(Sbom& sbom, const std::vector<DpkgPackage>& packages, const std::string& os_release,
                           const std::map<std::string, std::string>& places) {
  const std::string id = value_in(os_release, "ID"), release = value_in(os_release, "VERSION_ID");
  std::set<std::pair<std::string, std::string>> known;
  for (const SbomPackage& package : sbom.packages)
    known.emplace(package.name, package.version);
  for (const DpkgPackage& package : packages) {
    if (!known.emplace(package.name, package.version).second) continue;
    std::vector<std::string> paths;
    for (const std::string& line : split(package.sums, '\n')) {
      if (line.size() <= kBeforePath) continue;
      const auto place = places.find("/" + line.substr(kBeforePath));
      if (place != places.end()) paths.push_back(place->second);
    }
    SLIPWAY_TRY(add_package(sbom, debian_package(package, id.empty() ? "debian" : id, release), paths));
  }
  return {};
}

Status add_documents(Sbom& sbom, const std::vector<std::string>& documents) {
  std::map<std::string, FoundPackage> named;
  for (const std::string& document : documents) {
    for (SbomPackage& package : packages_of_document(document)) {
      const std::string purl = package.purl;
      named.emplace(purl, FoundPackage{std::move(package), {}});
    }
  }
  return merge_packages(sbom, std::move(named));
}

Result<std::vector<std::string>> read_sbom_documents(FileSystem& fs, const stdfs::path& path) {
  std::vector<std::string> documents;
  SLIPWAY_TRY(collect_documents(fs, path, 0, documents));
  if (documents.empty()) {
    return fail(Error(Errc::invalid_argument, fmt::format("{} has no SBOM", printable(path.native(), 4096)))
                    .with_hint("looked for *.spdx.json and *.cdx.json, as vcpkg and Conan write them"));
  }
  return documents;
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
    const auto visit = [&database, &here](const layer::FileEntry& entry, io::Source& content) -> Status {
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

}  // namespace slipway::builder
